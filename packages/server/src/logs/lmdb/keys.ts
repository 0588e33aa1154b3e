/**
 * How things are named in the store. Numbers are big-endian, so that LMDB's order of bytes is the order of numbers.
 * A channel goes by a number of its own here, which keeps keys short.
 */
import type { Offset } from "@tidings/protocol";
import { createHash } from "node:crypto";

const TWO_TO_32 = 4_294_967_296;

/** Names of the entries that hold for the whole store. */
export const FORMAT_KEY: Buffer = Buffer.from("format");
export const EPOCH_KEY: Buffer = Buffer.from("epoch");
export const NEXT_ID_KEY: Buffer = Buffer.from("next-id");
export const OWNER_KEY: Buffer = Buffer.from("owner");

export const BLOCK_KEY_BYTES = 12;

/** A block goes by its channel and the offset of its first message. */
export function blockKey(channelId: number, first: number): Buffer {
  const key = Buffer.allocUnsafe(BLOCK_KEY_BYTES);
  writeBlockKey(key, 0, channelId, first);
  return key;
}

export function writeBlockKey(into: Buffer, at: number, channelId: number, first: number): void {
  into.writeUInt32BE(channelId, at);
  into.writeUInt32BE(Math.floor(first / TWO_TO_32), at + 4);
  into.writeUInt32BE(first % TWO_TO_32, at + 8);
}

export function firstOf(key: Buffer): Offset {
  return (key.readUInt32BE(4) * TWO_TO_32 + key.readUInt32BE(8)) as Offset;
}

export function channelKey(channel: string): Buffer {
  return Buffer.from(channel);
}

export function idempotencyKey(channelId: number, key: string): Buffer {
  const bytes = Buffer.allocUnsafe(4 + Buffer.byteLength(key));
  bytes.writeUInt32BE(channelId, 0);
  bytes.write(key, 4);
  return bytes;
}

/** What an idempotency key is known for: the offset that a repeat answers, and until when. */
export function encodeRecall(offset: Offset, untilMs: number): Buffer {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeDoubleBE(offset, 0);
  bytes.writeDoubleBE(untilMs, 8);
  return bytes;
}

export function decodeRecall(bytes: Buffer): { readonly offset: Offset; readonly untilMs: number } {
  return { offset: bytes.readDoubleBE(0) as Offset, untilMs: bytes.readDoubleBE(8) };
}

/** Where a list of idempotency keys stands that end at a time: in order of time, then of anything that tells two apart. */
export function expiryKey(untilMs: number, nonce: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(8 + nonce.length);
  key.writeDoubleBE(untilMs, 0);
  key.set(nonce, 8);
  return key;
}

/** Keys one after another, each after its length (u16). */
export function encodeKeyList(keys: readonly Buffer[]): Buffer {
  const list = Buffer.allocUnsafe(keys.reduce((sum, key) => sum + 2 + key.length, 0));
  let at = 0;
  for (const key of keys) {
    at = list.writeUInt16BE(key.length, at);
    list.set(key, at);
    at += key.length;
  }
  return list;
}

export function decodeKeyList(list: Buffer): readonly Buffer[] {
  const keys: Buffer[] = [];
  for (let at = 0; at < list.length;) {
    const length = list.readUInt16BE(at);
    keys.push(list.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return keys;
}

/** LMDB's keys have at most 1,978 bytes. */
const MAX_NAME_BYTES = 1_024;
/** No byte of UTF-8, so that a key's hash is never another key. */
const IS_HASH = 0xff;

/** Where the newest message of a key is found. */
export function newestKey(channelId: number, key: string): Buffer {
  const length = Buffer.byteLength(key);
  const bytes = Buffer.allocUnsafe(length > MAX_NAME_BYTES ? 37 : 4 + length);
  bytes.writeUInt32BE(channelId, 0);
  if (length <= MAX_NAME_BYTES) {
    bytes.write(key, 4);
  } else {
    bytes[4] = IS_HASH;
    bytes.set(createHash("sha256").update(key).digest(), 5);
  }
  return bytes;
}

/** What is known of a key's newest message without reading it. */
export interface Newest {
  readonly offset: number;
  /** As `messageBytes` counts them. */
  readonly bytes: number;
  readonly isDeletion: boolean;
}

export function encodeNewest({ offset, bytes, isDeletion }: Newest): Buffer {
  const value = Buffer.allocUnsafe(13);
  value.writeDoubleBE(offset, 0);
  value.writeUInt32BE(bytes, 8);
  value[12] = isDeletion ? 1 : 0;
  return value;
}

export function decodeNewest(value: Buffer): Newest {
  return { offset: value.readDoubleBE(0), bytes: value.readUInt32BE(8), isDeletion: value[12] === 1 };
}

/** A message of a compact channel that goes by the bounds: a deletion, or one without a key. */
export interface Rest {
  readonly offset: number;
  readonly timeMs: number;
  /** As `messageBytes` counts them. */
  readonly bytes: number;
  /** Where the newest message of its key is found; empty for one without a key. */
  readonly newestKey: Buffer;
}

export function encodeRest({ timeMs, bytes, newestKey: key }: Omit<Rest, "offset">): Buffer {
  const value = Buffer.allocUnsafe(12 + key.length);
  value.writeDoubleBE(timeMs, 0);
  value.writeUInt32BE(bytes, 8);
  value.set(key, 12);
  return value;
}

export function decodeRest(offset: number, value: Buffer): Rest {
  const [timeMs, bytes] = [value.readDoubleBE(0), value.readUInt32BE(8)];
  return { offset, timeMs, bytes, newestKey: value.subarray(12) };
}
