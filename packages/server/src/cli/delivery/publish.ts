import { IDEMPOTENCY_MS } from "@tidings/protocol";
import { ask, readJson, RefusedError, type Server, UnreachableError } from "../api.ts";
import { Backoff } from "../backoff.ts";
import type { Failure } from "../exit.ts";
import { pause } from "../pause.ts";

/** One publish, as it goes to the server. */
export interface PublishRequest {
  /** `DELETE` for the deletion of the `key` in the query. Default `POST`. */
  readonly method?: "POST" | "DELETE";
  readonly channel: string;
  /** `event`, `key`, `ephemeral`, `inline`, `preview`, `artifact`. */
  readonly query: Readonly<Record<string, string>>;
  readonly contentType: string;
  readonly body: Buffer;
  /** Without one, and without keys in the lines of a batch, only what surely was not sent is tried again. */
  readonly idempotencyKey: string | undefined;
  /** Whether each line of a batch has an idempotency key of its own. */
  readonly hasLineKeys?: boolean;
  readonly ifMatch: string | undefined;
}

export interface PublishAnswer {
  /** Of the last message; absent where it is not kept. */
  readonly cursor?: string;
  readonly offset?: number;
  readonly count?: number;
  readonly duplicate?: boolean;
}

/** What the channel says of a batch whose answer was lost. */
export type Finding =
  | { readonly isThere: true; readonly cursor: string }
  | { readonly isThere: false; readonly head: string };

export interface DeliverOptions {
  readonly signal: AbortSignal;
  /** How long to go on trying. */
  readonly giveUpAfterMs: number;
  /** Told of each failed try, and how long the pause after it is. */
  readonly onRetry?: (failure: Failure, pauseMs: number) => void;
  /** Looks whether the batch is in the channel already; needed where `giveUpAfterMs` is above {@link SAFE_RETRY_MS}. */
  readonly find?: (signal: AbortSignal) => Promise<Finding>;
  /** Default {@link SAFE_RETRY_MS}. */
  readonly safeRetryMs?: number;
}

/**
 * For how long a publish with an unknown end may simply be sent again: the log remembers its key for five minutes,
 * and a minute is left for clocks that differ and requests under way.
 */
export const SAFE_RETRY_MS: number = IDEMPOTENCY_MS - 60_000;
/** How long one try may take. */
const ATTEMPT_MS = 30_000;

/**
 * Publishes once, however often it takes: tries again after faults that pass, with the same idempotency key, so that
 * an answer that was lost does not publish twice.
 *
 * When the outage outlasts the key, the channel itself is asked: the batch stands there as a whole or not at all. If
 * it does not, it is sent on the condition that the head is still the one that was looked at (`If-Match`), and under
 * the same key: whatever arrives in between, also an old try that was stuck on the way, is noticed and looked at.
 *
 * @throws {UnreachableError} when it gave up
 * @throws {RefusedError} when the server will not take it
 */
export async function deliver(
  server: Server,
  request: PublishRequest,
  options: DeliverOptions,
): Promise<PublishAnswer> {
  const { signal, find, safeRetryMs = SAFE_RETRY_MS } = options;
  const backoff = new Backoff();
  const giveUpAtMs = Date.now() + options.giveUpAfterMs;
  const canRepeat = request.idempotencyKey !== undefined || request.hasLineKeys === true;
  let uncertainSinceMs = Number.POSITIVE_INFINITY;
  for (;;) {
    const startedAtMs = Date.now();
    let conditional = request;
    try {
      if (find !== undefined && startedAtMs - uncertainSinceMs >= safeRetryMs) {
        const finding = await find(signal);
        if (finding.isThere) return { cursor: finding.cursor, duplicate: true };
        conditional = { ...request, ifMatch: finding.head };
      }
      const attemptMs = Math.max(1, Math.min(ATTEMPT_MS, giveUpAtMs - startedAtMs));
      return await publishOnce(
        server,
        conditional,
        AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof RefusedError || error instanceof UnreachableError)) throw error;
      const isOvertaken =
        error instanceof RefusedError && error.code === "CONFLICT" && conditional !== request;
      if (error instanceof RefusedError && !error.isRetryable && !isOvertaken) throw error;
      if (isUncertain(error)) {
        if (!canRepeat) throw error;
        uncertainSinceMs = Math.min(uncertainSinceMs, startedAtMs);
      }
      const pauseMs = backoff.nextMs();
      if (Date.now() + pauseMs > giveUpAtMs) throw error;
      options.onRetry?.(error, pauseMs);
      await pause(pauseMs, signal);
    }
  }
}

async function publishOnce(
  server: Server,
  request: PublishRequest,
  signal: AbortSignal,
): Promise<PublishAnswer> {
  const query = new URLSearchParams(request.query).toString();
  const { method = "POST", body } = request;
  const headers: Record<string, string> = method === "POST" ? { "content-type": request.contentType } : {};
  if (request.idempotencyKey !== undefined) headers["idempotency-key"] = request.idempotencyKey;
  if (request.ifMatch !== undefined) headers["if-match"] = `"${request.ifMatch}"`;
  const response = await ask(server, `/channels/${request.channel}${query === "" ? "" : `?${query}`}`, {
    method,
    headers,
    ...(method === "POST" ? { body } : {}),
    signal,
  });
  return readJson<PublishAnswer>(server, response);
}

/** Whether the batch may have been appended all the same. */
function isUncertain(error: RefusedError | UnreachableError): boolean {
  if (error instanceof UnreachableError) return !error.wasNotSent;
  // These say that nothing was appended. Others of 500 and above may come from a proxy that lost the answer.
  const saysNothingDone = [
    "DRAINING",
    "LOG_FULL",
    "LOG_UNAVAILABLE",
    "RATE_LIMITED",
    "TOO_MANY_CONNECTIONS",
    "CONFLICT",
  ];
  return error.status >= 500 && !saysNothingDone.includes(error.code ?? "");
}
