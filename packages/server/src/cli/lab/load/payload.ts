/** What every message of a run carries, as in the benchmarks: its number from 1 on, when it was published, and padding. */
export interface Payload {
  readonly n: number;
  /** By {@link nowMs}. */
  readonly sentAtMs: number;
  readonly pad: string;
}

/** Milliseconds since 1970 by the machine's clock, finer than `Date.now()`. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** One whose JSON has `size` bytes. */
export function payloadOf(n: number, size: number): Payload {
  const sentAtMs = Number(nowMs().toFixed(3));
  const bare = JSON.stringify({ n, sentAtMs, pad: "" } satisfies Payload).length;
  return { n, sentAtMs, pad: "x".repeat(Math.max(0, size - bare)) };
}
