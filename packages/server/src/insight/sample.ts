import type { DiskUse } from "./disk.ts";
import type { Quantiles } from "./quantiles.ts";

/** How a node does: what `$tidings/stats` has a second, and `$tidings/stats/10s` as means of ten of them. */
export interface Sample {
  /** The node's name, another one after each start. */
  readonly node: string;
  readonly uptimeSeconds: number;
  /** Published, a second: messages, and bytes of their payloads. */
  readonly in: { readonly messages: number; readonly bytes: number };
  /** Handed to readers, a second: one message to a thousand readers counts a thousand. */
  readonly out: {
    readonly messages: number;
    readonly bytes: number;
    /** Of readers that catch up from what is kept. */
    readonly replayedMessages: number;
    readonly replayedBytes: number;
  };
  /** Held open, by transport. */
  readonly connections: Readonly<Record<string, number>>;
  /** Connections to the server's own ports, idle ones too. */
  readonly sockets: number;
  /** Readers that are not live. */
  readonly laggingReaders: number;
  /** From where the log was asked to append to where the bytes were handed to all live readers, in milliseconds; of some messages. `null`: there was none. */
  readonly deliveryMs: Quantiles | null;
  /** What one commit of a durable log takes to write and flush, in milliseconds. */
  readonly commitMs: Quantiles | null;
  /** How late the event loop is, in milliseconds. */
  readonly eventLoopMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Of one core. */
  readonly cpuPercent: number;
  readonly memory: { readonly residentBytes: number; readonly heapBytes: number };
  readonly log: {
    readonly channels: number;
    readonly maxChannels: number | null;
    /** Bytes of the file that are in use; `null` for a log in memory. */
    readonly usedBytes: number | null;
    readonly disk: DiskUse | null;
  };
  readonly artifacts: { readonly count: number; readonly bytes: number };
  /** A second, by code; only those that there were. */
  readonly refused: Readonly<Record<string, number>>;
}

type Json = string | number | null | readonly Json[] | { readonly [name: string]: Json };

/** Greatest of all rather than their mean: what stands out in one second must not be smoothed away. */
const GREATEST = new Set(["p99", "max"]);
const SUMMED = new Set(["count"]);

/** Several samples as one. A number is the mean of those that there are; what is missing in some is 0 there where it is a rate. */
export function meanOf(samples: readonly Sample[]): Sample {
  return merge("", samples as unknown as readonly Json[]) as unknown as Sample;
}

function merge(name: string, values: readonly Json[]): Json {
  const there = values.filter((value) => value !== null);
  const newest = there.at(-1);
  if (newest === undefined) return null;
  if (typeof newest === "number") return mergeNumbers(name, there as readonly number[]);
  if (typeof newest !== "object") return newest;
  const objects = there as readonly { readonly [name: string]: Json }[];
  const isRate = name === "refused";
  const names = new Set(objects.flatMap((object) => Object.keys(object)));
  return Object.fromEntries(
    [...names].map((each) => [
      each,
      merge(
        each,
        objects.map((object) => object[each] ?? (isRate ? 0 : null)),
      ),
    ]),
  );
}

function mergeNumbers(name: string, values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0);
  // Not the number of things, which mean nothing in part, but for rates.
  if (GREATEST.has(name)) return Math.max(...values);
  if (SUMMED.has(name)) return sum;
  return Math.round((sum / values.length) * 1_000) / 1_000;
}
