const FIRST_MS = 200;
const LONGEST_MS = 10_000;

/** Pauses between tries: 200 ms doubling to 10 s, each cut by up to a half at random so that clients do not come in step. */
export class Backoff {
  #tries = 0;

  nextMs(): number {
    const longestMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.#tries, 16));
    this.#tries++;
    return longestMs * (0.5 + Math.random() / 2);
  }

  reset(): void {
    this.#tries = 0;
  }
}
