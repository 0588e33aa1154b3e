import type { StreamFrame } from "@tidings/protocol";
import { after, pause } from "../core/backoff.ts";
import type { Transport, Wanted } from "../core/transport.ts";
import { blockedError } from "../errors.ts";
import { makeTransport } from "./make-transport.ts";

/** One reading of a channel: another object each time it is read anew. */
interface Place {
  /** What is to be asked for: since where the last answer left it, and without the presence that it told. */
  wanted: object;
  /** 0: nothing has come; 1: it has begun; 2: it has caught up. */
  state: number;
}

/** A stream that ends, and is asked for anew from where it ended. An answer is taken in one turn, once it is there whole. */
const pollTransport = (name: "poll" | "long-poll"): Transport =>
  makeTransport(name, (context, channels, over, end, read, tell) => {
    const { waitMs, pollMs, requestMs } = context.tuning;
    const isLong = name === "long-poll";
    const places = new Map<string, Place>();
    /** Ends the request or pause of the moment. */
    let moment = new AbortController();
    /** Ends the connection where the answer does not come. Cleared by each: of a thousand a second each would be kept until it was due. */
    let late: ReturnType<typeof after> | undefined;
    let isGreeted = false;
    over.onabort = () => moment.abort();

    const change = (channel: string, wanted: Wanted | undefined): void => {
      const old = places.get(channel);
      places.delete(channel);
      // Each reading has its answer, also one that is not wanted any more.
      if (old && !old.state) tell({ type: "ok", channel });
      if (wanted) places.set(channel, { wanted: { channel, ...wanted }, state: 0 });
      moment.abort();
    };
    const isLive = (): boolean => [...places.values()].every(({ state }) => state > 1);

    const ask = async ({ signal }: AbortController): Promise<void> => {
      // A channel that has no place yet would lose what comes while the answer with its place is lost.
      const heldMs = isLong && isGreeted && isLive() ? waitMs : 0;
      let isNew = false;
      const startedMs = Date.now();
      late = after(heldMs + (requestMs || Infinity), end);
      const response = await context.http(`/connect?wait=${heldMs / 1_000}`, {
        accept: "application/x-ndjson",
        json: { subscribe: [...places.values()].map(({ wanted }) => wanted) },
        signal,
        timeoutMs: 0,
      });
      if (!response.headers.get("content-type")?.startsWith("application/x-ndjson")) throw blockedError();
      const text = await response.text();
      clearTimeout(late);
      if (signal.aborted) return;
      tell({
        type: isGreeted ? "heartbeat" : "welcome",
        connection: "",
        heartbeatMs: waitMs + pollMs,
      } as StreamFrame);
      isGreeted = true;
      for (const line of text.split("\n")) {
        // What was told may have been the reason to end, or to ask for something else: then the rest comes again.
        if (!line || signal.aborted) continue;
        read(line, (frame) => {
          const { type, channel = "", cursor, version } = frame as Positioned;
          const place = places.get(channel);
          // Where it stands now may not be taken for where another reading begins that this turn has asked for.
          const isKnown = type === "ok" && place?.state;
          if (type === "error") places.delete(channel);
          if (place && version) place.wanted = { ...place.wanted, presence: version };
          if (place && cursor) {
            place.wanted = { ...place.wanted, since: cursor, last: undefined };
            place.state = type === "caught-up" ? 2 : 1;
          }
          isNew ||= !isKnown && type !== "caught-up";
          if (!isKnown) tell(frame);
        });
      }
      // Answers that bring nothing, though they were to be held, are not asked for without end.
      const leftMs = startedMs + pollMs - Date.now();
      if (leftMs > 0 && (!isNew || (!isLong && isLive()))) await pause(leftMs, signal);
    };

    const run = async (): Promise<void> => {
      while (!over.aborted) {
        moment = new AbortController();
        // Where it was given up, other channels are wanted, or none.
        await ask(moment).catch((cause) => moment.signal.aborted || end(cause));
        clearTimeout(late);
      }
    };

    for (const [channel, wanted] of channels) change(channel, wanted);
    void run();
    return { change };
  });

/** What a frame may say beside its type. */
interface Positioned {
  readonly type: string;
  readonly channel?: string;
  readonly cursor?: string;
  readonly version?: string;
}

/** One request after the other, with pauses between. */
export const poll: Transport = pollTransport("poll");

/** Requests that are held until there is a message. */
export const longPoll: Transport = pollTransport("long-poll");
