/**
 * Decodes UTF-8 that comes in pieces. One byte order mark at the very beginning is left out (WHATWG Encoding, "UTF-8
 * decode"). That part is our own: Node.js 24 also takes one away that follows a first character which was cut.
 */
export class Utf8Stream {
  readonly #decoder: TextDecoder;
  #hasBegun = false;

  /** `fatal` makes bad UTF-8 a `TypeError`; otherwise it becomes U+FFFD. */
  constructor(fatal: boolean) {
    this.#decoder = new TextDecoder("utf-8", { fatal, ignoreBOM: true });
  }

  push(bytes: Uint8Array): string {
    return this.#afterMark(this.#decoder.decode(bytes, { stream: true }));
  }

  /** What was left of a character that did not come whole. */
  end(): string {
    return this.#afterMark(this.#decoder.decode());
  }

  #afterMark(text: string): string {
    if (this.#hasBegun || text === "") return text;
    this.#hasBegun = true;
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }
}
