/**
 * How much may still be taken: `perSecond` on average, and after a pause twice that at once, or what `capacity` says. Starts
 * full. Holds a few numbers, so that one for each peer costs nothing to speak of.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #capacity: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number, capacity: number = perSecond * 2) {
    this.#perSecond = perSecond;
    this.#capacity = capacity;
    this.#tokens = capacity;
    this.#atMs = nowMs;
  }

  /** Takes `count`, or nothing and answers `false` where there is less. More than the bucket holds is never given. */
  take(count: number, nowMs: number): boolean {
    this.#fill(nowMs);
    if (count > this.#tokens) return false;
    this.#tokens -= count;
    return true;
  }

  /** Whether {@link owe} may take `count`: all of it is there, or of more than the bucket holds as much as that. */
  covers(count: number, nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= Math.min(count, this.#capacity);
  }

  /** Takes `count` whatever there is: what is missing has to come back before anything else is given. */
  owe(count: number): void {
    this.#tokens -= count;
  }

  /** How long until `count` are there, or as many as the bucket holds, in milliseconds. */
  waitMs(count: number): number {
    const missing = Math.min(count, this.#capacity) - this.#tokens;
    return Math.max(0, Math.ceil((missing * 1_000) / this.#perSecond));
  }

  #fill(nowMs: number): void {
    // A clock that was set back gives nothing, and takes nothing away.
    const passedMs = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#capacity, this.#tokens + (passedMs * this.#perSecond) / 1_000);
    this.#atMs = nowMs;
  }
}
