import type { Batch } from "@tidings/protocol";
import type { PageLimits } from "./log.ts";

/**
 * The index before which the messages of a batch fit into a page, from the one at index `from` on: at least `least`
 * of them, whatever their size. Bytes are those of the encoding.
 */
export function fitBatch(batch: Batch, from: number, room: PageLimits, least: 0 | 1): number {
  const start = from === 0 ? 0 : (batch.ends[from - 1] as number);
  let to = Math.min(batch.ends.length, from + Math.max(least, room.maxMessages));
  while (to > from + least && (batch.ends[to - 1] as number) - start > room.maxBytes) to--;
  return to;
}
