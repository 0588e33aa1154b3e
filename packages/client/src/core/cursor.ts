/** The life of the log that a cursor is of. */
function epochOf(cursor: string): string {
  return cursor.slice(0, cursor.indexOf("."));
}

/** `parseInt` stops at the `~` that a keyed channel's cursor may end with. */
function offsetOf(cursor: string): number {
  return Number.parseInt(cursor.slice(cursor.indexOf(".") + 1), 10);
}

/** Whether both are of one life of the log, so that they can be compared. */
export function isSameEpoch(one: string, other: string): boolean {
  return epochOf(one) === epochOf(other);
}

/** Whether whoever stands at `position` has what `cursor` is of. Cursors of different epochs cover nothing of each other. */
export function covers(position: string | undefined, cursor: string): boolean {
  return position !== undefined && isSameEpoch(position, cursor) && offsetOf(cursor) <= offsetOf(position);
}
