/** A worker that lived for so long is replaced at once, in milliseconds. */
const LONG_LIVED_MS = 10_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 5_000;

/** How long to wait before a worker that died is replaced: longer each time where they die young. */
export class Restarts {
  #young = 0;

  /** @param livedMs how long the one that died was there, in milliseconds */
  delayMs(livedMs: number): number {
    if (livedMs >= LONG_LIVED_MS) {
      this.#young = 0;
      return 0;
    }
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#young++);
  }
}
