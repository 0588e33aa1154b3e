/**
 * How things are named in the store. Numbers are big-endian, so that LMDB's order of bytes is the order of numbers.
 * A channel goes by a number of its own here, which keeps keys short.
 */
import type { Offset } from "@tidings/protocol";

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
