import type { LogOptions } from "@tidings/core";
import type { OpenedLog } from "@tidings/testing";
import { JetStreamLog, type JetStreamLogOptions } from "../../../src/logs/jetstream/index.ts";

let prefixes = 0;

/** A prefix that no other log of this process has. */
function ownPrefix(): string {
  return `test${++prefixes}`;
}

/** Options of a log that keeps everything, by the real clock. */
export function plainOptions(url: string, prefix: string = ownPrefix()): JetStreamLogOptions {
  const maxMessages = Number.POSITIVE_INFINITY;
  const retention = { maxMessages, maxBytes: maxMessages, maxAgeMs: maxMessages };
  return {
    url,
    prefix,
    retentionOf: () => retention,
    nowMs: Date.now,
    newEpoch: () => Math.random().toString(36).slice(2),
  };
}

/** A log with a stream of its own, for the conformance list. */
export async function openJetStreamLog(
  url: string,
  options: LogOptions,
  more: Partial<JetStreamLogOptions> = {},
): Promise<OpenedLog> {
  const prefix = ownPrefix();
  const open = (): Promise<JetStreamLog> => JetStreamLog.open({ ...options, url, prefix, ...more });
  let log = await open();
  return {
    log,
    restart: async () => {
      await log.close();
      log = await open();
      return log;
    },
    [Symbol.asyncDispose]: () => log.close(),
  };
}
