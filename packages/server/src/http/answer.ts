import type { OutgoingHttpHeader, OutgoingHttpHeaders } from "node:http";

/** Told of each request once it is answered. */
export type OnAnswered = (answer: Answer, status: number) => void;

/** What all answers of a server have in common. */
export interface AnswerOptions {
  readonly onAnswered: OnAnswered;
  readonly newId: () => string;
  /** Headers that each answer has, by name and value in turn. */
  readonly headers: readonly string[];
}

/** Names what was asked, in the answer and in the log. */
export const REQUEST_HEADER = "Tidings-Request";

/** What is told of a request once it is over. A stream may keep it longer than its request and its response. */
export class Answer {
  /** The route's own, never the path itself. */
  pattern = "none";
  readonly method: string;
  readonly #options: AnswerOptions;
  #id: string | undefined;

  constructor(method: string, options: AnswerOptions) {
    this.method = method;
    this.#options = options;
  }

  /** Names this request among all others, and tells nobody how many there were. */
  get id(): string {
    this.#id ??= this.#options.newId();
    return this.#id;
  }

  /** Every header that all answers have, by name and value in turn. */
  get headers(): readonly string[] {
    return [...this.#options.headers, REQUEST_HEADER, this.id];
  }

  /** Adds those to the headers that a response is given: where one is there already, the response's own counts. A list stays as it is. */
  dress(
    given: OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined,
  ): OutgoingHttpHeaders | OutgoingHttpHeader[] {
    // A publish's, which no page can be led to, and whose cursor names what was done: these would be 5 % of what it costs.
    if (Array.isArray(given)) return given;
    const { headers } = this;
    const all: OutgoingHttpHeaders = {};
    for (let at = 0; at < headers.length; at += 2) all[headers[at] as string] = headers[at + 1];
    return Object.assign(all, given);
  }

  over(status: number): void {
    this.#options.onAnswered(this, status);
  }
}
