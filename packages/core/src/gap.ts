import {
  type Cursor,
  formatCursor,
  type GapFrame,
  type GapReason,
  type Offset,
  TidingsError,
  toOffset,
} from "@tidings/protocol";
import type { ChannelState } from "./log.ts";

/** Messages between a reader's cursor and where it can go on. Always told, never silent. */
export interface Gap {
  readonly reason: GapReason;
  /** Where the reader stood. */
  readonly from: Cursor;
  /** Where it goes on: the next message it gets is the first one after this. */
  readonly to: Cursor;
  /** How many messages are missing, whatever their event; `null` where the log cannot know. */
  readonly missed: number | null;
}

/**
 * Whether reading since a cursor would pass over something, given what the log holds:
 * - `expired`: retention or a truncation dropped messages that the reader has not had; on a compact channel it may have
 *   missed that a key was deleted, so it forgets what it knew, and is given the whole state again;
 * - `epoch`: the cursor is from another life of the log; reading goes on with all that this one holds;
 * - `ahead`: the cursor is beyond the head, so the log lost its end or the cursor is made up; reading goes on at the
 *   head, since what comes below the cursor may be what the reader has seen already.
 */
export function findGap(cursor: Cursor, log: ChannelState, isContiguous: boolean): Gap | undefined {
  const start = { epoch: log.epoch, offset: toOffset(log.earliest - 1) };
  if (cursor.epoch !== log.epoch) return { reason: "epoch", from: cursor, to: start, missed: null };
  if (cursor.offset > log.head) {
    return { reason: "ahead", from: cursor, to: { epoch: log.epoch, offset: log.head }, missed: null };
  }
  const { resumable } = log;
  if (resumable === undefined) {
    if (cursor.offset >= start.offset) return undefined;
    const missed = isContiguous ? start.offset - cursor.offset : null;
    return { reason: "expired", from: cursor, to: start, missed };
  }
  const { offset, begunAt = offset } = cursor;
  const knows = offset >= start.offset && Math.max(offset, begunAt) >= resumable;
  if (knows || offset === start.offset) return undefined;
  return { reason: "expired", from: cursor, to: start, missed: null };
}

/** The cursor with what the log has said of the state that the reader begins with, where it begins there. */
export function markBeginning(cursor: Cursor, { earliest, resumable }: ChannelState): Cursor {
  return cursor.offset === earliest - 1 ? markBegun(cursor, resumable) : cursor;
}

/** The cursor of a reader to which nothing was promised before, and which nothing that is gone can have escaped. */
export function markBegun(cursor: Cursor, resumable: Offset | undefined): Cursor {
  return resumable === undefined || resumable <= cursor.offset ? cursor : { ...cursor, begunAt: resumable };
}

/** The cursor further on. */
export function moveTo({ epoch, begunAt }: Cursor, offset: Offset): Cursor {
  return begunAt === undefined ? { epoch, offset } : { epoch, offset, begunAt };
}

/** Two gaps, one right after the other, as one. */
export function joinGaps(first: Gap, second: Gap): Gap {
  const missed = first.missed === null || second.missed === null ? null : first.missed + second.missed;
  const reason = first.from.epoch === second.to.epoch ? first.reason : "epoch";
  return { reason, from: first.from, to: second.to, missed };
}

export function gapFrame(channel: string, gap: Gap): GapFrame {
  const { reason, from, to, missed } = gap;
  return { type: "gap", channel, reason, from: formatCursor(from), to: formatCursor(to), missed };
}

/** What a reader that would rather end than pass over a gap ends with. */
export function goneError(channel: string, gap: Gap): TidingsError {
  const { type: _, channel: __, ...told } = gapFrame(channel, gap);
  const missed = gap.missed === null ? "an unknown number of" : String(gap.missed);
  return new TidingsError(
    "CURSOR_GONE",
    `channel "${channel}" cannot be read since ${told.from} without a gap (${gap.reason}, ${missed} messages missing). ` +
      `Read on since ${told.to}, leave gap=fail out, or raise the channel's retention.`,
    { gap: told },
  );
}
