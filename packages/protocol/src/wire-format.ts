import { type Allocate, ByteWriter } from "./byte-writer.ts";
import type { Offset } from "./cursor.ts";
import type { Message } from "./message.ts";

/** What the messages of one batch have in common. */
export interface Source {
  readonly channel: string;
  readonly epoch: string;
}

/**
 * How a lane's messages look on the wire. What it writes is shared by every reader of the lane, so it MUST depend on
 * nothing but its arguments, and the encodings of two messages set side by side MUST be the encoding of both.
 */
export interface WireFormat {
  /** Names the lane, beside the channel and the filter. */
  readonly name: string;
  write(writer: ByteWriter, message: Message, source: Source): void;
}

/** Messages encoded once. `ends[i]` is where the bytes of the message at `offsets[i]` end. */
export interface Batch {
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
  readonly offsets: readonly Offset[];
}

const scratch = new ByteWriter();

/** Encodes messages one after the other into a buffer of exactly their size. */
export function encodeBatch(
  format: WireFormat,
  messages: readonly Message[],
  source: Source,
  allocate: Allocate = (size) => new Uint8Array(size),
): Batch {
  const ends: number[] = [];
  const offsets: Offset[] = [];
  // What a batch that threw left behind must not begin this one.
  scratch.clear();
  for (const message of messages) {
    format.write(scratch, message, source);
    ends.push(scratch.length);
    offsets.push(message.offset);
  }
  return { bytes: scratch.take(allocate), ends, offsets };
}

/** The part of a batch from the message at index `from` to before the one at index `to`; shares its bytes. */
export function sliceBatch(batch: Batch, from: number, to: number = batch.ends.length): Batch {
  if (from === 0 && to === batch.ends.length) return batch;
  const start = from === 0 ? 0 : (batch.ends[from - 1] as number);
  const end = to === 0 ? 0 : (batch.ends[to - 1] as number);
  return {
    bytes: batch.bytes.subarray(start, Math.max(start, end)),
    ends: batch.ends.slice(from, to).map((at) => at - start),
    offsets: batch.offsets.slice(from, to),
  };
}

/** Several batches as one, in order. One batch is answered as it is; more are copied. */
export function joinBatches(
  batches: readonly Batch[],
  allocate: Allocate = (size) => new Uint8Array(size),
): Batch {
  const [only] = batches;
  if (batches.length === 1 && only !== undefined) return only;
  const bytes = allocate(batches.reduce((size, batch) => size + batch.bytes.length, 0));
  const ends: number[] = [];
  const offsets: Offset[] = [];
  let start = 0;
  for (const batch of batches) {
    bytes.set(batch.bytes, start);
    for (const end of batch.ends) ends.push(start + end);
    for (const offset of batch.offsets) offsets.push(offset);
    start += batch.bytes.length;
  }
  return { bytes, ends, offsets };
}
