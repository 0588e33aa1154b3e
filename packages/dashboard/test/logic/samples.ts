import type { ConnectionRow, Sample } from "../../src/live/shapes.ts";
import type { Moment } from "../../src/logic/ranges.ts";

/** A quiet server, but for what is given. */
export function sample(changes: Partial<Sample> = {}): Sample {
  return {
    node: "a",
    uptimeSeconds: 60,
    in: { messages: 1, bytes: 1 },
    out: { messages: 1, bytes: 1, replayedMessages: 0, replayedBytes: 0 },
    connections: { sse: 1 },
    sockets: 1,
    laggingReaders: 0,
    deliveryMs: { p50: 1, p99: 3, max: 4 },
    commitMs: { p50: 1, p99: 3, max: 4 },
    eventLoopMs: { p50: 0, p99: 2, max: 5 },
    cpuPercent: 4,
    memory: { residentBytes: 1, heapBytes: 1 },
    log: {
      channels: 1,
      maxChannels: 10,
      usedBytes: 1_000_000,
      disk: { fileBytes: 2_000_000, freeBytes: 8_000_000_000 },
    },
    artifacts: { count: 0, bytes: 0 },
    refused: {},
    ...changes,
  };
}

/** As many moments, a second apart. */
export function moments(count: number, changes: Partial<Sample> = {}): readonly Moment[] {
  return Array.from({ length: count }, (_, at) => ({ atMs: at * 1_000, sample: sample(changes) }));
}

export function row(changes: Partial<ConnectionRow> = {}): ConnectionRow {
  return {
    connection: "c",
    transport: "sse",
    address: "10.0.0.1",
    who: { kind: "token", subject: "ada" },
    since: new Date(0).toISOString(),
    channels: 1,
    behind: 1,
    lag: 12,
    slowest: "a",
    state: "waiting",
    stateSince: new Date(0).toISOString(),
    bytes: 1,
    bytesPerSecond: 0,
    bufferedBytes: 65_536,
    ...changes,
  };
}
