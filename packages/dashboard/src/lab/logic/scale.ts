import type { Latency } from "./lab-code.ts";

/** What a plot of latencies shows at least, in milliseconds: five powers of ten, so that nothing moves while a run goes on. */
const FROM_MS = 0.1;
const TO_MS = 10_000;
/** After a long outage. */
const LONG_MS = 100_000;
/** Of the plot's own units; the browser stretches them. */
export const WIDTH = 1_000;
/** Buckets of a bar: the lab has 16 in a doubling, and half of that is easier on the eye. */
const PER_BAR = 2;
/** A single message in a million is still a line, in parts of the height. */
const LEAST_SHARE = 0.04;

/** A logarithmic axis: each power of ten is as wide as the next. */
export interface Scale {
  /** From 0 to {@link WIDTH}; what is beyond the ends is at them. */
  readonly xOf: (ms: number) => number;
  /** The powers of ten. */
  readonly ticksMs: readonly number[];
}

/** One axis for all of them, so that they can be compared. */
export function scaleFor(latencies: readonly Latency[]): Scale {
  const most = Math.max(0, ...latencies.map(({ maxMs }) => maxMs ?? 0));
  const toMs = most > TO_MS ? LONG_MS : TO_MS;
  const decades = Math.log10(toMs / FROM_MS);
  const ticks = Array.from({ length: Math.round(decades) + 1 }, (_, at) => FROM_MS * 10 ** at);
  return {
    xOf: (ms) => WIDTH * Math.min(1, Math.max(0, Math.log10(Math.max(ms, 1e-9) / FROM_MS) / decades)),
    // 0.1 times 1,000 is not 100 in every arithmetic.
    ticksMs: ticks.map((ms) => Number(ms.toPrecision(1))),
  };
}

export interface Bar {
  readonly x: number;
  readonly width: number;
  /** Of the highest one, above 0 and at most 1. */
  readonly share: number;
}

/** The distribution as bars: how often a latency was about so long. */
export function barsOf({ buckets }: Latency, { xOf }: Scale): readonly Bar[] {
  const counts = new Map<number, number>();
  for (const [toMs, count] of buckets) {
    // As the lab counts buckets: so many to a doubling, from 0.01 ms on.
    const bucket = Math.round(Math.log2(toMs / 0.01) * 16);
    const bar = Math.ceil(bucket / PER_BAR);
    counts.set(bar, (counts.get(bar) ?? 0) + count);
  }
  const most = Math.max(0, ...counts.values());
  return [...counts].map(([bar, count]) => {
    const to = xOf(edgeMs(bar));
    const from = xOf(edgeMs(bar - 1));
    return {
      x: Math.min(from, WIDTH - 2),
      width: Math.max(2, to - from),
      share: Math.max(LEAST_SHARE, count / most),
    };
  });
}

function edgeMs(bar: number): number {
  return 0.01 * 2 ** ((bar * PER_BAR) / 16);
}
