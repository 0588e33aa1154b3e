import type { Sample } from "../live/shapes.ts";

/** A sample, and when it was taken: milliseconds since the epoch, by the server's clock. */
export interface Moment {
  readonly atMs: number;
  readonly sample: Sample;
}

interface Range {
  readonly label: string;
  readonly ms: number;
  /** Drawn from means of ten seconds. */
  readonly isOfTens: boolean;
  /** Samples that are further apart have something missing between them. */
  readonly maxStepMs: number;
}

const MINUTE_MS = 60_000;
const SECONDS = { isOfTens: false, maxStepMs: 3_500 } as const;
const TENS = { isOfTens: true, maxStepMs: 25_000 } as const;

export const RANGES = {
  "5m": { label: "5 min", ms: 5 * MINUTE_MS, ...SECONDS },
  "15m": { label: "15 min", ms: 15 * MINUTE_MS, ...SECONDS },
  "1h": { label: "1 h", ms: 60 * MINUTE_MS, ...TENS },
  "6h": { label: "6 h", ms: 360 * MINUTE_MS, ...TENS },
} as const satisfies Readonly<Record<string, Range>>;

export type RangeId = keyof typeof RANGES;
