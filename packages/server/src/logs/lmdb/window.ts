import type { Retention } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import type { Anchor, Channel } from "./channel.ts";

/** Looks a message up that the store holds (or that is about to be stored). */
export type Locate = (offset: number) => Anchor;

/**
 * The channel with `earliest` where retention puts it now. Exact, and yet cheap: counting needs no look at any message,
 * and bytes and age need one only when what is known of the anchor does not already say that all is kept.
 */
export function applyRetention(
  channel: Channel,
  retention: Retention,
  nowMs: number,
  locate: Locate,
): Channel {
  const { head, totalBytes } = channel;
  const { maxMessages, maxBytes, maxAgeMs } = retention;
  let anchor = channel.anchor;
  let earliest: number = Math.max(channel.earliest, head - maxMessages + 1);

  const isKept = (at: Anchor): boolean =>
    totalBytes - at.bytesBefore <= maxBytes && nowMs - at.timeMs <= maxAgeMs;
  if (earliest <= head && !isKept(anchor)) {
    if (anchor.offset !== earliest) anchor = locate(earliest);
    if (!isKept(anchor)) {
      earliest = firstKept(earliest, head, (offset) => isKept(locate(offset)));
      if (earliest <= head) anchor = locate(earliest);
    }
  }
  if (earliest > head && anchor.offset <= head) anchor = emptyAnchor(channel);
  return earliest === channel.earliest && anchor === channel.anchor
    ? channel
    : { ...channel, earliest: earliest as Offset, anchor };
}

/** The anchor of a channel that holds nothing: the next message will stand there. */
function emptyAnchor({ head, totalBytes }: Channel): Anchor {
  return { offset: head + 1, bytesBefore: totalBytes, timeMs: Number.POSITIVE_INFINITY };
}

/** Bytes held, exactly. */
export function heldBytes(channel: Channel, locate: Locate): number {
  const { head, earliest, totalBytes, anchor } = channel;
  if (earliest > head) return 0;
  return totalBytes - (anchor.offset === earliest ? anchor : locate(earliest)).bytesBefore;
}

/**
 * The first offset after `dropped` that is kept, `head + 1` when none is. Steps get longer until one lands on what is
 * kept, then halve: usually only a few messages go at a time.
 */
function firstKept(dropped: number, head: number, isKept: (offset: number) => boolean): number {
  let below = dropped;
  let above = head + 1;
  for (let step = 1; below + step < above; step *= 2) {
    if (isKept(below + step)) above = below + step;
    else below += step;
  }
  while (above - below > 1) {
    const middle = below + Math.floor((above - below) / 2);
    if (isKept(middle)) above = middle;
    else below = middle;
  }
  return above;
}
