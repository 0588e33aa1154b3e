/** The offset in a cursor, and the epoch before it; what else may follow is of a keyed channel's state. */
export function splitCursor(cursor: string): { readonly epoch: string; readonly offset: number } | undefined {
  const match = /^([a-z0-9]{1,32})\.(\d+)/.exec(cursor);
  if (match === null) return undefined;
  return { epoch: match[1] ?? "", offset: Number(match[2]) };
}

/**
 * A cursor so many offsets before another one: where a page begins that is to end about there. Offsets need not be contiguous, so it may
 * hold fewer messages than that.
 */
export function cursorBefore(cursor: string, offsets: number): string | undefined {
  const split = splitCursor(cursor);
  return split && `${split.epoch}.${Math.max(0, split.offset - 1 - offsets)}`;
}
