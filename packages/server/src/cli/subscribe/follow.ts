import type { GapFrame, MessageObject } from "@tidings/protocol";
import { RefusedError, type Server, UnreachableError } from "../api.ts";
import { Backoff } from "../backoff.ts";
import { EXIT, Failure } from "../exit.ts";
import { pause } from "../pause.ts";
import type { Source, SourceFrame, SourceRequest, Start } from "./source.ts";

export interface FollowOptions {
  readonly server: Server;
  readonly source: Source;
  readonly starts: ReadonlyMap<string, Start>;
  readonly events: readonly string[];
  readonly signal: AbortSignal;
  /** How long the first connection is tried for; later ones are without end. */
  readonly connectTimeoutMs: number;
  /** Told when a connection was lost, and when another one stands. */
  readonly onLost?: (failure: Error, pauseMs: number) => void;
  readonly onBack?: () => void;
}

/** What a subscriber is told: messages, gaps, and when everything there was has come. */
export type Followed = MessageObject | GapFrame | { readonly type: "caught-up" };

/** A connection that greets nothing for so long is given up. */
const GREETING_MS = 8_000;
/** Heartbeats come every 15–25 s by default; one that says nothing for much longer is dead. */
const SILENCE_MS = 90_000;
/** A connection that held for so long was a good one: the next pause is a short one again. */
const STABLE_MS = 5_000;

/**
 * Reads channels without end, over as many connections as it takes. Cursors are held here, from the first greeting
 * on, so that each connection begins exactly where the one before it ended, whatever the transport.
 *
 * @throws {UnreachableError} when the first connection could not be made in time
 * @throws {RefusedError} when the server will not serve it
 */
export async function* follow(options: FollowOptions): AsyncGenerator<Followed> {
  const { signal } = options;
  const starts = new Map(options.starts);
  const backoff = new Backoff();
  const firstUntilMs = Date.now() + options.connectTimeoutMs;
  let wasGreeted = false;
  let isLost = false;
  for (;;) {
    const openedAtMs = Date.now();
    const behind = new Set(starts.keys());
    let hintMs: number | undefined;
    let failure: Error;
    try {
      for await (const frame of watched(options, starts)) {
        wasGreeted = true;
        if (isLost) options.onBack?.();
        isLost = false;
        move(starts, frame);
        if (frame.type === "message" || frame.type === "gap") yield frame;
        else if (frame.type === "caught-up" && behind.delete(frame.channel) && behind.size === 0)
          yield { type: "caught-up" };
        else if (frame.type === "draining") hintMs = frame.reconnectInMs;
        else if (frame.type === "error")
          throw new ServerSaidError(frame.code, frame.message, frame.retryable);
      }
      signal.throwIfAborted();
      failure = new UnreachableError(options.server, new Error("the server ended the connection"));
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error)) throw error;
      failure = error;
    }
    if (Date.now() - openedAtMs >= STABLE_MS) backoff.reset();
    const pauseMs = Math.max(backoff.nextMs(), hintMs ?? 0);
    if (!wasGreeted && Date.now() + pauseMs > firstUntilMs) throw failure;
    if (!isLost) options.onLost?.(failure, pauseMs);
    isLost = true;
    await pause(pauseMs, signal);
  }
}

/** The frames of one connection, which is given up when it is silent for too long. */
async function* watched(
  options: FollowOptions,
  starts: SourceRequest["starts"],
): AsyncGenerator<SourceFrame> {
  const abort = new AbortController();
  const signal = AbortSignal.any([options.signal, abort.signal]);
  const frames = options.source({ ...options, starts: new Map(starts), signal })[Symbol.asyncIterator]();
  let silenceMs = GREETING_MS;
  try {
    for (;;) {
      // Only while waiting for the server: a reader of ours that is slow says nothing about the connection.
      const giveUp = new UnreachableError(
        options.server,
        new Error(`it said nothing for ${silenceMs / 1_000} s`),
      );
      const timer = setTimeout(() => abort.abort(giveUp), silenceMs);
      const next = await frames.next().finally(() => clearTimeout(timer));
      abort.signal.throwIfAborted();
      if (next.done === true) return;
      silenceMs = SILENCE_MS;
      yield next.value;
    }
  } catch (error) {
    if (abort.signal.aborted && !options.signal.aborted) throw abort.signal.reason;
    throw error;
  } finally {
    // Whatever goes wrong in letting a connection go that is not wanted any more is nobody's concern, and would
    // otherwise be taken for its loss.
    await frames.return?.(undefined).catch(() => undefined);
    abort.abort();
  }
}

function move(starts: Map<string, Start>, frame: SourceFrame): void {
  switch (frame.type) {
    case "message":
      // An ephemeral message has no cursor, and moves nothing.
      if (frame.cursor !== undefined) starts.set(frame.channel, { since: frame.cursor });
      break;
    case "gap":
      starts.set(frame.channel, { since: frame.to });
      break;
    case "caught-up":
      starts.set(frame.channel, { since: frame.cursor });
      break;
    case "position":
      for (const [channel, since] of Object.entries(frame.cursors)) starts.set(channel, { since });
      break;
    default:
  }
}

/** The server told of an error in band. */
class ServerSaidError extends Failure {
  readonly isRetryable: boolean;

  constructor(code: string, message: string, isRetryable: boolean) {
    super(EXIT.refused, `${code}: ${message}`);
    this.isRetryable = isRetryable;
  }
}

function isPassing(error: unknown): error is Error {
  if (error instanceof RefusedError || error instanceof ServerSaidError) return error.isRetryable;
  return error instanceof UnreachableError;
}
