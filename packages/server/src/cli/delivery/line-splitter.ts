import { isUtf8 } from "node:buffer";

/** One piece of a byte stream, without its line end. The bytes are its own. */
export interface Piece {
  /**
   * - `line`: a whole line, or the last part of a longer one
   * - `part`: the beginning of a line that is longer than the limit; the rest follows
   * - `update`: what a carriage return began to write over, as progress bars do
   */
  readonly kind: "line" | "part" | "update";
  readonly bytes: Buffer;
}

/**
 * Cuts bytes, in chunks cut anywhere, into lines. LF and CRLF end a line; a CR that no LF follows ends an update. A
 * line longer than the limit comes in parts, cut between characters where it is UTF-8: put together they are the
 * line, with no byte lost.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #emit: (piece: Piece) => void;
  #rest: Buffer[] = [];
  #restBytes = 0;
  #endedByCr = false;

  constructor(maxBytes: number, emit: (piece: Piece) => void) {
    this.#maxBytes = maxBytes;
    this.#emit = emit;
  }

  push(chunk: Buffer): void {
    let start = this.#endedByCr ? this.#afterCr(chunk, 0) : 0;
    while (start < chunk.length) {
      const end = nextEnd(chunk, start);
      if (end < 0) break;
      this.#add(chunk.subarray(start, end));
      if (chunk[end] === 0x0a) {
        this.#end("line");
        start = end + 1;
      } else {
        start = this.#afterCr(chunk, end);
      }
    }
    this.#add(chunk.subarray(start));
  }

  /** The stream is over: what came after the last line end is a line too. */
  end(): void {
    if (this.#endedByCr) this.#end("update");
    else if (this.#restBytes > 0) this.#end("line");
    this.#endedByCr = false;
  }

  /** Decides what a run of CRs ends, and answers where to go on. Several before an LF are one line end with it. */
  #afterCr(chunk: Buffer, from: number): number {
    let at = from;
    while (chunk[at] === 0x0d) at++;
    // Whether an LF follows may be known only with the next chunk.
    this.#endedByCr = at === chunk.length;
    if (this.#endedByCr) return at;
    const isLineEnd = chunk[at] === 0x0a;
    this.#end(isLineEnd ? "line" : "update");
    return isLineEnd ? at + 1 : at;
  }

  #add(bytes: Buffer): void {
    if (bytes.length === 0) return;
    // Copied, since a few bytes would otherwise hold the whole chunk in memory until their line ends.
    this.#rest.push(Buffer.from(bytes));
    this.#restBytes += bytes.length;
    if (this.#restBytes <= this.#maxBytes) return;
    let whole = Buffer.concat(this.#rest, this.#restBytes);
    while (whole.length > this.#maxBytes) {
      const cut = cutBefore(whole, this.#maxBytes);
      this.#emit({ kind: "part", bytes: whole.subarray(0, cut) });
      whole = whole.subarray(cut);
    }
    this.#rest = [whole];
    this.#restBytes = whole.length;
  }

  #end(kind: "line" | "update"): void {
    const bytes =
      this.#rest.length === 1 ? (this.#rest[0] as Buffer) : Buffer.concat(this.#rest, this.#restBytes);
    this.#rest = [];
    this.#restBytes = 0;
    // A CR before anything was written, as most progress bars begin, updates nothing.
    if (kind === "line" || bytes.length > 0) this.#emit({ kind, bytes });
  }
}

/** Whether bytes are UTF-8, and so may travel as text with not one of them changed. */
export function isText(bytes: Buffer): boolean {
  return isUtf8(bytes);
}

/** The next LF or CR, or -1. */
function nextEnd(chunk: Buffer, from: number): number {
  const lf = chunk.indexOf(0x0a, from);
  const cr = (lf < 0 ? chunk : chunk.subarray(0, lf)).indexOf(0x0d, from);
  return cr < 0 ? lf : cr;
}

/** Where to cut at or before `at`, so that no character of UTF-8 is torn apart. */
function cutBefore(bytes: Buffer, at: number): number {
  for (let cut = at; cut > at - 4 && cut > 0; cut--) {
    // 10xxxxxx goes on with a character; anything else begins one.
    if (((bytes[cut] as number) & 0xc0) !== 0x80) return cut;
  }
  return at;
}
