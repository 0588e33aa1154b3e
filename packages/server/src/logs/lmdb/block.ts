/**
 * Messages of one channel that were appended together, as one value of the store:
 *
 *     header   CRC-32 of the rest u32 · messages u32 · bytes ever appended to the channel before it f64 · time f64
 *     message  flags u8 · payload length u32 · [event length u16 · event] · [key length u16 · key]
 *              · [artifact length u16 · artifact] · payload
 *
 * One value for many messages, and not one each, since a put costs about as much for a hundred messages as for one.
 */
import { DEFAULT_EVENT, type Message, messageBytes, type Offset, type PayloadKind } from "@tidings/protocol";
import { crc32 } from "node:zlib";
import { BLOCK_KEY_BYTES, writeBlockKey } from "./keys.ts";
import type { ScriptWriter } from "./script.ts";

const HEADER_BYTES = 24;
const RECORD_BYTES = 5;
const KINDS: readonly PayloadKind[] = ["json", "text", "bytes", "none"];
const KIND_BITS = 3;
const HAS_EVENT = 4;
const HAS_KEY = 8;
const HAS_ARTIFACT = 16;

/** With LMDB's own page header, four pages of 4 KiB to the byte. Larger ones are no faster, and harder to find room for. */
const MAX_BLOCK_BYTES = 16_360;

/** Messages `from` up to `to` (exclusive) of a list, and how many bytes their block has. */
export interface BlockSlice {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** Where a list of messages is cut into blocks; a message larger than a block gets one for itself. */
export function sliceIntoBlocks(messages: readonly Message[]): readonly BlockSlice[] {
  const slices: BlockSlice[] = [];
  let from = 0;
  let bytes = HEADER_BYTES;
  for (let at = 0; at < messages.length; at++) {
    const size = recordBytes(messages[at] as Message);
    if (at > from && bytes + size > MAX_BLOCK_BYTES) {
      slices.push({ from, to: at, bytes });
      from = at;
      bytes = HEADER_BYTES;
    }
    bytes += size;
  }
  slices.push({ from, to: messages.length, bytes });
  return slices;
}

/**
 * Writes one block of messages that share a time. `bytesBefore`: what was ever appended to the channel before them;
 * answers the same for the block after it.
 */
export function writeBlock(
  into: Buffer,
  start: number,
  messages: readonly Message[],
  slice: BlockSlice,
  bytesBefore: number,
): number {
  into.writeUInt32LE(slice.to - slice.from, start + 4);
  into.writeDoubleLE(bytesBefore, start + 8);
  into.writeDoubleLE((messages[slice.from] as Message).timeMs, start + 16);
  let at = start + HEADER_BYTES;
  let bytesAfter = bytesBefore;
  for (let index = slice.from; index < slice.to; index++) {
    const message = messages[index] as Message;
    const { event, key, artifact, kind, data } = message;
    bytesAfter += messageBytes(message);
    const flags = at;
    into[flags] = KINDS.indexOf(kind);
    into.writeUInt32LE(data.length, at + 1);
    at += RECORD_BYTES;
    if (event !== DEFAULT_EVENT) {
      into[flags] = (into[flags] as number) | HAS_EVENT;
      at = writeName(into, at, event);
    }
    if (key !== undefined) {
      into[flags] = (into[flags] as number) | HAS_KEY;
      at = writeName(into, at, key);
    }
    if (artifact !== undefined) {
      into[flags] = (into[flags] as number) | HAS_ARTIFACT;
      into.writeUInt16LE(artifact.length, at);
      into.set(artifact, at + 2);
      at += 2 + artifact.length;
    }
    into.set(data, at);
    at += data.length;
  }
  into.writeUInt32LE(crc32(into.subarray(start + 4, at)), start);
  return bytesAfter;
}

/** Writes a block of one message, as channels have them that leave offsets out. */
export function writeSingle(
  script: ScriptWriter,
  channelId: number,
  message: Message,
  bytesBefore: number,
): void {
  const slice = { from: 0, to: 1, bytes: HEADER_BYTES + recordBytes(message) };
  const at = script.begin("blocks", BLOCK_KEY_BYTES, slice.bytes);
  writeBlockKey(script.buffer, at, channelId, message.offset);
  writeBlock(script.buffer, at + BLOCK_KEY_BYTES, [message], slice, bytesBefore);
}

/** A block as it was stored; messages are made only for those that are asked for. */
export class Block {
  readonly first: Offset;
  readonly count: number;
  readonly timeMs: number;
  /** Bytes ever appended to the channel before this block. */
  readonly bytesBefore: number;
  readonly #bytes: Buffer;

  /**
   * @param bytes not written to afterwards: the messages are views of it
   * @throws {Error} when the block is not as it was written
   */
  constructor(first: Offset, bytes: Buffer) {
    if (bytes.length < HEADER_BYTES || crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) {
      throw new Error(`the block at offset ${first} is damaged: its checksum is not that of its bytes`);
    }
    this.first = first;
    this.count = bytes.readUInt32LE(4);
    this.bytesBefore = bytes.readDoubleLE(8);
    this.timeMs = bytes.readDoubleLE(16);
    this.#bytes = bytes;
  }

  /** Offset of the last message. */
  get last(): number {
    return this.first + this.count - 1;
  }

  /** Gives each message from an offset on, until the visitor answers `false`; answers whether it never did. */
  visit(from: number, visitor: (message: Message) => boolean): boolean {
    const bytes = this.#bytes;
    let at = HEADER_BYTES;
    for (let offset: number = this.first; offset <= this.last; offset++) {
      const flags = bytes[at] as number;
      const length = bytes.readUInt32LE(at + 1);
      at += RECORD_BYTES;
      const eventAt = at;
      if ((flags & HAS_EVENT) !== 0) at += 2 + bytes.readUInt16LE(at);
      const keyAt = at;
      if ((flags & HAS_KEY) !== 0) at += 2 + bytes.readUInt16LE(at);
      const artifactAt = at;
      if ((flags & HAS_ARTIFACT) !== 0) at += 2 + bytes.readUInt16LE(at);
      if (offset >= from) {
        const event = (flags & HAS_EVENT) !== 0 ? readName(bytes, eventAt) : DEFAULT_EVENT;
        const data = new Uint8Array(bytes.buffer, bytes.byteOffset + at, length);
        const kind = KINDS[flags & KIND_BITS] as PayloadKind;
        const plain = { offset: offset as Offset, timeMs: this.timeMs, event, kind, data };
        const stored =
          (flags & HAS_ARTIFACT) === 0 ? plain : { ...plain, artifact: readArtifact(bytes, artifactAt) };
        if (!visitor((flags & HAS_KEY) !== 0 ? { ...stored, key: readName(bytes, keyAt) } : stored))
          return false;
      }
      at += length;
    }
    return true;
  }

  /**
   * The message of a block of one.
   *
   * @throws {Error} when it has more
   */
  only(): Message {
    let only: Message | undefined;
    if (this.count === 1) this.visit(this.first, (message) => (only = message) !== undefined);
    if (only === undefined) throw new Error(`the block at offset ${this.first} has ${this.count} messages`);
    return only;
  }

  /** Bytes ever appended to the channel before one of this block's messages. */
  bytesBeforeOffset(offset: number): number {
    let bytes = this.bytesBefore;
    this.visit(this.first, (message) => {
      if (message.offset >= offset) return false;
      bytes += messageBytes(message);
      return true;
    });
    return bytes;
  }
}

function recordBytes({ event, key, artifact, data }: Message): number {
  const names = (event === DEFAULT_EVENT ? 0 : nameBytes(event)) + (key === undefined ? 0 : nameBytes(key));
  return RECORD_BYTES + names + (artifact === undefined ? 0 : 2 + artifact.length) + data.length;
}

function nameBytes(name: string): number {
  return 2 + Buffer.byteLength(name);
}

function readArtifact(bytes: Buffer, at: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + at + 2, bytes.readUInt16LE(at));
}

function writeName(into: Buffer, at: number, name: string): number {
  const length = into.write(name, at + 2);
  into.writeUInt16LE(length, at);
  return at + 2 + length;
}

function readName(bytes: Buffer, at: number): string {
  return bytes.toString("utf8", at + 2, at + 2 + bytes.readUInt16LE(at));
}
