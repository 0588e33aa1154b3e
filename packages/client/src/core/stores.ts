import { TidingsError } from "../errors.ts";
import type { CursorStore } from "../types.ts";
import { ahead } from "./cursor.ts";

/** One reader's part of what is kept of a channel. */
export interface Kept {
  /** Where the application stood. */
  load(): Promise<string | undefined>;
  /** The application has had everything up to here. What is kept is where the last of the channel's readers stands. */
  took(cursor: string | undefined): void;
  /** This reader is over. */
  close(): void;
}

/** What is kept of one channel. */
interface Place {
  readonly readers: Set<{ cursor?: string }>;
  /** What is to be kept; empty before the first. */
  cursor: string;
  isBusy: boolean;
}

/** Keeps cursors in the application's store, which may be slow, full or broken: reading does not wait for it. */
export const createKeeper = (
  store: CursorStore,
  prefix: string,
  report: (error: TidingsError) => void,
): ((channel: string) => Kept) => {
  const places = new Map<string, Place>();
  let isFailing = false;

  const failed = (cause: unknown): undefined => {
    if (!isFailing) report(new TidingsError("STORE_FAILED", "the store of cursors failed.", { cause }));
    isFailing = true;
  };

  /** One write of a channel at a time: two could change places. What failed is tried again with the next, and once another one succeeds. */
  const write = async (channel: string, place: Place): Promise<void> => {
    if (place.isBusy) return;
    place.isBusy = true;
    // What one turn brings is one write, before a page that is left is gone.
    await Promise.resolve();
    for (let cursor = ""; cursor !== place.cursor;) {
      ({ cursor } = place);
      try {
        await store.setItem(prefix + channel, cursor);
        if (isFailing) {
          isFailing = false;
          for (const each of places) void write(...each);
        }
      } catch (cause) {
        failed(cause);
      }
    }
    place.isBusy = false;
  };

  return (channel) => {
    const own: { cursor?: string } = {};
    const place = places.get(channel) ?? { readers: new Set(), cursor: "", isBusy: false };
    places.set(channel, place);
    const { readers } = place;
    readers.add(own);
    return {
      async load() {
        try {
          // What is no cursor cannot be resumed from, and the server would refuse it each time.
          return /^\w+\.\d+(~\d+)?$/.exec((await store.getItem(prefix + channel)) as string)?.[0];
        } catch (cause) {
          return failed(cause);
        }
      },
      took(cursor) {
        if (!cursor || !readers.has(own)) return;
        own.cursor = place.cursor = cursor;
        for (const each of readers)
          if (ahead(place.cursor, each.cursor) > 0) place.cursor = each.cursor as string;
        void write(channel, place);
      },
      close: () => readers.delete(own),
    };
  };
};
