/** A frame as RFC 6455 §5.2 lays it out. */
export interface Frame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/**
 * Reads unmasked, final frames that stand side by side. Written from the RFC alone, and stricter than a client: it
 * throws for a mask, a fragment, a reserved bit, and a length that a shorter form could hold.
 */
export function readFrames(bytes: Uint8Array): Frame[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const frames: Frame[] = [];
  for (let at = 0; at < buffer.length;) {
    const first = buffer.readUInt8(at);
    if ((first & 0xf0) !== 0x80) throw new Error(`not a final frame without reserved bits: ${first}`);
    let length = buffer.readUInt8(at + 1); // above 127, it would be masked
    at += 2;
    if (length === 126) {
      length = buffer.readUInt16BE(at);
      if (length < 126) throw new Error("not the shortest form");
      at += 2;
    } else if (length === 127) {
      length = Number(buffer.readBigUInt64BE(at));
      if (length < 65_536) throw new Error("not the shortest form");
      at += 8;
    } else if (length > 127) {
      throw new Error("masked");
    }
    if (at + length > buffer.length) throw new Error("cut off");
    frames.push({ opcode: first & 0x0f, payload: buffer.subarray(at, at + length) });
    at += length;
  }
  return frames;
}
