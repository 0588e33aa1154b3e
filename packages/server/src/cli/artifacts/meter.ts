import { isTerminal } from "../terminal.ts";

const INTERVAL_MS = 200;

/** One line on the terminal that tells how far a transfer is; nothing where standard error is no terminal. */
export class Meter {
  readonly #size: number;
  #shownMs = 0;
  #isShown = false;

  constructor(size: number) {
    this.#size = size;
  }

  show(done: number): void {
    const now = performance.now();
    if (!isTerminal(process.stderr) || now - this.#shownMs < INTERVAL_MS) return;
    this.#shownMs = now;
    this.#isShown = true;
    const percent = this.#size === 0 ? 100 : Math.floor((done / this.#size) * 100);
    process.stderr.write(`\r${percent}% of ${(this.#size / 1_000_000).toFixed(1)} MB\u001b[K`);
  }

  clear(): void {
    if (this.#isShown) process.stderr.write("\r\u001b[K");
    this.#isShown = false;
  }
}
