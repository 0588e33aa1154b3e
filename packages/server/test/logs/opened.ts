import type { Log, LogOptions } from "@tidings/core";
import type { OpenedLog } from "@tidings/testing";

/** Options of a log that keeps everything, by the real clock. */
export function keepAll(): LogOptions {
  const maxMessages = Number.POSITIVE_INFINITY;
  const retention = { maxMessages, maxBytes: maxMessages, maxAgeMs: maxMessages };
  return {
    retentionOf: () => retention,
    nowMs: Date.now,
    newEpoch: () => Math.random().toString(36).slice(2),
  };
}

/** A log that is opened anew in the same way, for the conformance list. `end`: what else goes with it. */
export async function reopened(
  open: () => Promise<Log>,
  end: () => Promise<void> = async () => undefined,
): Promise<OpenedLog> {
  let log = await open();
  return {
    log,
    restart: async () => {
      await log.close();
      log = await open();
      return log;
    },
    [Symbol.asyncDispose]: async () => {
      await log.close();
      await end();
    },
  };
}
