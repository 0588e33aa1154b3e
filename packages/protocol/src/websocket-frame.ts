import { ByteWriter } from "./byte-writer.ts";

/** Room for the header that most messages get: two bytes, and a length of 16 bits (RFC 6455 §5.2). */
const HEADER_BYTES = 4;

/** Begins an unmasked frame: the payload is written next, then {@link closeFrame} fills the header in. */
export function openFrame(writer: ByteWriter): number {
  return writer.skip(HEADER_BYTES);
}

/** Of the first byte: the last frame of its message, and one whose payload is compressed (RFC 7692 §6). */
const FINAL = 0x80;
const COMPRESSED = 0x40;

/** Ends the frame begun at `start`: final, unmasked, with this opcode (RFC 6455 §5.2). */
export function closeFrame(writer: ByteWriter, start: number, opcode: 0x1 | 0x2, isCompressed = false): void {
  const length = writer.length - start - HEADER_BYTES;
  writer.set(start, FINAL | (isCompressed ? COMPRESSED : 0) | opcode);
  if (length < 126) {
    writer.shift(start + HEADER_BYTES, -2);
    writer.set(start + 1, length);
  } else if (length < 65_536) {
    writer.set(start + 1, 126);
    writer.set(start + 2, length >> 8);
    writer.set(start + 3, length & 255);
  } else {
    writer.shift(start + HEADER_BYTES, 6);
    writer.set(start + 1, 127);
    // The upper half of the 64 bits is 0: no payload here comes near 4 GiB.
    for (let at = 2; at < 6; at++) writer.set(start + at, 0);
    for (let at = 6; at < 10; at++) writer.set(start + at, (length >>> (8 * (9 - at))) & 255);
  }
}

const scratch = new ByteWriter();

/** One text frame, unmasked. */
export function encodeTextFrame(text: string): Uint8Array {
  // What a frame that threw left behind (out of memory) must not begin this one.
  scratch.clear();
  const start = openFrame(scratch);
  scratch.text(text);
  closeFrame(scratch, start, 0x1);
  return scratch.take((size) => new Uint8Array(size));
}
