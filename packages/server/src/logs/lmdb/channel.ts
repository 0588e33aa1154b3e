import type { Values } from "@tidings/core";
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
  /** Of a channel that is compacted by key, or was: its offsets have holes. See `compact/`. */
  readonly sparse?: Sparse;
}

/**
 * How far a channel is on its way. `compact`: the newest of each key is kept. `building`, `clearing`: on its way there, and
 * back. `bounded`: back, until all that was held with holes has gone; all of it goes by the ordinary bounds.
 */
export type Stage = "compact" | "building" | "clearing" | "bounded";

const STAGES: readonly Stage[] = ["compact", "building", "clearing", "bounded"];

/** What goes by count, bytes and age, the oldest first: deletions and messages without a key; when `bounded`, everything. */
export interface Rest {
  readonly count: number;
  readonly bytes: number;
  /** When the oldest of it was appended, or earlier: while that is within its age, nobody needs to look. */
  readonly timeMs: number;
}

/** What is known of a channel that leaves offsets out. Each of its blocks has one message. */
export interface Sparse {
  readonly stage: Stage;
  /** While `building`: blocks below it were not looked at yet. When `bounded`: no offset above it is left out. */
  readonly edge: number;
  /** Newest messages of keys. */
  readonly values: Values;
  readonly rest: Rest;
  /** As `ChannelState.resumable`. What is of the rest, and not above it, is not held any more. */
  readonly resumable: number;
}

const BYTES = 60;
const SPARSE_BYTES = 57;
const EMPTY_REST: Rest = { count: 0, bytes: 0, timeMs: Number.POSITIVE_INFINITY };

export function newChannel(name: string, id: number): Channel {
  const none = 0 as Offset;
  const anchor = { offset: 1, bytesBefore: 0, timeMs: Number.POSITIVE_INFINITY };
  return { name, id, head: none, earliest: 1 as Offset, floor: 1, totalBytes: 0, anchor };
}

/** A sparse channel that holds nothing. */
export function emptySparse(stage: Stage, edge: number, resumable: number): Sparse {
  return { stage, edge, values: { count: 0, bytes: 0 }, rest: EMPTY_REST, resumable };
}

/** A channel that is compacted from its beginning. */
export function newCompactChannel(name: string, id: number): Channel {
  return { ...newChannel(name, id), sparse: emptySparse("compact", 0, 0) };
}

export function encodeChannel(channel: Channel): Buffer {
  const { head, earliest, floor, totalBytes, anchor, sparse } = channel;
  const bytes = Buffer.allocUnsafe(BYTES + (sparse === undefined ? 0 : SPARSE_BYTES));
  let at = bytes.writeUInt32LE(channel.id, 0);
  for (const value of [head, earliest, floor, totalBytes, anchor.offset, anchor.bytesBefore, anchor.timeMs]) {
    at = bytes.writeDoubleLE(value, at);
  }
  if (sparse !== undefined) encodeSparse(bytes, at, sparse);
  return bytes;
}

/** @throws {RangeError} when the bytes are fewer than a channel has */
export function decodeChannel(name: string, bytes: Buffer): Channel {
  const value = (index: number): number => bytes.readDoubleLE(4 + index * 8);
  const channel = {
    name,
    id: bytes.readUInt32LE(0),
    head: value(0) as Offset,
    earliest: value(1) as Offset,
    floor: value(2),
    totalBytes: value(3),
    anchor: { offset: value(4), bytesBefore: value(5), timeMs: value(6) },
  };
  return bytes.length === BYTES ? channel : { ...channel, sparse: decodeSparse(bytes) };
}

function encodeSparse(into: Buffer, start: number, sparse: Sparse): void {
  const { stage, edge, values, rest, resumable } = sparse;
  let at = into.writeUInt8(STAGES.indexOf(stage), start);
  for (const value of [edge, values.count, values.bytes, rest.count, rest.bytes, rest.timeMs, resumable])
    at = into.writeDoubleLE(value, at);
}

function decodeSparse(bytes: Buffer): Sparse {
  const value = (index: number): number => bytes.readDoubleLE(BYTES + 1 + index * 8);
  const stage = STAGES[bytes.readUInt8(BYTES)];
  if (stage === undefined) throw new RangeError("the channel is of a kind that this version does not know");
  return {
    stage,
    edge: value(0),
    values: { count: value(1), bytes: value(2) },
    rest: { count: value(3), bytes: value(4), timeMs: value(5) },
    resumable: value(6),
  };
}
