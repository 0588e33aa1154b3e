import { Utf8Stream } from "./utf8-stream.ts";

/**
 * Reads lines of text from bytes cut anywhere; empty lines are passed over. A last line without its end is reported
 * by {@link LineDecoder.end}.
 *
 * @throws {RangeError} when a line is longer than `maxLineLength` UTF-16 units (default 16 Mi)
 */
export class LineDecoder {
  readonly #line: (line: string) => void;
  readonly #maxLineLength: number;
  readonly #utf8: Utf8Stream;
  #rest = "";

  /** `fatal` makes bad UTF-8 a `TypeError`; otherwise it becomes U+FFFD. */
  constructor(
    line: (line: string) => void,
    options: { readonly maxLineLength?: number; readonly fatal?: boolean } = {},
  ) {
    this.#line = line;
    this.#maxLineLength = options.maxLineLength ?? 16_777_216;
    this.#utf8 = new Utf8Stream(options.fatal ?? false);
  }

  push(bytes: Uint8Array): void {
    this.#split(this.#utf8.push(bytes));
  }

  /** The stream is over: what came after the last line end is a line too. */
  end(): void {
    this.#split(`${this.#utf8.end()}\n`);
  }

  #split(text: string): void {
    let start = 0;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", start)) {
      const line = this.#rest + text.slice(start, at);
      this.#rest = "";
      start = at + 1;
      const trimmed = line.endsWith("\r") ? line.slice(0, -1) : line;
      this.#bound(trimmed.length);
      if (trimmed !== "") this.#line(trimmed);
    }
    this.#rest += text.slice(start);
    // A CR at the cut may belong to the line's end.
    this.#bound(this.#rest.length - (this.#rest.endsWith("\r") ? 1 : 0));
  }

  #bound(length: number): void {
    if (length > this.#maxLineLength)
      throw new RangeError(`a line is longer than ${this.#maxLineLength} characters`);
  }
}
