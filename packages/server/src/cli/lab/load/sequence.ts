/** Follows the numbers of one reader's messages, which are published as 1, 2, 3 …: what is missing, and what came twice. */
export class Sequence {
  /** The highest number so far. */
  last = 0;
  repeated = 0;
  gapMessages = 0;
  /** Numbers that were passed over without a word; few, as there should be none. */
  #missing: { from: number; to: number }[] = [];
  #isGapTold = false;
  #isBegun: boolean;

  /** Of a reader that does not begin with the first message, the first that comes is where it begins. */
  constructor(isFromFirst = true) {
    this.#isBegun = isFromFirst;
  }

  get lost(): number {
    return this.#missing.reduce((sum, { from, to }) => sum + to - from + 1, 0);
  }

  /** The reader was told that messages are missing before the next. */
  gap(): void {
    this.#isGapTold = true;
  }

  take(n: number): void {
    if (!this.#isBegun) this.last = n - 1;
    this.#isBegun = true;
    if (n <= this.last) {
      if (!this.#find(n)) this.repeated++;
      return;
    }
    if (n > this.last + 1) {
      if (this.#isGapTold) this.gapMessages += n - this.last - 1;
      else this.#missing.push({ from: this.last + 1, to: n - 1 });
    }
    this.#isGapTold = false;
    this.last = n;
  }

  /** One that was missing came late, out of its order. */
  #find(n: number): boolean {
    const at = this.#missing.findIndex(({ from, to }) => from <= n && n <= to);
    const hole = this.#missing[at];
    if (hole === undefined) return false;
    const parts = [
      { from: hole.from, to: n - 1 },
      { from: n + 1, to: hole.to },
    ];
    this.#missing.splice(at, 1, ...parts.filter(({ from, to }) => from <= to));
    return true;
  }
}
