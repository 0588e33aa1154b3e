/** Told of each request once it is answered: the route's pattern, never the path itself. */
export type OnAnswered = (method: string, pattern: string, status: number) => void;

/** What is told of a request once it is over. A stream may keep it longer than its request and its response. */
export class Answer {
  pattern = "none";
  readonly #method: string;
  readonly #onAnswered: OnAnswered;

  constructor(method: string, onAnswered: OnAnswered) {
    this.#method = method;
    this.#onAnswered = onAnswered;
  }

  over(status: number): void {
    this.#onAnswered(this.#method, this.pattern, status);
  }
}
