import { crc32 } from "node:zlib";
import { crcShift } from "./crc.ts";
import { deflate } from "./deflate.ts";

/**
 * Bytes as blocks of DEFLATE (RFC 1951) that end on a byte, are not the last ones, and look back on nothing before them: whatever
 * their order, several in a row are one stream.
 */
export interface Blocks {
  readonly bytes: Uint8Array;
  /** Of what they stand for: its length, its CRC-32, and what that of a stream is multiplied by before. */
  readonly length: number;
  readonly crc: number;
  readonly crcShift: number;
}

/**
 * From so many bytes on it pays to deflate what only one reader gets: 10 µs for half a kilobyte less. Below, a stored block costs
 * nothing but its five bytes.
 */
const OWN_BYTES = 1_024;
/** The same for what several get: the second one that is handed the same bytes shows that they are shared. */
const SHARED_BYTES = 200;
/** A stored block's header: not the last one, type 00, and its length twice, the second time inverted (RFC 1951 §3.2.4). */
const STORED_HEAD_BYTES = 5;

/** Blocks that have their bytes as they are; fewer than 65,536. */
function store(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const block = Buffer.allocUnsafeSlow(STORED_HEAD_BYTES + length);
  block[0] = 0;
  block.writeUInt16LE(length, 1);
  block.writeUInt16LE(~length & 0xffff, 3);
  block.set(bytes, STORED_HEAD_BYTES);
  return block;
}

/** Blocks of the bytes, compressed. */
function compress(bytes: Uint8Array): Uint8Array {
  const deflated = deflate(bytes);
  // Of exactly its size: it would hold the whole of the buffer that it was written to, for as long as a slow socket holds it.
  const block = Buffer.allocUnsafeSlow(deflated.length);
  block.set(deflated);
  return block;
}

/** Remembers, for one turn of the event loop, the blocks of each buffer: what readers share is written to all of them in one. */
export class SharedBlocks {
  #known = new Map<Uint8Array, Blocks>();

  /** The bytes as blocks. They are found again by identity, so they MUST NOT change in this turn. */
  of(bytes: Uint8Array): Blocks {
    const known = this.#known.get(bytes);
    if (known === undefined) {
      if (this.#known.size === 0) setImmediate(() => (this.#known = new Map()));
      const blocks = {
        bytes: bytes.length < OWN_BYTES ? store(bytes) : compress(bytes),
        length: bytes.length,
        crc: crc32(bytes),
        crcShift: crcShift(bytes.length),
      };
      this.#known.set(bytes, blocks);
      return blocks;
    }
    const isStored = known.bytes.length === bytes.length + STORED_HEAD_BYTES;
    if (!isStored || bytes.length < SHARED_BYTES || bytes.length >= OWN_BYTES) return known;
    const deflated = compress(bytes);
    if (deflated.length >= known.bytes.length) return known;
    const shared = { ...known, bytes: deflated };
    this.#known.set(bytes, shared);
    return shared;
  }
}
