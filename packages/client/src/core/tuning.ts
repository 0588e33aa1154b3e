import type { Tuning } from "../types.ts";

/**
 * See {@link Tuning} for each: its default; and its least value where there is one, below which a client that meets nothing but trouble
 * would ask without end.
 */
export const VALUES: { readonly [Name in keyof Tuning]: readonly [value: number, least?: number] } = {
  greetingMs: [3_000],
  backoffMs: [500, 10],
  maxBackoffMs: [30_000, 100],
  stableMs: [5_000],
  pathMemoryMs: [300_000, 1_000],
  maxCutAgeMs: [90_000],
  burstSends: [3],
  burstMs: [2_000],
  steadyMinutes: [3],
  calmMs: [60_000],
  waitMs: [25_000, 100],
  pollMs: [2_000, 10],
  requestMs: [10_000],
  publishMs: [60_000],
  maxPending: [1_000],
  maxPendingBytes: [8_388_608],
  maxQueued: [10_000, 1],
  renewMs: [30_000],
};

/** The longest time, in milliseconds, and more is taken for as much: sixteen of it (see `pathMemoryMs`) are what a timer can wait. */
export const MOST_MS = 134_217_727;

/**
 * The defaults, and what the application says otherwise.
 *
 * @throws {RangeError} for what is not a number of 0 or above
 */
export const tuningOf = (given: Partial<Tuning> = {}): Tuning => {
  const tuning: Record<string, number> = {};
  for (const [name, [byDefault, least = 0]] of Object.entries(VALUES)) {
    const value = given[name as keyof Tuning] ?? byDefault;
    if (!(value >= 0)) throw new RangeError(`tuning.${name} must be 0 or above.`);
    tuning[name] = Math.min(name.endsWith("Ms") ? MOST_MS : Infinity, Math.max(least, value));
  }
  return tuning as unknown as Tuning;
};

/** What holds where nothing is said. */
export const DEFAULT_TUNING: Tuning = /* @__PURE__ */ tuningOf();
