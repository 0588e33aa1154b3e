/** What of a log is sent live: above it lines are in the file alone, and a page gets those that are looked at. */
export const LIVE_LIMITS = {
  maxLinesPerSecond: 2_000,
  maxBytesPerSecond: 524_288,
  /** How much more may come at once, in seconds of the rates above. */
  burstSeconds: 2,
} as const;

/** Lines and bytes that may be sent now. One that was overdrawn goes on once it is half full: not one line in two. */
export class Budget {
  #lines = LIVE_LIMITS.maxLinesPerSecond * LIVE_LIMITS.burstSeconds;
  #bytes = LIVE_LIMITS.maxBytesPerSecond * LIVE_LIMITS.burstSeconds;
  #atMs: number;
  #isOverdrawn = false;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Whether so much may go out, which is then taken. */
  take(lines: number, bytes: number, nowMs: number): boolean {
    const { maxLinesPerSecond, maxBytesPerSecond, burstSeconds } = LIVE_LIMITS;
    const seconds = Math.max(0, nowMs - this.#atMs) / 1_000;
    this.#atMs = nowMs;
    const maxLines = maxLinesPerSecond * burstSeconds;
    const maxBytes = maxBytesPerSecond * burstSeconds;
    this.#lines = Math.min(maxLines, this.#lines + seconds * maxLinesPerSecond);
    this.#bytes = Math.min(maxBytes, this.#bytes + seconds * maxBytesPerSecond);
    if (this.#isOverdrawn && (this.#lines < maxLines / 2 || this.#bytes < maxBytes / 2)) return false;
    this.#isOverdrawn = lines > this.#lines || bytes > this.#bytes;
    if (this.#isOverdrawn) return false;
    this.#lines -= lines;
    this.#bytes -= bytes;
    return true;
  }
}
