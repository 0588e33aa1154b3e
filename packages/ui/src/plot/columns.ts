/** What a plot is drawn from: times in seconds since the epoch, and for each series its values; `null` breaks a line. */
export type Columns = readonly [times: readonly number[], ...series: readonly (readonly (number | null)[])[]];

/** Something that was so at a time, in milliseconds since the epoch. */
export interface Timed {
  readonly atMs: number;
}

/**
 * Columns of what came in the order of time. Where two are further apart than `maxStepMs`, nothing is known of what was in between:
 * a row of `null` there breaks all lines.
 */
export function columnsOf<Item extends Timed>(
  items: readonly Item[],
  series: readonly ((item: Item) => number | null)[],
  maxStepMs: number,
): Columns {
  const times: number[] = [];
  const values: (number | null)[][] = series.map(() => []);
  let beforeMs = Number.POSITIVE_INFINITY;
  for (const item of items) {
    if (item.atMs - beforeMs > maxStepMs) {
      times.push((beforeMs + item.atMs) / 2_000);
      for (const column of values) column.push(null);
    }
    times.push(item.atMs / 1_000);
    for (const [at, read] of series.entries()) values[at]?.push(read(item));
    beforeMs = item.atMs;
  }
  return [times, ...values];
}

/** Points that have no neighbour on either side: a line alone would not show them. */
export function lonePoints(values: ArrayLike<number | null | undefined>): number[] {
  const lone: number[] = [];
  for (let at = 0; at < values.length; at++)
    if (isThere(values[at]) && !isThere(values[at - 1]) && !isThere(values[at + 1])) lone.push(at);
  return lone;
}

function isThere(value: number | null | undefined): boolean {
  return value !== null && value !== undefined;
}
