import type { Tuning } from "../types.ts";

/** See {@link Tuning} for each. */
export const DEFAULT_TUNING: Tuning = {
  greetingMs: 3_000,
  backoffMs: 500,
  maxBackoffMs: 30_000,
  stableMs: 5_000,
  pathMemoryMs: 300_000,
  maxCutAgeMs: 90_000,
  burstSends: 3,
  burstMs: 2_000,
  steadyMinutes: 3,
  waitMs: 25_000,
  pollMs: 2_000,
  requestMs: 10_000,
  publishMs: 60_000,
  maxPending: 1_000,
  maxPendingBytes: 8_388_608,
  maxQueued: 10_000,
  renewMs: 30_000,
};

/** Below these a client that meets nothing but trouble would ask without end: less is taken for as much. */
export const LEAST: Partial<Tuning> = {
  backoffMs: 10,
  maxBackoffMs: 100,
  pathMemoryMs: 1_000,
  waitMs: 100,
  pollMs: 10,
  maxQueued: 1,
};

/** The longest time, in milliseconds, and more is taken for as much: sixteen of it (see `pathMemoryMs`) are what a timer can wait. */
export const MOST_MS = 134_217_727;

/**
 * The defaults, and what the application says otherwise.
 *
 * @throws {RangeError} for what is not a number of 0 or above
 */
export function tuningOf(given: Partial<Tuning> = {}): Tuning {
  const tuning: Record<string, number> = { ...DEFAULT_TUNING };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!(value >= 0)) throw new RangeError(`tuning.${name} is ${String(value)}; it must be 0 or above.`);
    const most = name.endsWith("Ms") ? MOST_MS : Infinity;
    tuning[name] = Math.min(most, Math.max(LEAST[name as keyof Tuning] ?? 0, value));
  }
  return tuning as unknown as Tuning;
}
