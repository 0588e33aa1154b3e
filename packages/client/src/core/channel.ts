import type {
  Channel,
  ChannelOptions,
  ChannelSchema,
  Events,
  Message,
  Presence,
  ReadOptions,
} from "../types.ts";
import { TidingsError } from "../errors.ts";
import type { Asks } from "./asks.ts";
import type { Context } from "./context.ts";
import { createEmitter, type Listener } from "./emitter.ts";
import { cursorOf, type Feeds, type Item, type Reader, type Sink } from "./feeds.ts";
import type { Check } from "./schema.ts";
import type { Kept } from "./stores.ts";

/** What is listened for by these names is told by the client, and is no event that was published. */
const OWN_EVENTS = /^(gap|caught-up|deleted|error|\*)$/;

/** One that nobody awaits must not end a process: whoever wants to know of its fault awaits it. */
export const safe = <Value>(promise: Promise<Value>): Promise<Value> => {
  promise.catch(() => {});
  return promise;
};

export const createChannel = (
  { tuning, report }: Pick<Context, "tuning" | "report">,
  feeds: Feeds,
  asks: Asks,
  keeper: ((channel: string) => Kept) | undefined,
  presenceOf: () => Presence,
  name: string,
  options: ChannelOptions<ChannelSchema | undefined>,
  check: Check | undefined,
): Channel<Events> => {
  const ends = new Set<() => void>();
  const listeners = createEmitter(report);
  /** What the listeners share. */
  let own: AsyncGenerator<Item, void, undefined> | undefined;

  const fail = (error: unknown): void => {
    if (!listeners.emit("error", error)) report(error as TidingsError);
  };

  /** A reader as an async iterator: an item counts as handled once the next one is asked for. */
  const iterate = (given: ReadOptions = {}, isAll?: boolean): AsyncGenerator<Item, void, undefined> => {
    const { signal, gap, keep = true } = { ...options, ...given };
    // Where one begins is one thing, in whichever words.
    const { since, last } = (given.since ?? given.last) === undefined ? options : given;
    const kept = keep ? keeper?.(name) : undefined;
    /** What waits; last of all, where the reader is over, why: a fault, or nothing. */
    const queue: (Item | TidingsError | undefined)[] = [];
    let reader: Reader | undefined;
    let wake = (): void => {};

    const sink: Sink = {
      get isFull() {
        return queue.length >= tuning.maxQueued;
      },
      begun: (cursor) => kept?.took(cursor),
      write(item) {
        queue.push(item);
        wake();
      },
      end(error) {
        ends.delete(end);
        signal?.removeEventListener("abort", end);
        // What came before a fault is still given.
        if (!error) {
          queue.length = 0;
          kept?.close();
        }
        queue.push(error);
        wake();
      },
    };
    const end = (): void => {
      reader?.stop();
      sink.end();
    };
    const begin = (cursor?: string): void => {
      // Nothing came yet, so it is over.
      if (queue.length) return;
      reader = feeds.read(name, options.events, cursor ? { since: cursor, gap } : { since, last, gap }, sink);
    };

    const items = (async function* (): AsyncGenerator<Item, void, undefined> {
      try {
        for (;;) {
          if (!queue.length) {
            const woken = new Promise<void>((resolve) => (wake = resolve));
            reader?.resume();
            await woken;
          }
          const item = queue.shift();
          if (!item) return;
          if (item instanceof TidingsError) throw item;
          try {
            if (item.type !== "message") {
              if (isAll) yield item;
              // A payload that is elsewhere, or that there is none of, cannot be checked.
            } else if (!check || item.data === undefined) yield item;
            else yield { ...item, data: await check(item.event, item.data) };
          } catch (error) {
            fail(error);
          }
          kept?.took(cursorOf(item));
        }
      } finally {
        end();
      }
    })();
    const finish = items.return.bind(items);
    items.return = () => {
      // One that waits for an item would wait on.
      end();
      return finish();
    };

    ends.add(end);
    signal?.addEventListener("abort", end);
    if (signal?.aborted) end();
    if (kept) void kept.load().then(begin);
    else begin();
    return items;
  };

  const listen = async (): Promise<void> => {
    const items = (own = iterate({}, true));
    try {
      for await (const item of items) {
        if (item.type !== "message") listeners.emit(item.type, item);
        else {
          if (item.deleted) listeners.emit("deleted", item.key, item);
          // Anybody may publish an event of such a name: it is no fault, and no gap.
          else if (!OWN_EVENTS.test(item.event)) listeners.emit(item.event, item.data, item);
          listeners.emit("*", item.data, item);
        }
      }
    } catch (error) {
      fail(error);
    }
    if (own === items) own = undefined;
  };

  return {
    name,
    get presence() {
      return presenceOf();
    },
    on(event: string, listener: Listener) {
      const off = listeners.on(event, listener);
      if (!own && event !== "error") void listen();
      return () => {
        off();
        if (listeners.size) return;
        void own?.return();
        own = undefined;
      };
    },
    messages: (given) => iterate(given) as AsyncIterableIterator<Message>,
    items: (given) => iterate(given, true),
    publish: (event, data, publishOptions) =>
      safe((async () => asks.publish(name, event, check ? check(event, data) : data, publishOptions))()),
    delete: (key, { event, ...deleteOptions } = {}) =>
      safe(asks.publish(name, event, undefined, { ...deleteOptions, key, deleted: true })),
    close() {
      for (const end of [...ends]) end();
    },
  };
};
