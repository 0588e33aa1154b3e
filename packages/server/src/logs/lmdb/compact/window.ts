import type { Retention } from "@tidings/core";
import { messageBytes, type Offset } from "@tidings/protocol";
import type { Channel, Rest } from "../channel.ts";
import type { StoreReader } from "../store-reader.ts";
import type { SparseChannel } from "./held.ts";

/** Whether a channel is kept as its retention says; else it has to be converted before anyone looks at it. */
export function isConverted({ sparse }: Channel, { compact }: Retention): boolean {
  if (compact === true) return sparse?.stage === "compact";
  return sparse === undefined || sparse.stage === "bounded";
}

/**
 * A sparse channel without what its retention does not keep. As cheap as that of ordinary channels: nothing is looked at
 * while the oldest that could go is known to be kept.
 *
 * @throws {Error} when a block is damaged
 */
export function retainSparse(
  channel: SparseChannel,
  retention: Retention,
  nowMs: number,
  reader: StoreReader,
): Channel {
  const { sparse } = channel;
  if (!isConverted(channel, retention)) return channel;
  const { rest, dropped } = trimRest(channel, retention, nowMs, reader);
  const isCompact = sparse.stage === "compact";
  const earliest = isCompact ? channel.earliest : (Math.max(channel.earliest, dropped + 1) as Offset);
  if (!isCompact && earliest > sparse.edge) return ordinary(channel, earliest, reader);
  if (rest === sparse.rest) return channel;
  const resumable = Math.max(sparse.resumable, dropped);
  return { ...channel, earliest, sparse: { ...sparse, rest, resumable } };
}

/** The rest without its oldest while a bound is exceeded, and the offset of the last that was dropped, 0 for none. */
function trimRest(
  channel: SparseChannel,
  { maxMessages, maxBytes, maxAgeMs }: Retention,
  nowMs: number,
  reader: StoreReader,
): { readonly rest: Rest; readonly dropped: number } {
  const isKept = ({ count, bytes, timeMs }: Rest): boolean =>
    count <= maxMessages && bytes <= maxBytes && nowMs - timeMs <= maxAgeMs;
  let { rest } = channel.sparse;
  let dropped = 0;
  if (rest.count === 0 || isKept(rest)) return { rest, dropped };
  for (const { offset, timeMs, bytes } of restOf(channel, reader)) {
    rest = { ...rest, timeMs };
    if (isKept(rest)) return { rest, dropped };
    rest = { ...rest, count: rest.count - 1, bytes: rest.bytes - bytes };
    dropped = offset;
  }
  return { rest: { ...rest, timeMs: Number.POSITIVE_INFINITY }, dropped };
}

/** The rest, the oldest first: of a compact channel there is a table of it, of another one it is all that is held. */
function* restOf(
  { id, earliest, sparse }: SparseChannel,
  reader: StoreReader,
): Generator<{ readonly offset: number; readonly timeMs: number; readonly bytes: number }, void> {
  if (sparse.stage === "compact") {
    yield* reader.restFrom(id, Math.max(earliest, sparse.resumable + 1));
    return;
  }
  for (const block of reader.blocksFrom(id, earliest)) {
    const message = block.only();
    yield { offset: message.offset, timeMs: message.timeMs, bytes: messageBytes(message) };
  }
}

/** All that stood between holes has gone: nothing tells the channel from one that was never compacted. */
function ordinary({ sparse: _, ...channel }: SparseChannel, earliest: Offset, reader: StoreReader): Channel {
  const { id, head, totalBytes } = channel;
  const empty = { offset: head + 1, bytesBefore: totalBytes, timeMs: Number.POSITIVE_INFINITY };
  const block = earliest > head ? undefined : reader.blockFrom(id, earliest);
  const anchor =
    block === undefined
      ? empty
      : { offset: block.first, bytesBefore: block.bytesBefore, timeMs: block.timeMs };
  return { ...channel, earliest, anchor };
}
