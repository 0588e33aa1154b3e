import { TidingsError } from "../errors.ts";
import type {
  Channel,
  ChannelOptions,
  ChannelSchema,
  Events,
  Message,
  Presence,
  ReadOptions,
} from "../types.ts";
import type { Asks } from "./asks.ts";
import type { Context } from "./context.ts";
import { createEmitter, type Listener } from "./emitter.ts";
import type { Feeds, Item, Reader, Sink } from "./feeds.ts";
import type { Kept } from "./stores.ts";

/** What is listened for by these names is told by the client, and is no event that was published. */
const OWN_EVENTS = /^(gap|caught-up|error|\*)$/;

/** A payload as its schema has it; a promise where the schema takes its time. Throws, or rejects with, `PAYLOAD_INVALID`. */
export type Check = (event: string, data: unknown) => unknown;

/** What the channels of a client share. */
export interface ChannelParts {
  readonly context: Context;
  readonly feeds: Feeds;
  readonly asks: Asks;
  readonly keeper?: ((channel: string) => Kept) | undefined;
  readonly presenceOf: (channel: string) => Presence;
}

/** One that nobody awaits must not end a process: whoever wants to know of its fault awaits it. */
export const safe = <Value>(promise: Promise<Value>): Promise<Value> => {
  promise.catch(() => {});
  return promise;
};

export function createChannel(
  { context, feeds, asks, keeper, presenceOf }: ChannelParts,
  name: string,
  options: ChannelOptions<ChannelSchema | undefined>,
  check: Check | undefined,
): Channel<Events> {
  const { tuning, report } = context;
  const ends = new Set<() => void>();
  const listeners = createEmitter((cause) => {
    report(new TidingsError("LISTENER_FAILED", `a listener of "${name}" threw.`, { cause }));
  });
  /** What the listeners share. */
  let own: AsyncIterator<Item> | undefined;

  const fail = (error: TidingsError): void => {
    if (!listeners.emit("error", error)) report(error);
  };

  /** A reader as an async iterator: an item counts as handled once the next one is asked for. */
  const iterate = (readOptions: ReadOptions, isAll: boolean): AsyncIterableIterator<Item> => {
    const { signal, since, last, gap, keep } = readOptions;
    const kept = keep === false ? undefined : keeper?.(name);
    const queue: Item[] = [];
    let reader: Reader | undefined;
    let over: { readonly error?: TidingsError | undefined } | undefined;
    let wake: (() => void) | undefined;

    const sink: Sink = {
      get isFull() {
        return queue.length >= tuning.maxQueued;
      },
      begun: (cursor) => kept?.took(cursor),
      write(item) {
        queue.push(item);
        wake?.();
      },
      end(error) {
        over ??= { error };
        ends.delete(end);
        signal?.removeEventListener("abort", end);
        // What came before a fault is still given.
        if (error === undefined) {
          queue.length = 0;
          kept?.close();
        }
        wake?.();
      },
    };
    const end = (): void => {
      reader?.stop();
      sink.end();
    };
    const begin = (cursor: string | undefined): void => {
      if (over !== undefined) return;
      const start = cursor === undefined ? { since, last, gap } : { since: cursor, gap };
      reader = feeds.read(name, options.events, start, sink);
    };

    async function* generate(): AsyncGenerator<Item, void, undefined> {
      try {
        for (;;) {
          const item = queue.shift();
          if (item === undefined) {
            if (over?.error !== undefined) throw over.error;
            if (over !== undefined) return;
            reader?.resume();
            await new Promise<void>((resolve) => (wake = resolve));
            continue;
          }
          try {
            if (item.type === "message") yield await checked(item);
            else if (isAll) yield item;
          } catch (error) {
            fail(error as TidingsError);
          }
          kept?.took(item.type === "gap" ? item.to : item.cursor);
        }
      } finally {
        end();
        kept?.close();
      }
    }

    ends.add(end);
    signal?.addEventListener("abort", end);
    if (signal?.aborted === true) end();
    const cursor = kept?.load();
    if (cursor instanceof Promise) void cursor.then(begin);
    else begin(cursor);
    const items = generate();
    return {
      next: () => items.next(),
      return() {
        // One that waits for an item would wait on.
        end();
        return items.return();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  };

  /** The message, its payload as the schema has it. */
  const checked = async (message: Message): Promise<Message> => {
    const { artifact, deleted, event, data } = message;
    // A payload that is elsewhere, or that there is none of, cannot be checked.
    return check === undefined || artifact !== undefined || deleted === true
      ? message
      : { ...message, data: await check(event, data) };
  };

  const listen = async (): Promise<void> => {
    const items = iterate(options, true);
    own = items;
    try {
      for await (const item of items) {
        if (item.type !== "message") listeners.emit(item.type, item);
        else {
          // Anybody may publish an event of such a name: it is no fault, and no gap.
          if (!OWN_EVENTS.test(item.event)) listeners.emit(item.event, item.data, item);
          listeners.emit("*", item.data, item);
        }
      }
    } catch (error) {
      fail(error as TidingsError);
    }
    if (own === items) own = undefined;
  };

  /** What the reading says, before what its channel says. Where one begins is one thing, in whichever words. */
  const merge = (own: ReadOptions = {}): ReadOptions => {
    const { since, last } = own.since === undefined && own.last === undefined ? options : own;
    return { ...options, ...own, since, last };
  };

  return {
    name,
    get presence() {
      return presenceOf(name);
    },
    on(event: string, listener: Listener) {
      const off = listeners.on(event, listener);
      if (own === undefined && event !== "error") void listen();
      return () => {
        off();
        if (listeners.size > 0) return;
        void own?.return?.();
        own = undefined;
      };
    },
    messages: (readOptions) => iterate(merge(readOptions), false) as AsyncIterableIterator<Message>,
    items: (readOptions) => iterate(merge(readOptions), true),
    publish: (event, data, publishOptions) =>
      safe(
        (async () => asks.publish(name, event, check ? await check(event, data) : data, publishOptions))(),
      ),
    delete: (key, { event, ...deleteOptions } = {}) =>
      safe(asks.publish(name, event, undefined, { ...deleteOptions, key, deleted: true })),
    close() {
      for (const end of [...ends]) end();
    },
  };
}
