import { TidingsError } from "../errors.ts";
import type { CursorStore } from "../types.ts";
import { covers } from "./cursor.ts";

/** One reader's part of what is kept of a channel. */
export interface Kept {
  /** Where the application stood; a promise where the store answers with one. */
  load(): string | undefined | Promise<string | undefined>;
  /** The application has had everything up to here. What is kept is where the last of the channel's readers stands. */
  took(cursor: string | undefined): void;
  /** This reader is over. */
  close(): void;
}

/** Keeps cursors in the application's store, which may be slow, full or broken: reading does not wait for it. */
export function createKeeper(
  store: CursorStore,
  prefix: string,
  report: (error: TidingsError) => void,
): (channel: string) => Kept {
  const readers = new Map<string, Set<{ at: string | undefined }>>();
  const waiting = new Map<string, string>();
  const busy = new Set<string>();
  let isPlanned = false;
  let isFailing = false;

  // What is no cursor cannot be resumed from, and the server would refuse it each time.
  const check = (found: unknown): string | undefined =>
    /^\w+\.\d+(~\d+)?$/.test(String(found)) ? String(found) : undefined;

  const failed = (cause: unknown): undefined => {
    if (!isFailing) report(new TidingsError("STORE_FAILED", "the store of cursors failed.", { cause }));
    isFailing = true;
  };

  /** One write of a key at a time: two could change places. What failed is tried again with the next that is kept. */
  const write = async (key: string, cursor: string): Promise<void> => {
    waiting.delete(key);
    busy.add(key);
    let isFailed = false;
    try {
      await store.setItem(key, cursor);
      isFailing = false;
    } catch (cause) {
      failed(cause);
      isFailed = true;
    }
    busy.delete(key);
    if (waiting.has(key)) plan();
    else if (isFailed) waiting.set(key, cursor);
  };

  /** What one turn brings is one write of each key, before a page that is left is gone. */
  const plan = (): void => {
    if (!isPlanned)
      queueMicrotask(() => {
        isPlanned = false;
        // A copy, since what fails at once is waiting again.
        for (const [key, cursor] of [...waiting]) if (!busy.has(key)) void write(key, cursor);
      });
    isPlanned = true;
  };

  return (channel) => {
    const own = { at: undefined as string | undefined };
    const all = readers.get(channel) ?? new Set();
    readers.set(channel, all.add(own));
    return {
      load() {
        try {
          const found = store.getItem(prefix + channel);
          return found instanceof Promise ? found.then(check, failed) : check(found);
        } catch (cause) {
          return failed(cause);
        }
      },
      took(cursor) {
        if (cursor === undefined || !all.has(own)) return;
        own.at = cursor;
        let lowest = cursor;
        for (const { at } of all) if (at !== undefined && covers(lowest, at)) lowest = at;
        waiting.set(prefix + channel, lowest);
        plan();
      },
      close: () => all.delete(own),
    };
  };
}
