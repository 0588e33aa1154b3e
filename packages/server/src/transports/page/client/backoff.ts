const DEFAULT_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** What is known when a stream has ended and is to be opened again. */
export interface Ending {
  /** Attempts in a row that brought nothing. 0 after a stream that worked. */
  readonly failures: number;
  /** The pause the server asked for (`retry:`), in milliseconds. */
  readonly retryMs: number | undefined;
  /** 0 up to 1. */
  readonly random: number;
}

/** How long to wait before the next attempt, in milliseconds: doubled with each failure, at most 30 s, jittered. */
export function backoffMs({ failures, retryMs = DEFAULT_PAUSE_MS, random }: Ending): number {
  const pause = Math.min(LONGEST_PAUSE_MS, retryMs * 2 ** Math.min(failures, 10));
  // Half of it is left to chance: readers that lost a server together must not come back together.
  return Math.round(pause * (0.5 + random / 2));
}
