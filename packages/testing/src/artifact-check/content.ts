import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";

const BLOCK_BYTES = 1_048_576;

/** Bytes that any part of can be made again: what is uploaded needs no file of its own. */
export class Content {
  readonly size: number;
  readonly #block: Buffer = randomBytes(BLOCK_BYTES);

  constructor(size: number) {
    this.size = size;
  }

  /** From a position to an end, in blocks. Each is a new one, since a stream may keep what it was given. */
  *from(position: number, end: number = this.size): Generator<Buffer> {
    for (let at = position; at < end;) {
      const index = Math.floor(at / BLOCK_BYTES);
      const block = Buffer.from(this.#block);
      block.writeUInt32BE(index);
      const start = at - index * BLOCK_BYTES;
      const part = block.subarray(start, Math.min(BLOCK_BYTES, start + end - at));
      at += part.length;
      yield part;
    }
  }

  sha256(): string {
    const hash = createHash("sha256");
    for (const block of this.from(0)) hash.update(block);
    return hash.digest("hex");
  }
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: BLOCK_BYTES }))
    hash.update(chunk as Buffer);
  return hash.digest("hex");
}
