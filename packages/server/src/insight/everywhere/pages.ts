import { quote, TidingsError } from "@tidings/protocol";

/** How far a list can be read on one node: who looks further searches. */
const MAX_SKIP = 10_000;
const MAX_NODES = 1_000;
const SKIP = /^([A-Za-z0-9_-]{1,64}):([0-9]{1,5})$/;

/** How many rows of each node were shown. */
export type Skips = ReadonlyMap<string, number>;

/**
 * Reads what {@link formatSkips} wrote, or a number, which is of this node alone.
 *
 * @throws {TidingsError} `QUERY_INVALID`
 */
export function readSkips(text: string, self: string): Skips {
  const parts = (/^[0-9]{1,5}$/.test(text) ? `${self}:${text}` : text).split(",");
  const skips = parts
    .map((part) => SKIP.exec(part))
    .map((found) => [found?.[1] ?? "", Number(found?.[2])] as const);
  if (parts.length <= MAX_NODES && skips.every(([, skip]) => skip <= MAX_SKIP)) return new Map(skips);
  throw new TidingsError(
    "QUERY_INVALID",
    `"after" is ${quote(text)}; it must be from 0 to ${MAX_SKIP}, or the "next" of the answer before.`,
    { field: "after" },
  );
}

/** Of a node by itself a number. */
function formatSkips(skips: Skips, self: string): string {
  const [[node = self, skip = 0] = [], ...others] = skips;
  if (node === self && others.length === 0) return String(skip);
  return [...skips].map(([each, shown]) => `${each}:${shown}`).join(",");
}

/** One node's part of a list: rows from where it was left, and how many it has in all. */
export interface NodePage<Row> {
  readonly node: string;
  readonly rows: readonly Row[];
  readonly count: number;
}

export interface MergedPage<Row> {
  readonly rows: readonly (Row & { readonly node: string })[];
  readonly count: number;
  readonly next?: string;
}

/** The greatest of all nodes' rows, each node's being in order already; and where each goes on. */
export function mergePages<Row extends object>(
  pages: readonly NodePage<Row>[],
  {
    limit,
    skips,
    self,
    valueOf,
  }: {
    readonly limit: number;
    readonly skips: Skips;
    readonly self: string;
    readonly valueOf: (row: Row) => number;
  },
): MergedPage<Row> {
  const all = pages.flatMap(({ node, rows }) => rows.map((row) => ({ ...row, node })));
  const values = new Map(all.map((row) => [row, valueOf(row)]));
  const rows = all.sort((one, other) => (values.get(other) ?? 0) - (values.get(one) ?? 0)).slice(0, limit);
  const count = pages.reduce((sum, page) => sum + page.count, 0);
  const shown = new Map(skips);
  for (const { node } of rows) shown.set(node, (shown.get(node) ?? 0) + 1);
  const isMore = pages.some((page) => (shown.get(page.node) ?? 0) < page.count);
  const isFar = [...shown.values()].some((skip) => skip > MAX_SKIP);
  return rows.length > 0 && isMore && !isFar
    ? { rows, count, next: formatSkips(shown, self) }
    : { rows, count };
}
