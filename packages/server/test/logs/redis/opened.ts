import type { LogOptions } from "@tidings/core";
import type { OpenedLog } from "@tidings/testing";
import { RedisLog, type RedisLogOptions } from "../../../src/logs/redis/index.ts";
import { keepAll, reopened } from "../opened.ts";

let prefixes = 0;

/** A prefix that no other log of this process has. */
function ownPrefix(): string {
  return `test${++prefixes}:`;
}

/** Options of a log that keeps everything, by the real clock. */
export function plainOptions(url: string, prefix: string = ownPrefix()): RedisLogOptions {
  return { url, prefix, ...keepAll() };
}

/** A log with keys of its own, for the conformance list. */
export async function openRedisLog(
  url: string,
  options: LogOptions,
  more: Partial<RedisLogOptions> = {},
): Promise<OpenedLog> {
  const prefix = ownPrefix();
  return reopened(() => RedisLog.open({ ...options, url, prefix, ...more }));
}
