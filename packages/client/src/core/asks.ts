import { blockedError, isPassing, lostError, TidingsError } from "../errors.ts";
import type { CommandOptions, Published, PublishOptions } from "../types.ts";
import { after, backoffMs } from "./backoff.ts";
import type { Context } from "./context.ts";
import { type Fault, faultOf, said } from "./http.ts";
import { readLines } from "./lines.ts";
import type { Requests } from "./requests.ts";
import type { Connection } from "./transport.ts";

/** Keys are remembered for five minutes, of which a request may spend one on its way: nothing is sent again after this, in milliseconds. */
const RESEND_MS = 240_000;
/** For a large body to be sent: it is there, or given up, before its key is forgotten. */
const LARGE_MS = 60_000;
/** What is larger would hold up the messages that come over the same connection. */
const MAX_FRAME_BYTES = 65_536;
/** A command whose caller names no time waits so long: the longest that a server gives one by default. */
const COMMAND_MS = 600_000;

/** What the application asks of the server: sent until it is answered. */
export interface Asks {
  publish(
    channel: string,
    event: string | undefined,
    data: unknown,
    options?: PublishOptions & { readonly deleted?: true },
  ): Promise<Published>;
  command(name: string, input?: unknown, options?: CommandOptions): Promise<unknown>;
  /** What has no answer fails with `CLOSED`. */
  close(): void;
}

type Duplex = Required<Connection> | undefined;

/** Something asked. */
interface Ask {
  /** What is of one lane keeps its order. */
  readonly lane: unknown;
  /** It goes by REST, whatever is open. */
  readonly isRest: unknown;
  /** What it is on its way over: a connection, or by REST itself. */
  via?: unknown;
  send(duplex: Duplex): void;
  fail(error: TidingsError): void;
}

/**
 * Over a duplex connection many of a lane are on their way at once, by REST one. One that the server puts off may be overtaken by those
 * that are on their way already.
 */
export const createAsks = (
  { http, tuning, parse, report }: Pick<Context, "http" | "tuning" | "parse" | "report">,
  requests: Requests,
): Asks => {
  const pending = new Set<Ask>();
  let pendingBytes = 0;
  let isClosed = false;
  let wasOnline = true;
  let failures = 0;
  let pause: ReturnType<typeof setTimeout> | undefined;

  const pump = (): void => {
    if (isClosed || pause || !requests.isOnline) return;
    const ahead = new Map<unknown, unknown>();
    for (const ask of pending) {
      const duplex = ask.isRest ? undefined : requests.duplex;
      const before = ahead.get(ask.lane);
      if (!ask.via && (!before || before === duplex)) ask.send(duplex);
      // What waits, or goes another way, is waited for: what comes after it would be there before it.
      ahead.set(ask.lane, ask.via ?? ask);
    }
  };

  const resume = (): void => {
    clearTimeout(pause);
    pause = undefined;
    pump();
  };

  const off = requests.onChange(() => {
    if (requests.connection || !wasOnline) resume();
    wasOnline = requests.isOnline;
    pump();
  });

  const add = <Answer>(
    lane: unknown,
    bytes: number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    isRest: unknown,
    /** Sent once and at once, or not at all. */
    isOnce: unknown,
    late: string,
    /** The codes of errors that are no answer, of a command. */
    lost: RegExp | undefined,
    sendBy: (duplex: Duplex, stop: AbortSignal, leftMs: number) => Promise<Answer>,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      requests.sent();
      if (isClosed) throw closedError();
      if (pending.size >= tuning.maxPending || pendingBytes + bytes > tuning.maxPendingBytes)
        throw new TidingsError("PENDING_FULL", "too much waits: see tuning.maxPending.", { retryable: true });
      const stop = new AbortController();
      const endsAtMs = Date.now() + timeoutMs;
      let sentAtMs = 0;
      const isLast = (): boolean => {
        if (!pending.delete(ask)) return false;
        pendingBytes -= bytes;
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        stop.abort();
        pump();
        return true;
      };
      const expire = (): void =>
        ask.fail(
          new TidingsError(
            late,
            `not answered in time${sentAtMs ? "; it may have been done" : ", nor sent"}.`,
            {
              retryable: !sentAtMs,
            },
          ),
        );
      // One that was sent cannot be called back, but for a command.
      const abort = (): void => {
        if (lost || !sentAtMs) ask.fail(new TidingsError("ABORTED", "given up."));
      };
      const ask: Ask = {
        lane: lane ?? stop,
        isRest,
        fail: (error) => isLast() && reject(error),
        send(duplex) {
          const now = Date.now();
          // Timers stand still while a device sleeps.
          if (now - (sentAtMs ||= now) > RESEND_MS) return expire();
          ask.via = duplex ?? ask;
          sendBy(duplex, stop.signal, endsAtMs - now).then(
            (answer) => {
              failures = 0;
              if (isLast()) resolve(answer);
            },
            (error: TidingsError) => {
              ask.via = undefined;
              if (isOnce || !(lost ? lost.test(error.code) : isPassing(error))) ask.fail(error);
              // A connection takes all that is on its way over it along: that is one failure.
              else if (pending.has(ask))
                pause ??= after(backoffMs(++failures, tuning) + (error.retryAfterMs ?? 0), resume);
            },
          );
        },
      };
      const timer = after(timeoutMs, expire);
      pending.add(ask);
      pendingBytes += bytes;
      signal?.addEventListener("abort", abort);
      if (signal?.aborted) abort();
      else if (!isOnce) pump();
      else if (requests.isOnline) ask.send(isRest ? undefined : requests.duplex);
      else ask.fail(new TidingsError("OFFLINE", "there is no network.", { retryable: true }));
    });

  return {
    async publish(channel, event, data, options = {}) {
      const { key, ephemeral, ifHead, inline, artifact, preview, deleted, signal } = options;
      const { idempotencyKey = `k${crypto.getRandomValues(new Uint32Array(4)).join("-")}` } = options;
      const isBytes = ArrayBuffer.isView(data) || data instanceof ArrayBuffer || data instanceof Blob;
      const contentType = typeof data === "string" ? options.contentType : undefined;
      // Said once, at the call: what the application changes later does not change what it has published.
      const content = artifact || deleted ? undefined : isBytes || contentType ? data : toJson(data);
      const own = data instanceof Blob ? data.type : "";
      // By some types the server would take bytes for something else.
      const type = !isBytes
        ? (contentType ?? "application/json")
        : /^$|json|^text|form/.test(own)
          ? "application/octet-stream"
          : own;
      const body = content === undefined ? content : new Blob([content as BlobPart], { type });
      const bytes = body?.size ?? 0;
      const isLarge = bytes > MAX_FRAME_BYTES;
      return add(
        ephemeral ? undefined : channel,
        bytes,
        tuning.publishMs,
        signal,
        // A frame's condition knows no epoch.
        isBytes || isLarge || artifact || ifHead,
        ephemeral,
        "PUBLISH_TIMEOUT",
        undefined,
        async (duplex, stop) => {
          const about = { event, key, ephemeral, inline };
          if (duplex)
            return duplex.request({
              ...about,
              type: "publish",
              channel,
              idempotencyKey,
              deleted,
              contentType,
              preview,
              data: contentType ? content : content && JSON.parse(content as string),
            });
          const query = said({ ...about, artifact, preview: JSON.stringify(preview) });
          const response = await http(`/channels/${channel}?${new URLSearchParams(query)}`, {
            method: deleted ? "DELETE" : "POST",
            headers: { "idempotency-key": idempotencyKey, "if-match": ifHead && `"${ifHead}"` },
            body,
            signal: stop,
            timeoutMs: isLarge ? LARGE_MS : undefined,
          });
          const published = await response.json().catch(() => 0);
          if (ephemeral || published?.cursor) return published as Published;
          throw blockedError();
        },
      );
    },

    async command(name, input, { timeoutMs, idempotencyKey, onProgress, signal } = {}) {
      const text = input === undefined ? input : toJson(input);
      const tell = (data: unknown): void => {
        try {
          onProgress?.(data);
        } catch (cause) {
          report(new TidingsError("LISTENER_FAILED", `onProgress of "${name}" threw.`, { cause }));
        }
      };
      return add(
        undefined,
        text?.length ?? 0,
        timeoutMs ?? COMMAND_MS,
        signal,
        false,
        // Without a key it could be done twice.
        !idempotencyKey,
        "COMMAND_TIMEOUT",
        /^(CONNECTION_LOST|UNREACHABLE|SILENT|DRAINING)$/,
        async (duplex, stop, leftMs) => {
          const left = timeoutMs && Math.max(1, Math.ceil(leftMs));
          const json = text && JSON.parse(text);
          if (duplex) {
            const answer = await duplex.request(
              { type: "command", name, data: json, timeoutMs: left, idempotencyKey },
              { onProgress: tell, signal: stop },
            );
            return answer.data;
          }
          try {
            const response = await http(
              `/commands/${encodeURIComponent(name)}${left ? `?timeout=${left / 1_000}` : ""}`,
              {
                method: "POST",
                accept: onProgress && "application/x-ndjson",
                headers: { "idempotency-key": idempotencyKey },
                json,
                signal: stop,
                // The head comes with the answer.
                timeoutMs: 0,
              },
            );
            if (!onProgress || !response.body) {
              const answer = await response.text();
              return answer ? parse(answer) : undefined;
            }
            let last: (Fault & { readonly type: string }) | undefined;
            await readLines(response.body, (line) => {
              if (!line) return;
              last = parse(line) as typeof last;
              if (last?.type === "progress") tell(last.data);
            });
            if (last?.type === "ok") return last.data;
            throw last?.type === "error" ? faultOf(last) : lostError();
          } catch (error) {
            const { code, status, cause } = Object(error) as TidingsError;
            // Nobody knows whether it has come.
            throw lostError(code === "UNREACHABLE" && !status ? cause : error);
          }
        },
      );
    },

    close() {
      isClosed = true;
      off();
      clearTimeout(pause);
      for (const ask of pending) ask.fail(closedError());
    },
  };
};

const closedError = (): TidingsError => new TidingsError("CLOSED", "the client is closed.");

/** A value as JSON, as it is at this moment. */
export const toJson = (value: unknown): string => {
  let cause: unknown;
  try {
    const text = JSON.stringify(value) as string | undefined;
    if (text) return text;
  } catch (error) {
    cause = error;
  }
  throw new TidingsError("PAYLOAD_INVALID", "JSON cannot say it.", { cause });
};
