/** So many bytes of answers are written before the turn ends, so that the socket says when its reader is slow. */
const MAX_GATHERED_BYTES = 65_536;
/** The first byte of a frame that is text, and all of its message (RFC 6455 §5.2). */
const TEXT = "\x81";

/**
 * The answers to one client's frames: those of one turn of the event loop go out as one write of one buffer. They are
 * gathered as text in which a letter stands for a byte, frames' heads too: 70 ns an answer, where a buffer for each and
 * a write of hundreds took a microsecond.
 */
export class Answers {
  readonly #write: (bytes: Uint8Array) => void;
  #gathered = "";
  #isScheduled = false;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  /** @param json at most 65,535 bytes */
  add(json: string): void {
    this.addPlain(Buffer.from(json).toString("latin1"));
  }

  /** The same for text that is ASCII, for certain. */
  addPlain(json: string): void {
    this.#gathered += headOf(json.length) + json;
    if (this.#gathered.length >= MAX_GATHERED_BYTES) return this.flush();
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }

  /** Writes what was gathered now. */
  flush(): void {
    if (this.#gathered === "") return;
    // Not of Node's pool, which payloads are copied to: kept for days, they would keep answers with them.
    const bytes = Buffer.allocUnsafeSlow(this.#gathered.length);
    bytes.write(this.#gathered, "latin1");
    this.#gathered = "";
    this.#write(bytes);
  }
}

/** An unmasked frame's head, up to 65,535 bytes (RFC 6455 §5.2). */
function headOf(length: number): string {
  return length < 126
    ? TEXT + String.fromCharCode(length)
    : TEXT + String.fromCharCode(126, length >> 8, length & 255);
}
