import { base64Length, writeBase64 } from "./base64.ts";

const encoder = new TextEncoder();

/** Up to here a loop over the characters is faster than the call into the engine's encoder (Node 24: 75 ns). */
const SHORT_TEXT = 24;

/** Gives a buffer of exactly this many bytes. A server hands in its own, so that sockets take it without a copy. */
export type Allocate = (size: number) => Uint8Array;

/** A growing scratch buffer that encoders write to; used again for the next batch. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  text(text: string): void {
    // UTF-8 takes at most three bytes for a UTF-16 unit, so there is always room.
    this.#reserve(text.length * 3);
    if (text.length <= SHORT_TEXT && this.#ascii(text)) return;
    this.#length += encoder.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** As {@link bytes}, but every CR and LF becomes a space: in checked JSON they are white space and nothing else. */
  jsonOnOneLine(json: Uint8Array): void {
    const start = this.#length;
    this.bytes(json);
    const written = this.#bytes;
    for (let at = start; at < this.#length; at++) {
      const byte = written[at];
      if (byte === 0x0a || byte === 0x0d) written[at] = 0x20;
    }
  }

  /** Writes the base64 of the bytes. */
  base64(bytes: Uint8Array): void {
    const start = this.skip(base64Length(bytes.length));
    writeBase64(bytes, this.#bytes, start);
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** Leaves room for `size` bytes and answers where it begins. */
  skip(size: number): number {
    this.#reserve(size);
    const at = this.#length;
    this.#length += size;
    return at;
  }

  /** Writes over a byte that {@link skip} left room for. */
  set(at: number, byte: number): void {
    this.#bytes[at] = byte;
  }

  /** Moves what stands from `from` to the end, by `by` bytes (negative: towards the beginning). */
  shift(from: number, by: number): void {
    if (by > 0) this.#reserve(by);
    this.#bytes.copyWithin(from + by, from, this.#length);
    this.#length += by;
  }

  /** What stands from `from` to the end, as it is: valid until the next write. */
  view(from: number): Uint8Array {
    return this.#bytes.subarray(from, this.#length);
  }

  /** Takes away what stands from `from` to the end. */
  cut(from: number): void {
    this.#length = from;
  }

  /** Forgets what was written. */
  clear(): void {
    this.#length = 0;
    // One huge batch must not hold its scratch for the life of the process.
    if (this.#bytes.length > 4_194_304) this.#bytes = new Uint8Array(4096);
  }

  /** A copy of what was written, of exactly its size; the writer is empty afterwards. */
  take(allocate: Allocate): Uint8Array {
    const taken = allocate(this.#length);
    taken.set(this.#bytes.subarray(0, this.#length));
    this.clear();
    return taken;
  }

  /** Writes text that is all ASCII; otherwise writes nothing and answers `false`. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    const start = this.#length;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code > 127) return false;
      bytes[start + at] = code;
    }
    this.#length = start + text.length;
    return true;
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
