import type { PageLimits } from "@tidings/core";
import { type Message, messageBytes } from "@tidings/protocol";
import type { Anchor, Channel } from "./channel.ts";
import { isSparse } from "./compact/held.ts";
import { readSparse } from "./compact/read.ts";
import type { StoreReader } from "./store-reader.ts";

/**
 * The messages of one page: those after an offset, from the channel's earliest on.
 *
 * @throws {Error} when a block is damaged or missing
 */
export function readMessages(
  reader: StoreReader,
  channel: Channel,
  after: number,
  limits: PageLimits,
): readonly Message[] {
  if (isSparse(channel)) return readSparse(reader, channel, after, limits);
  const messages: Message[] = [];
  const from = Math.max(after + 1, channel.earliest);
  if (from > channel.head) return messages;
  let bytes = 0;
  const take = (message: Message): boolean => {
    // LMDB may show more than the channel does: what is committed, and not answered yet.
    if (message.offset > channel.head) return false;
    bytes += messageBytes(message);
    if (messages.length > 0 && (messages.length >= limits.maxMessages || bytes > limits.maxBytes))
      return false;
    messages.push(message);
    return true;
  };
  const first = reader.blockAt(channel.id, from);
  if (first === undefined || first.last < from) throw lost(from);
  if (!first.visit(from, take)) return messages;
  let next = first.last + 1;
  for (const block of reader.blocksFrom(channel.id, next)) {
    if (block.first !== next && next <= channel.head) throw lost(next);
    if (!block.visit(block.first, take)) return messages;
    next = block.last + 1;
  }
  if (next <= channel.head) throw lost(next);
  return messages;
}

/**
 * Where a message stands and when it was appended.
 *
 * @throws {Error} when its block is damaged or missing
 */
export function locate(reader: StoreReader, channel: Channel, offset: number): Anchor {
  const block = reader.blockAt(channel.id, offset);
  if (block === undefined || block.last < offset) throw lost(offset);
  return { offset, bytesBefore: block.bytesBeforeOffset(offset), timeMs: block.timeMs };
}

function lost(offset: number): Error {
  return new Error(`the message at offset ${offset} is missing`);
}
