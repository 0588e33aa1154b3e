declare const offsetBrand: unique symbol;
/** Position of a message in one channel's log: strictly increasing, not promised contiguous. 0 is "before the first". */
export type Offset = number & { readonly [offsetBrand]: true };

/** Names a number as an offset. It must be a safe integer, 0 or above; {@link parseCursor} checks, this does not. */
export function toOffset(value: number): Offset {
  return value as Offset;
}

/** Where a reader stands: it has everything of this life of the log up to and with `offset`. */
export interface Cursor {
  /** Identity of one life of the log: 1–32 of `a-z 0-9`. */
  readonly epoch: string;
  readonly offset: Offset;
  /**
   * Of a reader that is still being given the whole state of a compact channel: it began when what is gone up to here was
   * gone already, so nothing of that can have escaped it. Without meaning at or below `offset`, and not written then.
   */
  readonly begunAt?: Offset;
}

/** A cursor's longest spelling: 32 of epoch, a dot, 16 digits. */
export const MAX_CURSOR_BYTES = 49;
/** The same on a compact channel: another sign and 16 digits more. */
export const MAX_COMPACT_CURSOR_BYTES = 66;

const CURSOR = /^([a-z0-9]{1,32})\.(0|[1-9][0-9]{0,15})(?:~([1-9][0-9]{0,15}))?$/;

/** The one spelling of a cursor: SSE `id:`, `?since=`, frames, ETags. Clients treat it as opaque. */
export function formatCursor({ epoch, offset, begunAt = offset }: Cursor): string {
  return begunAt > offset ? `${epoch}.${offset}~${begunAt}` : `${epoch}.${offset}`;
}

/** Reads a cursor back, or answers `undefined` for anything that {@link formatCursor} does not write. */
export function parseCursor(text: string): Cursor | undefined {
  const match = CURSOR.exec(text);
  if (match === null) return undefined;
  const offset = Number(match[2]);
  if (!Number.isSafeInteger(offset)) return undefined;
  const cursor = { epoch: match[1] as string, offset: toOffset(offset) };
  if (match[3] === undefined) return cursor;
  const begunAt = Number(match[3]);
  return Number.isSafeInteger(begunAt) && begunAt > offset
    ? { ...cursor, begunAt: toOffset(begunAt) }
    : undefined;
}

/** Where a connection stands in all its channels: `a@k3.42,b@k3.7`. Neither `@` nor `,` can be in a channel's name. */
export function formatPosition(cursors: Iterable<readonly [channel: string, cursor: Cursor]>): string {
  let position = "";
  for (const [channel, cursor] of cursors) {
    if (position !== "") position += ",";
    position += `${channel}@${formatCursor(cursor)}`;
  }
  return position;
}

/** Reads a composite position back, or answers `undefined`. A channel named twice keeps its last cursor. */
export function parsePosition(text: string): Map<string, Cursor> | undefined {
  const cursors = new Map<string, Cursor>();
  if (text === "") return cursors;
  for (const part of text.split(",")) {
    const at = part.indexOf("@");
    const cursor = at > 0 ? parseCursor(part.slice(at + 1)) : undefined;
    if (cursor === undefined) return undefined;
    cursors.set(part.slice(0, at), cursor);
  }
  return cursors;
}
