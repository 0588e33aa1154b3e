import type { PageLimits } from "@tidings/core";
import { type Message, messageBytes } from "@tidings/protocol";
import type { StoreReader } from "../store-reader.ts";
import { heldOf, isHidden, type SparseChannel } from "./held.ts";

/**
 * The messages of one page of a sparse channel.
 *
 * @throws {Error} when a block is damaged
 */
export function readSparse(
  reader: StoreReader,
  channel: SparseChannel,
  after: number,
  limits: PageLimits,
): readonly Message[] {
  const messages: Message[] = [];
  const from = Math.max(after + 1, channel.earliest);
  if (from > channel.head) return messages;
  let bytes = 0;
  for (const block of reader.blocksFrom(channel.id, from)) {
    const message = block.only();
    if (isHidden(channel, message)) continue;
    bytes += messageBytes(message);
    if (messages.length > 0 && (messages.length >= limits.maxMessages || bytes > limits.maxBytes)) break;
    messages.push(message);
  }
  return messages;
}

/** As `Log.offsetBeforeLast`, by looking at where blocks stand and not at what they hold. */
export function sparseBeforeLast(reader: StoreReader, channel: SparseChannel, count: number): number {
  const { id, head, earliest, sparse } = channel;
  if (count >= heldOf(sparse).messages) return earliest - 1;
  if (count <= 0) return head;
  const gone = new Set<number>();
  if (sparse.stage === "compact") {
    for (const { offset } of reader.restFrom(id, earliest)) {
      if (offset > sparse.resumable) break;
      gone.add(offset);
    }
  }
  let found = 0;
  for (const first of reader.blockStartsFrom(id, head)) {
    if (first < earliest) break;
    if (!gone.has(first) && ++found >= count) return first - 1;
  }
  return earliest - 1;
}
