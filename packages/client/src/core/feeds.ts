import type { StreamFrame } from "@tidings/protocol";
import { TidingsError } from "../errors.ts";
import type { CaughtUp, Gap, Message, Off, ReadOptions } from "../types.ts";
import { backoffMs } from "./backoff.ts";
import type { Context } from "./context.ts";
import { ahead } from "./cursor.ts";
import { faultOf } from "./http.ts";
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
  /** The reader is over: with an error, or since it was stopped. May be told again. */
  end(error?: TidingsError): void;
}

/** One reader of a channel: a cursor and a sink. */
export interface Reader {
  /** Its sink has room (again). Not after its end. */
  resume(): void;
  stop(): void;
}

/** All channels that are read. */
export interface Feeds {
  /** What a new connection is to read; `begin` is told once its frames come. */
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
  readonly presence: (channel: string, listener: (frame: PresenceFrame) => void) => Off;
  /** Ends all readers; without an error, quietly. */
  close(error?: TidingsError): void;
}

type OkFrame = Extract<StreamFrame, { readonly type: "ok" }>;

interface Reading extends Reader, Pick<ReadOptions, "since" | "last" | "gap"> {
  readonly events: readonly string[] | undefined;
  readonly sink: Sink;
  /** What it has; none before the first `ok`. */
  cursor?: string;
  /** Told to have caught up since its start, and since its last gap. */
  isLive?: boolean;
  /** Its channel is not read for it any more. */
  leave(): void;
  stop(error?: TidingsError): void;
}

/** One channel's part of the wire. */
interface Feed {
  readonly readings: Set<Reading>;
  readonly presence: Set<(frame: PresenceFrame) => void>;
  /** What was asked for last; `undefined` where nothing is, or it was refused. */
  asked?: Wanted | undefined;
  /** How many askings have no `ok` or `error` yet: only the last one's counts, and what comes before that is of an earlier one. */
  due: number;
}

/**
 * Each channel is read from where the last of its readers stands, and each reader passes over what it has: so one that
 * begins elsewhere, one that was slow and one of another tab are all the same case.
 */
export const createFeeds = (
  { tuning, url, report }: Pick<Context, "tuning" | "url" | "report">,
  change: (channel: string, wanted: Wanted | undefined) => boolean,
  onGap: (gap: Gap) => void,
): Feeds => {
  const feeds = new Map<string, Feed>();
  /** Of all readers, those apart that are over. */
  const sinks = new Set<Sink>();
  let over: readonly [error?: TidingsError | undefined] | undefined;
  /** What the connection that comes next was asked for; until then the one there is answers what it was asked for. */
  let next = new Map<string, Wanted>();
  let failures = 0;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const feedOf = (channel: string): Feed => {
    const feed = feeds.get(channel) ?? { readings: new Set(), presence: new Set(), due: 0 };
    feeds.set(channel, feed);
    return feed;
  };

  /**
   * @param first who is asked for; else one that has not begun, or the one that stands last. Of two lives of the log it does not matter
   *   which: whoever is of the other one is seen by what comes
   */
  const wantedOf = ({ readings, presence }: Feed, first?: Reading): Wanted | undefined => {
    const all = [...readings];
    first ??= all.reduce<Reading | undefined>(
      (one, other) =>
        !one || (one.cursor && (!other.cursor || ahead(other.cursor, one.cursor) < 0)) ? other : one,
      undefined,
    );
    if (!first && !presence.size) return undefined;
    const { cursor, since, last } = first ?? { since: "latest" };
    const events = new Set(all.flatMap((each) => each.events ?? ""));
    return {
      since: cursor ?? since,
      last: cursor ? undefined : last,
      // One that wants all has all come.
      events: events.size && !events.has("") ? [...events] : undefined,
      presence: presence.size > 0 || undefined,
    };
  };

  /** Tells the link what is wanted of the channel, where that is something else than before; with `again` in any case. */
  const settle = (channel: string, again?: boolean, first?: Reading): void => {
    const feed = feedOf(channel);
    const wanted = wantedOf(feed, first);
    if (again || kindOf(wanted) !== kindOf(feed.asked)) {
      feed.asked = wanted;
      // One that takes the place of another before that was sent is answered once.
      feed.due += +!!wanted - +change(channel, wanted);
    }
    if (!wanted && !feed.due) feeds.delete(channel);
  };

  /** A reading's part of what came; a further `ok` says where it stands now. */
  const give = (reading: Reading, item: Item | OkFrame): void => {
    const { sink, cursor, events } = reading;
    const at = cursorOf(item);
    const by = ahead(cursor, at);
    const isNew = !(by >= 0);
    if (item.type === "gap") {
      // Another reader's, that stood before it: this one is beyond.
      if (!isNew && cursor !== item.from) return;
      if (reading.gap === "fail")
        return reading.stop(
          new TidingsError("CURSOR_GONE", `"${item.channel}" has a gap: see data.`, { data: item }),
        );
      reading.isLive = false;
    } else if (!isNew) {
      if (item.type === "message") return;
    } else if (at && isNaN(by)) {
      // It has not been told that the log began another life: it is asked for by itself.
      return settle(item.channel as string, true, reading);
    } else if (sink.isFull) {
      // What does not fit is read again from its cursor, once there is room.
      return reading.leave();
    }
    if (at && (isNew || item.type === "gap")) reading.cursor = at;
    // The wire brings what any of the readers asked for; and `caught-up` for each connection.
    if (
      item.type === "message" ? !events || events.includes(item.event) : item.type !== "ok" && !reading.isLive
    )
      sink.write(item as Item);
    if (item.type === "caught-up") reading.isLive = true;
  };

  /** What was asked for begins. */
  const begin = (channel: string, { readings, asked }: Feed, cursor: string): void => {
    const { since, last } = asked as Wanted;
    let missing: Reading | undefined;
    failures = 0;
    for (const reading of readings) {
      if (!reading.cursor && reading.since === since && reading.last === last) {
        reading.cursor = cursor;
        reading.sink.begun?.(cursor);
      } else if (!reading.cursor || ahead(reading.cursor, cursor) < 0) missing = reading;
    }
    // It began where one reader wanted it, and others stand before that: one by one, until there is nobody.
    if (missing) settle(channel, true, missing);
  };

  const failed = (channel: string, feed: Feed, error: TidingsError): void => {
    feed.asked = undefined;
    if (error.retryable) {
      retry ??= setTimeout(
        () => {
          retry = undefined;
          for (const each of feeds.keys()) settle(each);
        },
        backoffMs(++failures, tuning),
      );
      return;
    }
    if (error.code === "PRESENCE_FORBIDDEN") {
      // It can be read all the same.
      feed.presence.clear();
      report(error);
    } else if (error.code !== "NOT_SUBSCRIBED") {
      feeds.delete(channel);
      if (!feed.readings.size) report(error);
      for (const reading of feed.readings) reading.stop(error);
    }
    // Else of an earlier asking, which may be answered later than the one that took its place: what answered that was not taken.
    settle(channel);
  };

  return {
    wanted() {
      next = new Map();
      for (const [channel, feed] of feeds) if (feed.asked) next.set(channel, wantedOf(feed) as Wanted);
      return next;
    },

    isWanted: () => [...feeds.values()].some(({ asked }) => asked),

    begin() {
      for (const [channel, feed] of feeds) {
        feed.asked = next.get(channel);
        feed.due = feed.asked ? 1 : 0;
      }
    },

    frame(frame) {
      const { channel = "" } = frame as { readonly channel?: string };
      const feed = feeds.get(channel);
      if (!feed) return;
      const { due } = feed;
      if (/^(ok|error)$/.test(frame.type)) {
        if (due) feed.due--;
        if (due > 1) return;
      }
      // What is not wanted any more may be forgotten now.
      if (!feed.asked) settle(channel);
      else if (frame.type === "error") failed(channel, feed, faultOf(frame));
      else if (frame.type === "presence") for (const listener of feed.presence) listener(frame);
      else if (frame.type === "ok" && due) begin(channel, feed, frame.cursor as string);
      else if (!due && /^(gap|caught-up|message|ok)$/.test(frame.type)) {
        if (frame.type === "gap") onGap(frame);
        const item = frame.type === "message" ? toMessage(frame, url) : (frame as Item | OkFrame);
        for (const reading of [...feed.readings]) give(reading, item);
      }
    },

    read(channel, events, start, sink) {
      const reading: Reading = {
        ...start,
        events,
        sink,
        resume() {
          if (over) return sink.end(over[0]);
          const { readings, due } = feedOf(channel);
          if (readings.has(reading)) return;
          readings.add(reading);
          // What is asked for already will show whether it begins early enough.
          settle(channel, !due);
        },
        leave() {
          if (feeds.get(channel)?.readings.delete(reading)) settle(channel);
        },
        stop(error) {
          sinks.delete(sink);
          reading.leave();
          sink.end(error);
        },
      };
      sinks.add(sink);
      reading.resume();
      return reading;
    },

    presence(channel, listener) {
      feedOf(channel).presence.add(listener);
      // Who is there already is told when reading begins: of several listeners, to the last one too.
      settle(channel, true);
      return () => {
        if (feeds.get(channel)?.presence.delete(listener)) settle(channel);
      };
    },

    close(error) {
      over = [error];
      clearTimeout(retry);
      feeds.clear();
      for (const sink of sinks) sink.end(error);
    },
  };
};

/** What kind of frames come: all that another asking is needed for by itself. */
const kindOf = (wanted: Wanted | undefined): string | undefined =>
  wanted && JSON.stringify([wanted.events, wanted.presence]);

/** Where whoever has an item stands; nowhere else after an ephemeral message. */
export const cursorOf = (item: Item | OkFrame): string | undefined =>
  item.type === "gap" ? item.to : item.cursor;
