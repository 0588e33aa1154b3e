import { type Cursor, type Offset, toOffset } from "@tidings/protocol";
import { applyFilter, type Filter } from "./filter.ts";
import type { Log, PageLimits } from "./log.ts";

/** Where a reader begins. */
export type Start =
  /** After this position, exclusive. */
  | { readonly at: "cursor"; readonly cursor: Cursor }
  /** With the oldest message held. */
  | { readonly at: "earliest" }
  /** With what comes next. */
  | { readonly at: "latest" }
  /** With the first message that was appended at a time or later, in milliseconds since 1970. */
  | { readonly at: "time"; readonly timeMs: number }
  /** With the newest `count` messages that the filter lets through. */
  | { readonly at: "last"; readonly count: number };

/**
 * The offset after which the newest `count` messages of a filter stand. Without a filter the log knows; with one, a
 * growing stretch of its end is searched, a page at a time, so the cost is bounded by the channel's retention.
 */
export async function findLast(
  log: Log,
  channel: string,
  count: number,
  filter: Filter | undefined,
  limits: PageLimits,
): Promise<Offset> {
  if (filter === undefined || count === 0) return log.offsetBeforeLast(channel, count);
  for (let stretch = count * 2; ; stretch *= 4) {
    const from = await log.offsetBeforeLast(channel, stretch);
    const { offsets, isWhole } = await matchesAfter(log, channel, from, filter, limits);
    const wanted = offsets.at(-count);
    if (wanted !== undefined) return toOffset(wanted - 1);
    if (isWhole) return from;
  }
}

async function matchesAfter(
  log: Log,
  channel: string,
  from: Offset,
  filter: Filter,
  limits: PageLimits,
): Promise<{ offsets: readonly Offset[]; isWhole: boolean }> {
  const offsets: Offset[] = [];
  let after = from;
  let isWhole = false;
  for (;;) {
    const page = await log.read(channel, after, limits);
    isWhole ||= from < page.earliest;
    for (const message of applyFilter(filter, page.messages)) offsets.push(message.offset);
    const last = page.messages.at(-1);
    if (last === undefined || last.offset >= page.head) return { offsets, isWhole };
    after = last.offset;
  }
}
