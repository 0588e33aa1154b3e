/**
 * What crosses the socket between two processes of one server: frames with their length before them,
 *
 *     length u32 (of all that follows) · type u8 · id u32 · head length u32 · head (JSON) · { part length u32 · part }
 *
 * Payloads are parts, as they are: nothing of them is encoded again.
 */

type FrameType = "call" | "answer" | "fault" | "tell";

export interface Frame {
  readonly type: FrameType;
  /** Of a call, and of what answers it; 0 of what nobody answers. */
  readonly id: number;
  readonly head: unknown;
  /** Views of one buffer, which is the frame's own. */
  readonly parts: readonly Uint8Array[];
}

const TYPES: readonly FrameType[] = ["call", "answer", "fault", "tell"];
const LENGTH_BYTES = 4;
const FIXED_BYTES = 1 + 4 + 4;
/** The largest request is 256 MiB: what says it is longer is no frame. */
const MAX_FRAME_BYTES = 1_073_741_824;

export function encodeFrame({ type, id, head, parts }: Frame): Buffer {
  const json = JSON.stringify(head) ?? "null";
  const jsonBytes = Buffer.byteLength(json);
  let bytes = LENGTH_BYTES + FIXED_BYTES + jsonBytes;
  for (const part of parts) bytes += LENGTH_BYTES + part.length;
  // Not from Node's pool: it may wait for a process that reads slowly.
  const into = Buffer.allocUnsafeSlow(bytes);
  let at = into.writeUInt32BE(bytes - LENGTH_BYTES, 0);
  at = into.writeUInt8(TYPES.indexOf(type), at);
  at = into.writeUInt32BE(id, at);
  at = into.writeUInt32BE(jsonBytes, at);
  at += into.write(json, at);
  for (const part of parts) {
    at = into.writeUInt32BE(part.length, at);
    into.set(part, at);
    at += part.length;
  }
  return into;
}

/** @param body a frame without its length */
function decodeFrame(body: Buffer): Frame {
  const type = TYPES[body.readUInt8(0)];
  if (type === undefined) throw new RangeError("a frame is of no known type");
  const end = FIXED_BYTES + body.readUInt32BE(5);
  const head: unknown = JSON.parse(body.toString("utf8", FIXED_BYTES, end));
  const parts: Uint8Array[] = [];
  for (let at = end; at < body.length;) {
    const length = body.readUInt32BE(at);
    at += LENGTH_BYTES;
    if (at + length > body.length) throw new RangeError("a frame's part ends after the frame");
    // A plain array of bytes, as every log gives it.
    parts.push(new Uint8Array(body.buffer, body.byteOffset + at, length));
    at += length;
  }
  return { type, id: body.readUInt32BE(1), head, parts };
}

/** Puts frames together from what a socket gives, wherever it was cut. */
export class FrameDecoder {
  readonly #onFrame: (frame: Frame) => void;
  readonly #length = Buffer.alloc(LENGTH_BYTES);
  /** What is being filled: the length, then the frame. Each has its own, which whoever keeps a message of it keeps alone. */
  #into: Buffer = this.#length;
  #filled = 0;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** @throws {RangeError} for what is no frame; nothing after it can be read */
  push(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const taken = chunk.copy(this.#into, this.#filled, at);
      at += taken;
      this.#filled += taken;
      if (this.#filled === this.#into.length) this.#full();
    }
  }

  #full(): void {
    this.#filled = 0;
    if (this.#into !== this.#length) {
      const body = this.#into;
      this.#into = this.#length;
      this.#onFrame(decodeFrame(body));
      return;
    }
    const length = this.#length.readUInt32BE(0);
    if (length < FIXED_BYTES || length > MAX_FRAME_BYTES)
      throw new RangeError(`a frame says it has ${length} bytes`);
    this.#into = Buffer.allocUnsafeSlow(length);
  }
}
