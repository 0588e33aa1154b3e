/** How long readers may be begun in one turn of the event loop, in milliseconds. */
const TURN_MS = 8;

/**
 * Lets readers in. A turn of the event loop begins with all that has arrived: of five thousand clients that come back at
 * once it would begin them all, which takes more than a second, and what is published waits meanwhile, unread. So a
 * turn begins as many as its time allows; the others wait for the next ones, in the order they came.
 */
export class Admission {
  readonly #nowMs: () => number;
  readonly #waiting: (() => void)[] = [];
  #beganMs = 0;
  #isTurn = false;

  /** `nowMs`: any clock that goes forward. */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Begins it in this very call, where nobody waits and there is time left. */
  pass<T>(begin: () => Promise<T>): Promise<T> {
    if (!this.#isTurn) this.#beginTurn();
    if (this.#waiting.length === 0 && this.#hasTime) return begin();
    return new Promise((resolve) => this.#waiting.push(() => resolve(begin())));
  }

  get #hasTime(): boolean {
    return this.#nowMs() - this.#beganMs < TURN_MS;
  }

  #beginTurn(): void {
    this.#isTurn = true;
    this.#beganMs = this.#nowMs();
    setImmediate(() => this.#endTurn());
  }

  #endTurn(): void {
    this.#isTurn = false;
    if (this.#waiting.length === 0) return;
    this.#beginTurn();
    let begun = 0;
    while (begun < this.#waiting.length && this.#hasTime) this.#waiting[begun++]?.();
    this.#waiting.splice(0, begun);
  }
}
