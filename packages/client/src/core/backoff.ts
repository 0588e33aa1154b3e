import type { Tuning } from "../types.ts";

/**
 * How long to wait before the attempt after `attempt` (from 1): full jitter, drawn evenly between 0 and a ceiling that
 * doubles from `backoffMs` to `maxBackoffMs`, so that clients that lost the same server do not come back together.
 */
export const backoffMs = (attempt: number, tuning: Pick<Tuning, "backoffMs" | "maxBackoffMs">): number =>
  Math.random() * Math.min(tuning.maxBackoffMs, tuning.backoffMs * 2 ** (attempt - 1));

/** `setTimeout` for any time: what is longer than its 31 bits, `Infinity` too, would be over at once. */
export const after = (ms: number, done: () => void): ReturnType<typeof setTimeout> =>
  setTimeout(done, Math.min(ms, 2_147_483_647));

/** Waits, or for as long as nothing is aborted. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = after(ms, done);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
