import type { StreamFrame } from "@tidings/protocol";
import { isPassing, TidingsError } from "../errors.ts";
import type { CaughtUp, Gap, Message, Off, ReadOptions } from "../types.ts";
import { backoffMs } from "./backoff.ts";
import type { Context } from "./context.ts";
import { covers, isSameEpoch } from "./cursor.ts";
import { toMessage } from "./message.ts";
import type { Wanted } from "./transport.ts";

/** What a reader brings to the application. */
export type Item = Message | Gap | CaughtUp;
export type PresenceFrame = Extract<StreamFrame, { readonly type: "presence" }>;

/** Where a reader's items go. */
export interface Sink {
  /** Whether it holds as many items as it should; `Reader.resume` is to be called once it does not. */
  readonly isFull?: boolean | undefined;
  write(item: Item): void;
  /** Where the reader stands, once that is known, ahead of its first item. */
  begun?(cursor: string): void;
  /** The reader is over: with an error, or since it was stopped. */
  end(error?: TidingsError): void;
}

/** One reader of a channel: a cursor and a sink. */
export interface Reader {
  /** Its sink has room again. */
  resume(): void;
  stop(): void;
}

/** All channels that are read. */
export interface Feeds {
  /** What a new connection is to read. */
  wanted(): ReadonlyMap<string, Wanted>;
  /** Whether there is anything to be read. */
  isWanted(): boolean;
  /** Frames come from another connection from here on. */
  begin(): void;
  frame(frame: StreamFrame): void;
  read(
    channel: string,
    events: readonly string[] | undefined,
    start: Pick<ReadOptions, "since" | "last" | "gap">,
    sink: Sink,
  ): Reader;
  /** Who is in a channel is told to the listener for as long as it listens. */
  presence(channel: string, listener: (frame: PresenceFrame) => void): Off;
  /** Ends all readers; without an error, quietly. */
  close(error?: TidingsError): void;
}

interface Reading extends Reader {
  readonly events: readonly string[] | undefined;
  readonly since: string | undefined;
  readonly last: number | undefined;
  readonly gap: string | undefined;
  readonly sink: Sink;
  /** What it has; `undefined` before the first `ok`. */
  cursor: string | undefined;
  /** Its sink was full, so what came was not taken: it is read again from its cursor, once there is room. */
  isBehind: boolean;
}

/** One channel's part of the wire. */
interface Feed {
  readonly readings: Set<Reading>;
  readonly presence: Set<(frame: PresenceFrame) => void>;
  /** Whether what was asked for last has begun; what comes before that is of an earlier asking, and not taken. */
  isOk: boolean;
  /** What the link was told, so that it is told changes alone. */
  told: string | undefined;
  /** Who was asked for last: the one that stands first. */
  asked: Reading | undefined;
  /** The last thing that came: of the life that the log has now. */
  at: string | undefined;
  failures: number;
  retry: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Each channel is read from where the last of its readers stands, and each reader passes over what it has: so one that
 * begins elsewhere, one that was slow and one of another tab are all the same case.
 */
export function createFeeds(
  { tuning, url, report }: Pick<Context, "tuning" | "url" | "report">,
  change: (channel: string, wanted: Wanted | undefined) => unknown,
  onGap: (gap: Gap) => void,
): Feeds {
  const feeds = new Map<string, Feed>();
  /** By channel, how many askings have no `ok` or `error` yet: only the last one's counts. */
  const due = new Map<string, number>();
  let over: { readonly error: TidingsError | undefined } | undefined;

  const feedOf = (channel: string): Feed => {
    const feed = feeds.get(channel) ?? {
      readings: new Set(),
      presence: new Set(),
      isOk: false,
      told: undefined,
      asked: undefined,
      at: undefined,
      failures: 0,
      retry: undefined,
    };
    feeds.set(channel, feed);
    return feed;
  };

  /** Whether a reading is to be asked for before another: it has not begun, is of another life of the log, or stands before it. */
  const isBefore = ({ at }: Feed, one: Reading, other: Reading): boolean => {
    if (one.cursor === undefined || other.cursor === undefined) return one.cursor === undefined;
    if (isSameEpoch(one.cursor, other.cursor)) return !covers(one.cursor, other.cursor);
    return at !== undefined && isSameEpoch(other.cursor, at);
  };

  const wantedOf = (feed: Feed): Wanted | undefined => {
    const taking = [...feed.readings].filter(({ isBehind }) => !isBehind);
    const [any] = taking;
    if (feed.retry !== undefined || (any === undefined && feed.presence.size === 0)) return undefined;
    const first = any && taking.reduce((one, other) => (isBefore(feed, other, one) ? other : one), any);
    feed.asked = first;
    const events = taking.every((each) => each.events) ? taking.flatMap((each) => each.events ?? []) : [];
    return {
      since: first === undefined ? "latest" : (first.cursor ?? first.since),
      last: first?.cursor === undefined ? first?.last : undefined,
      events: events.length > 0 ? [...new Set(events)] : undefined,
      presence: feed.presence.size > 0 || undefined,
    };
  };

  /** Tells the link what is wanted of the channel, where that is something else than before; with `again` in any case. */
  const settle = (channel: string, again = false): void => {
    const feed = feeds.get(channel);
    if (feed === undefined) return;
    const { asked } = feed;
    const wanted = wantedOf(feed);
    if (feed.readings.size + feed.presence.size === 0) feeds.delete(channel);
    const told = wanted && JSON.stringify([wanted.events, wanted.presence]);
    if (told === feed.told && !again) {
      feed.asked = asked;
      return;
    }
    feed.told = told;
    feed.isOk = false;
    // One that takes the place of another before that was sent is answered once.
    const isInstead = change(channel, wanted) === true;
    due.set(channel, (due.get(channel) ?? 0) + Number(Boolean(wanted)) - Number(isInstead));
  };

  const give = (feed: Feed, reading: Reading, item: Item): void => {
    const { sink, cursor, events, gap } = reading;
    if (reading.isBehind) return;
    const at = item.type === "gap" ? item.to : item.cursor;
    if (at !== undefined) feed.at = at;
    if (item.type === "gap") {
      // Another reader's, that stood before it: this one is beyond.
      if (cursor === undefined || (cursor !== item.from && covers(cursor, item.to))) return;
      if (gap === "fail") return stop(reading, goneError(item));
    } else if (at !== undefined && covers(cursor, at)) {
      if (item.type === "message") return;
    } else if (at !== undefined && cursor !== undefined && !isSameEpoch(cursor, at)) {
      // It has not been told that the log began another life: it is asked for by itself, and first.
      return settle(item.channel, true);
    } else if (sink.isFull === true && cursor !== undefined) {
      reading.isBehind = true;
      return settle(item.channel);
    }
    if (at !== undefined && (item.type === "gap" || !covers(cursor, at))) reading.cursor = at;
    // The wire brings what any of the readers asked for.
    if (item.type !== "message" || events === undefined || events.includes(item.event)) sink.write(item);
  };

  const stop = (reading: Reading, error?: TidingsError): void => {
    for (const [channel, feed] of feeds) if (feed.readings.delete(reading)) settle(channel);
    reading.sink.end(error);
  };

  const ok = (channel: string, feed: Feed, cursor: string): void => {
    const { asked, isOk } = feed;
    feed.isOk = true;
    feed.failures = 0;
    let isMissing = false;
    for (const reading of feed.readings) {
      if (reading.isBehind || covers(reading.cursor, cursor)) continue;
      if (reading.cursor === undefined) {
        if (reading.since === asked?.since && reading.last === asked?.last) {
          reading.cursor = cursor;
          reading.sink.begun?.(cursor);
        } else isMissing = true;
      } else if (isOk) {
        // It has moved over what was held back.
        reading.cursor = cursor;
      } else if (isSameEpoch(reading.cursor, cursor)) isMissing = true;
    }
    // It began where one reader wanted it, and others stand before that.
    if (isMissing) settle(channel, true);
  };

  const failed = (channel: string, feed: Feed, error: TidingsError): void => {
    feed.told = undefined;
    feed.isOk = false;
    if (error.code === "PRESENCE_FORBIDDEN") {
      // It can be read all the same.
      feed.presence.clear();
      report(error);
      settle(channel);
    } else if (error.code === "NOT_SUBSCRIBED") {
      // Of an earlier asking, which may be answered later than the one that took its place: what answered that was not taken.
      settle(channel);
    } else if (isPassing(error)) {
      feed.retry = setTimeout(
        () => {
          feed.retry = undefined;
          settle(channel);
        },
        backoffMs(++feed.failures, tuning),
      );
    } else {
      feeds.delete(channel);
      if (feed.readings.size === 0) report(error);
      for (const { sink } of feed.readings) sink.end(error);
      feed.readings.clear();
    }
  };

  return {
    wanted() {
      const all = new Map<string, Wanted>();
      for (const [channel, feed] of feeds) {
        const wanted = wantedOf(feed);
        if (wanted !== undefined) all.set(channel, wanted);
      }
      return all;
    },

    isWanted: () => [...feeds.values()].some(({ told }) => told !== undefined),

    begin() {
      due.clear();
      for (const [channel, feed] of feeds) {
        feed.isOk = false;
        if (feed.told !== undefined) due.set(channel, 1);
      }
    },

    frame(frame) {
      const channel = "channel" in frame ? (frame.channel ?? "") : "";
      const feed = feeds.get(channel);
      if (frame.type === "ok" || frame.type === "error") {
        const left = due.get(channel) ?? 0;
        due.set(channel, Math.max(0, left - 1));
        if (left > 1) return;
      }
      if (feed?.told === undefined) return;
      if (frame.type === "error") {
        const { code, message, retryable } = frame;
        failed(channel, feed, new TidingsError(code, message, { retryable }));
      } else if (frame.type === "presence") {
        for (const listener of feed.presence) listener(frame);
      } else if (frame.type === "ok") {
        if (frame.cursor !== undefined) ok(channel, feed, frame.cursor);
      } else if (
        feed.isOk &&
        (frame.type === "message" || frame.type === "gap" || frame.type === "caught-up")
      ) {
        if (frame.type === "gap") onGap(frame);
        const item = frame.type === "message" ? toMessage(frame, url) : frame;
        for (const reading of [...feed.readings]) give(feed, reading, item);
      }
    },

    read(channel, events, { since, last, gap }, sink) {
      const feed = feedOf(channel);
      const reading: Reading = {
        events,
        since,
        last,
        gap,
        sink,
        cursor: undefined,
        isBehind: false,
        resume() {
          if (!reading.isBehind) return;
          reading.isBehind = false;
          settle(channel, true);
        },
        stop: () => {
          if (feed.readings.has(reading)) stop(reading);
        },
      };
      if (over !== undefined) {
        sink.end(over.error);
        return reading;
      }
      // One that begins as the others of its moment do begins with them.
      const isAlike = [...feed.readings].some(
        (each) => each.cursor === undefined && each.since === since && each.last === last,
      );
      feed.readings.add(reading);
      settle(channel, !isAlike);
      return reading;
    },

    presence(channel, listener) {
      // Who is there already is told when reading begins: of several listeners, to the last one too.
      settle(channel, feedOf(channel).presence.add(listener).size > 1);
      return () => {
        if (feeds.get(channel)?.presence.delete(listener) === true) settle(channel);
      };
    },

    close(error) {
      over = { error };
      for (const { retry, readings } of feeds.values()) {
        clearTimeout(retry);
        for (const { sink } of readings) sink.end(error);
      }
      feeds.clear();
    },
  };
}

function goneError(gap: Gap): TidingsError {
  return new TidingsError(
    "CURSOR_GONE",
    `messages of "${gap.channel}" between ${gap.from} and ${gap.to} are gone; read on since ${gap.to}.`,
    { data: gap },
  );
}
