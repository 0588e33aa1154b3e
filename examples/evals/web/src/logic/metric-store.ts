import type { Points } from "./downsample.ts";

/** What is held of a run's metrics; above it the oldest points, and further metrics, are left out. */
export const METRIC_STORE_LIMITS = { maxMetrics: 64, maxPoints: 200_000 } as const;

export interface Point {
  readonly name: string;
  readonly step: number;
  readonly value: number;
}

interface Series {
  readonly steps: number[];
  readonly values: number[];
}

/** The points of each metric in the order of their steps; the newest of a step holds. */
export class MetricStore {
  readonly #series = new Map<string, Series>();
  readonly #limits: { readonly maxMetrics: number; readonly maxPoints: number };

  constructor(limits: Partial<Record<keyof typeof METRIC_STORE_LIMITS, number>> = {}) {
    this.#limits = { ...METRIC_STORE_LIMITS, ...limits };
  }

  /** By name, as they first came. */
  get names(): readonly string[] {
    return [...this.#series.keys()];
  }

  points(name: string): Points {
    return this.#series.get(name) ?? { steps: [], values: [] };
  }

  add({ name, step, value }: Point): void {
    let series = this.#series.get(name);
    if (series === undefined) {
      if (this.#series.size >= this.#limits.maxMetrics) return;
      series = { steps: [], values: [] };
      this.#series.set(name, series);
    }
    const { steps, values } = series;
    // Points come in the order of their steps but for one that begins anew: looked for from the end.
    let at = steps.length;
    while (at > 0 && (steps[at - 1] ?? 0) > step) at--;
    const isThere = at > 0 && steps[at - 1] === step;
    steps.splice(isThere ? at - 1 : at, isThere ? 1 : 0, step);
    values.splice(isThere ? at - 1 : at, isThere ? 1 : 0, value);
    if (steps.length > this.#limits.maxPoints) {
      steps.shift();
      values.shift();
    }
  }
}
