import type { Offset } from "@tidings/protocol";

/** Something known for certain of one offset, at or below a channel's earliest. */
export interface Anchor {
  readonly offset: number;
  /** Bytes ever appended to the channel before it. */
  readonly bytesBefore: number;
  /** When it was appended. */
  readonly timeMs: number;
}

/** Where a channel's log begins and ends, as the store holds it. Replaced as a whole, never written to. */
export interface Channel {
  readonly name: string;
  /** What its blocks go by. */
  readonly id: number;
  readonly head: Offset;
  /** As `ChannelState.earliest`. What stands below is not shown to anyone any more and is removed bit by bit. */
  readonly earliest: Offset;
  /** No block stands below it. */
  readonly floor: number;
  /** Bytes ever appended, as `messageBytes` counts them: what is held is this less what was before `earliest`. */
  readonly totalBytes: number;
  /** Retention needs no look at the messages while what is known of the anchor is enough to say that all is kept. */
  readonly anchor: Anchor;
}

const BYTES = 60;

export function newChannel(name: string, id: number): Channel {
  const none = 0 as Offset;
  const anchor = { offset: 1, bytesBefore: 0, timeMs: Number.POSITIVE_INFINITY };
  return { name, id, head: none, earliest: 1 as Offset, floor: 1, totalBytes: 0, anchor };
}

export function encodeChannel(channel: Channel): Buffer {
  const { head, earliest, floor, totalBytes, anchor } = channel;
  const bytes = Buffer.allocUnsafe(BYTES);
  let at = bytes.writeUInt32LE(channel.id, 0);
  for (const value of [head, earliest, floor, totalBytes, anchor.offset, anchor.bytesBefore, anchor.timeMs]) {
    at = bytes.writeDoubleLE(value, at);
  }
  return bytes;
}

/** @throws {RangeError} when the bytes are fewer than a channel has */
export function decodeChannel(name: string, bytes: Buffer): Channel {
  const value = (index: number): number => bytes.readDoubleLE(4 + index * 8);
  return {
    name,
    id: bytes.readUInt32LE(0),
    head: value(0) as Offset,
    earliest: value(1) as Offset,
    floor: value(2),
    totalBytes: value(3),
    anchor: { offset: value(4), bytesBefore: value(5), timeMs: value(6) },
  };
}
