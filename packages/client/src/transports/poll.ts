import type { Member, MultiPage } from "@tidings/protocol";
import { pause } from "../core/backoff.ts";
import type { Transport, Wanted } from "../core/transport.ts";
import { blockedError, lostError, type TidingsError } from "../errors.ts";
import { readPage } from "./read-frame.ts";

/** How much later than its time a long poll may be answered, in milliseconds. */
const LATE_MS = 5_000;
/** Without HTTP/2 a browser has six connections to a server: the presence of more channels than this is not waited for. */
const MAX_WAITS = 2;

/** One channel that is asked for: another object each time it is read anew. */
interface Place {
  readonly wanted: Wanted;
  /** Where the next page goes on; `undefined` before the first. */
  cursor: string | undefined;
  /** Told to have caught up since its start, and since its last gap. */
  isLive: boolean;
}

const pollTransport = (name: "poll" | "long-poll"): Transport => ({
  name,
  isDuplex: false,
  open(context, channels, tell, ended) {
    const { http, tuning } = context;
    const { waitMs, pollMs, requestMs } = tuning;
    const isLong = name === "long-poll";
    const places = new Map<string, Place>();
    /** Ends what goes on: the connection, and the request or pause of the moment. */
    const closing = new AbortController();
    let moment = new AbortController();
    let isGreeted = false;
    let attending = 0;

    const change = (channel: string, wanted: Wanted | undefined): void => {
      const old = places.get(channel);
      // Each reading has its answer, also one that is not wanted any more.
      if (old && !old.cursor)
        tell({ type: "error", channel, code: "NOT_SUBSCRIBED", message: "", retryable: true });
      const place = { wanted: wanted ?? {}, cursor: undefined, isLive: false };
      places.delete(channel);
      if (wanted) places.set(channel, place);
      if (wanted?.presence) void attend(channel, place);
      moment.abort();
    };
    const close = (): void => {
      closing.abort();
      moment.abort();
    };
    const end = (thrown: unknown): void => {
      if (closing.signal.aborted) return;
      close();
      ended(lostError(thrown));
    };
    /** One channel cannot be read, and the others can; without one, the connection is over. */
    const refuse = (thrown: unknown, channel: string | undefined): void => {
      if (!channel || !places.delete(channel)) return end(thrown);
      const { code, message, retryable } = thrown as TidingsError;
      tell({ type: "error", channel, code, message, retryable });
    };

    const take = async (
      { messages, cursors, caughtUp, gaps = [], from = {} }: MultiPage,
      asked: ReadonlyMap<string, Place>,
    ): Promise<void> => {
      /** Still wanted so: what came may have been the reason for another wish. */
      const of = (channel: string): Place | undefined => {
        const place = asked.get(channel);
        return places.get(channel) === place && !closing.signal.aborted ? place : undefined;
      };
      const begun = new Map(Object.entries(from));
      for (const channel of Object.keys(cursors)) {
        const place = of(channel);
        const cursor = begun.get(channel) ?? place?.wanted.since;
        if (place === undefined || place.cursor !== undefined || cursor === undefined) continue;
        place.cursor = cursor;
        tell({ type: "ok", channel, cursor });
      }
      for (const frame of [...gaps, ...messages]) {
        const place = of(frame.channel);
        if (place === undefined) continue;
        if (frame.type === "gap") place.isLive = false;
        tell(frame);
      }
      // What came may have been the reason to read a channel anew, which is said at the end of the turn: where it stands now would be
      // taken for where that reading begins.
      await Promise.resolve();
      // Handled: only now is the rest asked for.
      for (const [channel, cursor] of Object.entries(cursors)) {
        const place = of(channel);
        if (place === undefined) continue;
        place.cursor = cursor;
        tell({ type: "ok", channel, cursor });
        if (place.isLive || !caughtUp) continue;
        place.isLive = true;
        tell({ type: "caught-up", channel, cursor });
      }
    };

    const ask = async (): Promise<void> => {
      const asked = new Map(places);
      const waits = isLong && isGreeted && [...asked.values()].every(({ isLive }) => isLive);
      const startedMs = Date.now();
      const response = await http(waits ? `/connect?wait=${waitMs / 1_000}` : "/connect", {
        accept: "application/json",
        json: {
          subscribe: [...asked].map(
            ([
              channel,
              {
                cursor,
                wanted: { since, last, events: only },
              },
            ]) =>
              cursor === undefined
                ? { channel, since, last, events: only }
                : { channel, since: cursor, events: only },
          ),
        },
        signal: moment.signal,
        timeoutMs: waits ? waitMs + LATE_MS : requestMs,
      });
      if (response.headers.get("content-type")?.startsWith("application/json") !== true) throw blockedError();
      const page = readPage(context, await response.text());
      if (closing.signal.aborted) return;
      const heartbeatMs = (isLong ? waitMs : requestMs) + pollMs;
      tell(isGreeted ? { type: "heartbeat" } : { type: "welcome", connection: "", heartbeatMs, limits: {} });
      isGreeted = true;
      await take(page, asked);
      // One that is to be held, and is answered at once with nothing, would be asked for without end.
      const isHeld = isLong && (!waits || page.messages.length > 0 || Date.now() - startedMs > pollMs / 2);
      if (page.caughtUp && !isHeld) await pause(pollMs, moment.signal);
    };

    const run = async (): Promise<void> => {
      while (!closing.signal.aborted) {
        moment = new AbortController();
        await ask().catch((thrown: unknown) => {
          // Another set of channels is wanted, and nothing of this one was taken.
          if (moment.signal.aborted) return;
          const { data } = thrown as TidingsError;
          refuse(thrown, (data as { readonly channel?: string } | undefined)?.channel);
        });
      }
    };

    /** Who is in a channel, as a stream would tell it. */
    const attend = async (channel: string, place: Place): Promise<void> => {
      const isOver = (): boolean => places.get(channel) !== place || closing.signal.aborted;
      let etag: string | undefined;
      attending++;
      try {
        while (!isOver()) {
          const waits = isLong && etag !== undefined && attending <= MAX_WAITS;
          const response = await http(`/presence/${channel}${waits ? `?wait=${waitMs / 1_000}` : ""}`, {
            headers: etag === undefined ? {} : { "if-none-match": etag },
            signal: closing.signal,
            timeoutMs: waits ? waitMs + LATE_MS : requestMs,
          });
          if (response.status !== 304) {
            const { count, members, next } = (await response.json()) as PresencePage;
            etag = response.headers.get("etag") ?? undefined;
            if (!isOver()) tell({ type: "presence", channel, count, ...(next === undefined && { members }) });
          }
          if (!waits) await pause(pollMs, closing.signal);
        }
      } catch (thrown) {
        const { status = 0 } = thrown as TidingsError;
        if (!isOver()) refuse(thrown, status === 400 || status === 403 ? channel : undefined);
      }
      attending--;
    };

    for (const [channel, wanted] of channels) change(channel, wanted);
    void run();
    return { change, close };
  },
});

interface PresencePage {
  readonly count: number;
  readonly members: readonly Member[];
  /** There are more. */
  readonly next?: string;
}

/** One request after the other, with pauses between. */
export const poll: Transport = pollTransport("poll");

/** Requests that are held until there is a message. */
export const longPoll: Transport = pollTransport("long-poll");
