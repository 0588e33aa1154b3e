import type { LmdbLogOptions } from "../../../src/logs/lmdb/index.ts";

/** What the process that is killed and the test that looks afterwards open the log with. */
export function killedOptions(path: string): LmdbLogOptions {
  const none = Number.POSITIVE_INFINITY;
  const few = { maxMessages: 40, maxBytes: 60_000, maxAgeMs: none };
  const all = { maxMessages: none, maxBytes: none, maxAgeMs: none };
  return {
    path,
    retentionOf: (channel) => (channel.startsWith("few/") ? few : all),
    nowMs: Date.now,
    newEpoch: () => Math.random().toString(36).slice(2),
  };
}
