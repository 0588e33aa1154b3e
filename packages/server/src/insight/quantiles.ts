/** How many of the newest values count. */
const MAX_VALUES = 512;

export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** How many values there were; of more than 512 the newest count for the others. */
  readonly count: number;
}

/** Some values, until they are taken: bounded, and sorted only then. */
export class Values {
  readonly #values = new Float64Array(MAX_VALUES);
  #count = 0;

  add(value: number): void {
    this.#values[this.#count++ % MAX_VALUES] = value;
  }

  /** What there is to say of them; `null` where there was none. Begins anew. */
  take(): Quantiles | null {
    const count = this.#count;
    this.#count = 0;
    if (count === 0) return null;
    const sorted = this.#values.slice(0, Math.min(count, MAX_VALUES)).sort();
    const at = (share: number): number => round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
    return { p50: at(0.5), p99: at(0.99), max: at(1), count };
  }
}

/** To three digits after the point: microseconds of milliseconds. */
export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
