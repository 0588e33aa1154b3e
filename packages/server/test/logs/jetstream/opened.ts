import type { LogOptions } from "@tidings/core";
import type { OpenedLog } from "@tidings/testing";
import { JetStreamLog, type JetStreamLogOptions } from "../../../src/logs/jetstream/index.ts";
import { keepAll, reopened } from "../opened.ts";

let prefixes = 0;

/** A prefix that no other log of this process has. */
function ownPrefix(): string {
  return `test${++prefixes}`;
}

/** Options of a log that keeps everything, by the real clock. */
export function plainOptions(url: string, prefix: string = ownPrefix()): JetStreamLogOptions {
  return { url, prefix, ...keepAll() };
}

/** A log with a stream of its own, for the conformance list. */
export async function openJetStreamLog(
  url: string,
  options: LogOptions,
  more: Partial<JetStreamLogOptions> = {},
): Promise<OpenedLog> {
  const prefix = ownPrefix();
  return reopened(() => JetStreamLog.open({ ...options, url, prefix, ...more }));
}
