import { randomUUID } from "node:crypto";
import { RefusedError, type Server } from "../api.ts";
import type { Failure } from "../exit.ts";
import { pause } from "../pause.ts";
import { findBatch } from "./find-batch.ts";
import type { BatchLimits, Outbox } from "./outbox.ts";
import { deliver, type PublishAnswer, SAFE_RETRY_MS } from "./publish.ts";

export interface DeliverAllOptions {
  readonly signal: AbortSignal;
  /** How long one batch is tried. */
  readonly giveUpAfterMs: number;
  readonly query?: Readonly<Record<string, string>>;
  /** Whether the lines have idempotency keys of their own; else each batch gets one. */
  readonly hasLineKeys?: boolean;
  readonly isEphemeral?: boolean;
  readonly onAnswer?: (answer: PublishAnswer, count: number) => Promise<void> | void;
  readonly onRetry?: (failure: Failure, pauseMs: number) => void;
  /** Told of a message that the server will never take; it is passed over. Without it, delivery ends there. */
  readonly onRefusedMessage?: (refusal: RefusedError) => void;
  /** Default {@link SAFE_RETRY_MS}. */
  readonly safeRetryMs?: number;
}

/** Well below what a server takes by default. */
const BATCH: BatchLimits = { maxMessages: 1_000, maxBytes: 1_048_576 };
/** How long the first message waits for company: a fast source gets large batches, a slow one is live. */
const GATHER_MS = 15;

/**
 * Delivers what is put into an outbox, in order and a batch at a time, until it is closed and empty. While one batch
 * is under way the next gathers, so the batches grow with the rate.
 */
export async function deliverAll(
  server: Server,
  channel: string,
  outbox: Outbox,
  options: DeliverAllOptions,
): Promise<void> {
  const { signal } = options;
  const run = randomUUID();
  let lastCursor = "earliest";
  let usual = BATCH;
  let limits = usual;
  for (let number = 1; await ready(outbox, signal); number++) {
    if (outbox.size < limits.maxMessages) await pause(GATHER_MS, signal);
    const lines = outbox.peek(limits);
    try {
      const answer = await deliver(
        server,
        {
          channel,
          query: options.query ?? {},
          contentType: "application/x-ndjson",
          body: Buffer.concat(lines),
          idempotencyKey:
            options.isEphemeral === true || options.hasLineKeys === true ? undefined : `${run}.${number}`,
          hasLineKeys: options.hasLineKeys === true,
          ifMatch: undefined,
        },
        {
          ...options,
          ...(options.giveUpAfterMs > (options.safeRetryMs ?? SAFE_RETRY_MS)
            ? { find: (findSignal) => findBatch(server, channel, lastCursor, lines, findSignal) }
            : {}),
        },
      );
      outbox.drop(lines.length);
      lastCursor = answer.cursor ?? lastCursor;
      limits = usual;
      await options.onAnswer?.(answer, lines.length);
    } catch (error) {
      if (!(error instanceof RefusedError) || error.status !== 413) throw error;
      // The server's limits are smaller than the usual ones. A refused batch was not appended, so its parts are new.
      if (lines.length > 1) {
        limits = { ...limits, maxMessages: Math.ceil(lines.length / 2) };
        if (error.code === "BATCH_TOO_LARGE") usual = limits;
      } else if (options.onRefusedMessage === undefined) throw error;
      else {
        options.onRefusedMessage(error);
        outbox.drop(1);
        limits = usual;
      }
    }
  }
}

async function ready(outbox: Outbox, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<false>((resolve) => {
    onAbort = () => resolve(false);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  const isReady = await Promise.race([outbox.ready(), aborted]);
  if (onAbort !== undefined) signal.removeEventListener("abort", onAbort);
  signal.throwIfAborted();
  return isReady;
}
