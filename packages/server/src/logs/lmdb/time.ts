import type { Offset } from "@tidings/protocol";
import type { Channel } from "./channel.ts";
import type { StoreReader } from "./store-reader.ts";

/**
 * As `Log.offsetBeforeTime`, by halving: at most as many blocks are looked at as the offsets have bits. Of a sparse channel the
 * nearest block below an offset says as much as one that stands there, one whose message is gone too.
 *
 * @throws {Error} when a block is damaged
 */
export function offsetBeforeTime(
  reader: StoreReader,
  { id, head, earliest }: Channel,
  timeMs: number,
): Offset {
  let below = earliest - 1;
  let above = head + 1;
  while (above - below > 1) {
    const middle = below + Math.floor((above - below) / 2);
    const block = reader.blockAt(id, middle);
    if (block === undefined || block.last < earliest || block.timeMs < timeMs) below = middle;
    else above = middle;
  }
  return below as Offset;
}
