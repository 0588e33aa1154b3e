import type { Output } from "@tidings/core";
import { type Blocks, SharedBlocks } from "./blocks.ts";
import { joinCrc } from "./crc.ts";

/** A member's header (RFC 1952 §2.3): deflate, no name, no time, made for speed, on an unknown system. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
/** The last block, with nothing in it: final, type 01, end of block (RFC 1951 §3.2.6). */
const LAST_BLOCK = [0x03, 0x00] as const;

const shared = new SharedBlocks();

/** An output that can be ended in order. */
export interface StreamOutput extends Output {
  readonly hasBegun: boolean;
  end(): void;
}

/**
 * Makes of all that is written one gzip member (RFC 1952). There is no compressor for each reader: what many get is compressed once, and
 * a reader keeps a checksum and a length alone.
 */
export class GzipOutput implements StreamOutput {
  readonly #output: StreamOutput;
  #crc = 0;
  #length = 0;

  /** Opens the output with what the stream is to begin with, ahead of all that is written: the header, and the `preamble`. */
  constructor(preamble: Uint8Array, open: (head: Uint8Array) => StreamOutput) {
    this.#output = open(preamble.length === 0 ? HEADER : Buffer.concat([HEADER, this.#take(preamble).bytes]));
  }

  get hasBegun(): boolean {
    return this.#output.hasBegun;
  }

  get isBlocked(): boolean {
    return this.#output.isBlocked;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#output.write(this.#take(bytes).bytes);
  }

  writeAll(parts: readonly Uint8Array[]): void {
    this.#output.write(Buffer.concat(parts.map((part) => this.#take(part).bytes)));
  }

  /** The trailer (RFC 1952 §2.3.1) tells those who check it that the stream ended in order, and was not cut. */
  end(): void {
    if (this.hasBegun) {
      const trailer = Buffer.alloc(LAST_BLOCK.length + 8);
      trailer.set(LAST_BLOCK);
      trailer.writeUInt32LE(this.#crc, LAST_BLOCK.length);
      trailer.writeUInt32LE(this.#length, LAST_BLOCK.length + 4);
      this.#output.write(trailer);
    }
    this.#output.end();
  }

  #take(bytes: Uint8Array): Blocks {
    const blocks = shared.of(bytes);
    this.#crc = joinCrc(this.#crc, blocks.crc, blocks.crcShift);
    // Modulo 2³²: a stream has no end (RFC 1952 §2.3.1).
    this.#length = (this.#length + blocks.length) >>> 0;
    return blocks;
  }
}
