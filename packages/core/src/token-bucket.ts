/**
 * How much may still be taken: `perSecond` on average, and after a pause twice that at once. Starts full. Holds two
 * numbers, so that one for each peer costs nothing to speak of.
 */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond * 2;
    this.#atMs = nowMs;
  }

  /** Takes `count`, or nothing and answers `false` where there is less. More than the bucket holds is never given. */
  take(count: number, nowMs: number): boolean {
    const capacity = this.#perSecond * 2;
    // A clock that was set back gives nothing, and takes nothing away.
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(capacity, this.#tokens + (passedMs * this.#perSecond) / 1_000);
    this.#atMs = nowMs;
    if (count > this.#tokens) return false;
    this.#tokens -= count;
    return true;
  }

  /** How long until `count` are there, in milliseconds. */
  waitMs(count: number): number {
    return Math.max(0, Math.ceil(((count - this.#tokens) * 1_000) / this.#perSecond));
  }
}
