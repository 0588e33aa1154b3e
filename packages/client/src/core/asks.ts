import { closedError, lostError, passingError, TidingsError } from "../errors.ts";
import type { CommandOptions, Published, PublishOptions } from "../types.ts";
import { after, backoffMs } from "./backoff.ts";
import type { Context } from "./context.ts";
import { bodyOf, copyOf, type Fault, faultOf, newName } from "./http.ts";
import { readLines } from "./lines.ts";
import type { Requests } from "./requests.ts";
import type { Answer, RequestFrame } from "./transport.ts";

/** Keys are remembered for five minutes, of which a request may spend one on its way: nothing is sent again after this, in milliseconds. */
const RESEND_MS = 240_000;
/** For a large body to be sent: it is there, or given up, before its key is forgotten. */
const LARGE_MS = 60_000;
/** What is larger would hold up the messages that come over the same connection. */
const MAX_FRAME_BYTES = 65_536;
/** A command whose caller names no time waits so long: the longest that a server gives one by default. */
const COMMAND_MS = 600_000;
/** Nobody has answered: neither what was asked for, nor that it is refused. */
const LOST = /^(CONNECTION_LOST|UNREACHABLE|DRAINING)$/;

/** What the application asks of the server: sent until it is answered, or the client is closed. */
export interface Asks {
  /** @param data or a promise of it, which holds up what is published to the channel after it */
  publish(
    channel: string,
    event: string | undefined,
    data: unknown,
    options?: PublishOptions & { readonly deleted?: true },
  ): Promise<Published>;
  command(name: string, input?: unknown, options?: CommandOptions): Promise<unknown>;
}

/** Something asked. */
interface Ask {
  /** What is of one lane keeps its order. */
  readonly lane: unknown;
  readonly isOnce: unknown;
  /** What it is on its way over: a connection, or by REST itself; what is not there yet, or no more, is on no way either. */
  via: unknown;
  /** How it is said, once that is known. */
  said?: Said;
  /** Its turn has come. */
  send?(duplex: Duplex): void;
  fail?(error: TidingsError): void;
}

/** How one thing is said: what a frame and a query have, a request's body, and what else a frame has. */
type Said = readonly [about: Readonly<Record<string, unknown>>, body: Blob, frame: RequestFrame];

/** One that carries requests; `undefined` where there is none. */
type Duplex = Requests["connection"];

/** The connection that it may be sent over. */
type Over = (said: Said) => Duplex;

type AsksContext = Pick<Context, "http" | "tuning" | "parse" | "report">;

/**
 * Over a duplex connection, where one is open: then many of a lane are on their way at once. One that the server puts off may be
 * overtaken by those that are on their way already.
 */
export const createAsks = (context: AsksContext, requests: Requests): Asks =>
  restAsks(context, requests, ([{ ifHead }, { size, type }]) =>
    // Bytes, what is large, and a condition, which in a frame knows no epoch, go by REST whatever is open.
    ifHead || size > MAX_FRAME_BYTES || !/json|^text/.test(type) || !requests.connection?.request
      ? undefined
      : requests.connection,
  );

/** By REST: of a lane one after the other. */
export const restAsks = (
  { http, tuning, parse, report }: AsksContext,
  requests: Requests,
  over?: Over,
): Asks => {
  const pending = new Set<Ask>();
  /** Lanes that wait for a while; `pending`: all of them. */
  const pauses = new Map<unknown, ReturnType<typeof setTimeout>>();
  let pendingBytes = 0;

  const pump = (): void => {
    const ahead = new Map<unknown, unknown>();
    for (const ask of pending) {
      const { lane, isOnce, said } = ask;
      const duplex = said && over?.(said);
      const before = ahead.get(lane);
      const isHeld = !requests.isOnline || (!isOnce && pauses.has(pending)) || pauses.has(lane);
      if (!ask.via && !isHeld && (!before || before === duplex)) {
        ask.via = duplex ?? ask;
        ask.send?.(duplex);
      }
      // What waits, or goes another way, is waited for: what comes after it would be there before it.
      ahead.set(lane, ask.via ?? ask);
    }
  };

  requests.onChange(() => {
    const { name } = requests.state;
    // Not `connecting` or `waiting`: there is something new to be tried, or nothing to be tried for.
    if (!name.endsWith("ing")) {
      for (const timer of pauses.values()) clearTimeout(timer);
      pauses.clear();
    }
    if (name === "closed") for (const ask of pending) ask.fail?.(closedError());
    pump();
  });

  const add = async (
    path: string,
    say: () => Promise<Said>,
    lateMs: number,
    /** Sent once and at once, or not at all. */
    isOnce: unknown,
    { signal: given, onProgress }: CommandOptions,
    /** Of a publish. */
    channel?: string,
  ): Promise<Answer> => {
    const stop = new AbortController();
    const { signal } = stop;
    const lane = isOnce || !channel ? stop : channel;
    const ask: Ask = { lane, isOnce, via: stop };
    let bytes = 0;
    let sentAtMs = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const late = (): TidingsError =>
      new TidingsError(`${channel ? "PUBLISH" : "COMMAND"}_TIMEOUT`, "not answered in time.", {
        retryable: !sentAtMs,
      });

    const tell = (part: unknown): void => {
      try {
        onProgress?.(part);
      } catch (cause) {
        report(new TidingsError("LISTENER_FAILED", "a listener threw.", { cause }));
      }
    };

    const rest = async (about: object, body: Blob): Promise<Answer> => {
      const answer = await http(`${path}?${new URLSearchParams(copyOf(about))}`, {
        accept: "application/x-ndjson",
        body,
        signal,
        // A command's answer comes as it comes.
        timeoutMs: !channel ? 0 : bytes > MAX_FRAME_BYTES ? LARGE_MS : undefined,
      });
      let last: (Fault & { readonly type: string }) | undefined;
      const take = (line: string): void => {
        if (!line) return;
        last = parse(line) as typeof last;
        if (last?.type === "progress") tell(last.data);
      };
      // Without an end, or without the line that is the answer, it is lost.
      await (
        answer.body
          ? readLines(answer.body, take)
          : answer.text().then((text) => text.split("\n").forEach(take))
      ).catch(() => {});
      if (last?.type === "ok") return last;
      throw last?.type === "error" ? faultOf(last) : lostError();
    };

    const work = async (): Promise<Answer> => {
      const isFull = pending.size > tuning.maxPending;
      const said = await say();
      const [about, body, frame] = said;
      if (signal.aborted) throw late();
      requests.sent();
      pendingBytes += bytes = body.size;
      if (isFull || pendingBytes > tuning.maxPendingBytes)
        throw passingError("PENDING_FULL", "too much waits.");
      if (isOnce && !requests.isOnline) throw passingError("OFFLINE", "no network, or the page sleeps.");
      ask.said = said;
      for (let tries = 1; ; tries++) {
        ask.via = undefined;
        const duplex = await new Promise<Duplex>((resolve) => {
          ask.send = resolve;
          pump();
        });
        const now = Date.now();
        // Timers stand still while a device sleeps.
        if (now - (sentAtMs ||= now) > RESEND_MS) throw late();
        try {
          return await (duplex?.request?.({ ...about, ...frame }, { onProgress: tell, signal }) ??
            rest(about, body));
        } catch (error) {
          const { code, retryable, retryAfterMs = 0 } = error as TidingsError;
          const isLost = LOST.test(code);
          // A fault of a command's own is its answer, whatever may be done later.
          if (signal.aborted || isOnce || !(channel ? retryable : isLost)) throw error;
          // What the server puts off holds up its lane; without a server all wait, and for one failure, whatever it took along.
          const key = isLost && !retryAfterMs ? pending : lane;
          const resume = (): void => {
            pauses.delete(key);
            pump();
          };
          if (!pauses.has(key)) pauses.set(key, after(backoffMs(tries, tuning) + retryAfterMs, resume));
        }
      }
    };

    pending.add(ask);
    try {
      return await new Promise((resolve, reject) => {
        const fail = (ask.fail = (error) => {
          // It is not sent any more.
          ask.via = stop;
          reject(error);
        });
        // One that was sent cannot be called back, but for a command.
        const abort = (): void => {
          if (!channel || !sentAtMs) fail(new TidingsError("ABORTED", "given up."));
        };
        if (lateMs) timer = after(lateMs, () => fail(late()));
        given?.addEventListener("abort", abort, { signal });
        if (given?.aborted) abort();
        work().then(resolve, fail);
      });
    } finally {
      pending.delete(ask);
      pendingBytes -= bytes;
      clearTimeout(timer);
      stop.abort();
      pump();
    }
  };

  return {
    publish(channel, event, given, options = {}) {
      const { key, ephemeral, ifHead, inline, artifact, preview, deleted } = options;
      // Said once, at the call: what the application changes later does not change what it has published.
      const say = async (): Promise<Said> => {
        const data = given instanceof Promise ? await given : given;
        const { idempotencyKey = newName() } = options;
        const isBytes = ArrayBuffer.isView(data) || data instanceof ArrayBuffer || data instanceof Blob;
        const contentType = typeof data === "string" ? options.contentType : undefined;
        const content = isBytes || contentType || artifact || deleted ? data : copyOf(data);
        const own = data instanceof Blob ? data.type : "";
        // By some types the server would take bytes for something else.
        const bytesType = /^$|json|^text|form/.test(own) ? "application/octet-stream" : own;
        return [
          {
            event,
            key,
            ephemeral,
            inline,
            artifact,
            deleted,
            ifHead,
            idempotencyKey,
            preview: JSON.stringify(preview),
          },
          bodyOf(content, isBytes ? bytesType : contentType),
          { type: "publish", channel, contentType, preview, data: content },
        ];
      };
      return add(`/channels/${channel}`, say, tuning.publishMs, ephemeral, options, channel);
    },

    async command(name, input, options = {}) {
      const { timeoutMs = 0, idempotencyKey } = options;
      const say = async (): Promise<Said> => {
        const data = input === undefined ? input : copyOf(input);
        return [
          { timeoutMs: Math.ceil(timeoutMs) || undefined, idempotencyKey },
          bodyOf(data),
          { type: "command", name, data },
        ];
      };
      // Without a key it could be done twice.
      const answer = await add(
        `/commands/${encodeURIComponent(name)}`,
        say,
        timeoutMs || COMMAND_MS,
        !idempotencyKey,
        options,
      );
      return answer.data;
    },
  };
};
