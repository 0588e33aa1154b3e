import type { Latency } from "../shapes.ts";

/** Each octave has so many buckets: the middle of one is within 2.2 % of whatever is in it. */
const PER_OCTAVE = 16;
const LEAST_MS = 0.01;
/** Up to 671 seconds, longer than a run; what is above is in the last. */
const BUCKETS = 26 * PER_OCTAVE + 1;
/** How many reports the recent past has: 5 seconds of them. */
const RECENT = 10;

/** How often there were latencies of each length. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #maxMs = 0;

  add(ms: number): void {
    const at = ms <= LEAST_MS ? 0 : Math.ceil(Math.log2(ms / LEAST_MS) * PER_OCTAVE);
    const bucket = Math.min(BUCKETS - 1, at);
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1;
    this.#count++;
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  addAll(other: Histogram): void {
    for (let at = 0; at < BUCKETS; at++)
      this.#counts[at] = (this.#counts[at] as number) + (other.#counts[at] as number);
    this.#count += other.#count;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#maxMs = 0;
  }

  report(): Latency {
    const buckets: (readonly [number, number])[] = [];
    for (const [at, count] of this.#counts.entries())
      if (count > 0) buckets.push([Number(edgeMs(at).toPrecision(4)), count]);
    return {
      count: this.#count,
      p50Ms: this.#quantile(0.5),
      p90Ms: this.#quantile(0.9),
      p99Ms: this.#quantile(0.99),
      maxMs: this.#count === 0 ? null : Number(this.#maxMs.toFixed(3)),
      buckets,
    };
  }

  #quantile(share: number): number | null {
    if (this.#count === 0) return null;
    let left = Math.ceil(this.#count * share);
    let at = 0;
    while (at < BUCKETS - 1 && left > (this.#counts[at] as number)) left -= this.#counts[at++] as number;
    // The middle, as lengths are spread over a bucket by their ratio.
    return Number(Math.min(this.#maxMs, edgeMs(at) / 2 ** (0.5 / PER_OCTAVE)).toFixed(3));
  }
}

/** The upper edge of a bucket. */
function edgeMs(at: number): number {
  return LEAST_MS * 2 ** (at / PER_OCTAVE);
}

/** The same for the last reports alone. */
export class RecentHistogram {
  readonly #parts = Array.from({ length: RECENT }, () => new Histogram());
  #at = 0;

  add(ms: number): void {
    this.#parts[this.#at]?.add(ms);
  }

  clear(): void {
    for (const part of this.#parts) part.clear();
  }

  /** What there is, and makes room for what comes until the next report. */
  report(): Latency {
    const all = new Histogram();
    for (const part of this.#parts) all.addAll(part);
    this.#at = (this.#at + 1) % RECENT;
    this.#parts[this.#at]?.clear();
    return all.report();
  }
}
