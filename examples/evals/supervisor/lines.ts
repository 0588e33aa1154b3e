const LF = 0x0a;
const CR = 0x0d;

/** Cuts bytes into lines. A line that is longer than its bound is handed on in pieces, cut between characters. */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #onLine: (line: Buffer, isCut: boolean) => void;
  #held: Buffer[] = [];
  #heldBytes = 0;

  /** @param maxBytes what is held of a line that has not ended; at most this is in one piece */
  constructor(maxBytes: number, onLine: (line: Buffer, isCut: boolean) => void) {
    this.#maxBytes = maxBytes;
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LF, from);
      if (end < 0) break;
      this.#hold(chunk.subarray(from, end));
      this.#finish();
      from = end + 1;
    }
    // A copy: what the pipe gave is one large slab.
    if (from < chunk.length) this.#hold(Buffer.from(chunk.subarray(from)));
  }

  /** What came after the last line end is a line too, once nothing follows. */
  end(): void {
    if (this.#heldBytes > 0) this.#finish();
  }

  #hold(part: Buffer): void {
    let rest = part;
    while (this.#heldBytes + rest.length > this.#maxBytes) {
      const line = Buffer.concat([...this.#held, rest]);
      const cut = characterStart(line, this.#maxBytes);
      this.#onLine(line.subarray(0, cut), true);
      this.#held = [];
      this.#heldBytes = 0;
      rest = line.subarray(cut);
    }
    if (rest.length === 0) return;
    this.#held.push(rest);
    this.#heldBytes += rest.length;
  }

  #finish(): void {
    const [first] = this.#held;
    const line = this.#held.length === 1 && first !== undefined ? first : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#onLine(line.at(-1) === CR ? line.subarray(0, -1) : line, false);
  }
}

/** The last place at or before `at` where no character is cut in two (RFC 3629 §3: later bytes begin with 10). */
function characterStart(bytes: Buffer, at: number): number {
  for (let place = at; place > Math.max(0, at - 4); place--)
    if (((bytes[place] ?? 0) & 0xc0) !== 0x80) return place;
  // No UTF-8 anyway.
  return at;
}
