import { SharedBlocks } from "./blocks.ts";
import { joinCrc } from "./crc.ts";

/** A member's header (RFC 1952 §2.3): deflate, no name, no time, made for speed, on an unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
/** The last block, with nothing in it: final, type 01, end of block (RFC 1951 §3.2.6). */
const LAST_BLOCK = [0x03, 0x00] as const;

const shared = new SharedBlocks();

/**
 * Makes of all that a stream says one gzip member (RFC 1952). There is no compressor for each reader: what many get is compressed once,
 * and a reader keeps a checksum and a length alone.
 */
export class GzipStream {
  #crc = 0;
  #length = 0;

  /** What the stream is to begin with, ahead of all else: the header, and the `preamble`. */
  begin(preamble: Uint8Array): Uint8Array {
    return preamble.length === 0 ? HEADER : Buffer.concat([HEADER, this.#blocks(preamble)]);
  }

  take(bytes: Uint8Array): Uint8Array {
    return bytes.length === 0 ? bytes : this.#blocks(bytes);
  }

  /** The same for several, in order: those that others were given too are known again. */
  takeAll(parts: readonly Uint8Array[]): Uint8Array {
    return Buffer.concat(parts.map((part) => this.take(part)));
  }

  /** The trailer (RFC 1952 §2.3.1) tells those who check it that the stream ended in order, and was not cut. */
  end(): Uint8Array {
    const trailer = Buffer.alloc(LAST_BLOCK.length + 8);
    trailer.set(LAST_BLOCK);
    trailer.writeUInt32LE(this.#crc, LAST_BLOCK.length);
    trailer.writeUInt32LE(this.#length, LAST_BLOCK.length + 4);
    return trailer;
  }

  #blocks(bytes: Uint8Array): Uint8Array {
    const blocks = shared.of(bytes);
    this.#crc = joinCrc(this.#crc, blocks.crc, blocks.crcShift);
    // Modulo 2³²: a stream has no end (RFC 1952 §2.3.1).
    this.#length = (this.#length + blocks.length) >>> 0;
    return blocks.bytes;
  }
}
