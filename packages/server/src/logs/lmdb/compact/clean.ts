import type { Offset } from "@tidings/protocol";
import { blockKey, newestKey } from "../keys.ts";
import type { Table } from "../script.ts";
import type { StoreReader } from "../store-reader.ts";
import type { SparseChannel } from "./held.ts";

/** What a commit removes of a sparse channel, and below which offset nothing stands after it. */
export interface Removals {
  readonly entries: readonly Entry[];
  readonly floor: number;
}

export type Entry = readonly [table: Table, key: Buffer];

/**
 * What nobody is shown any more and the store still has: the rest that went by its bounds, and what was truncated.
 * Of each at most `limit` messages; `undefined` where there are none.
 */
export function findRemovals(
  reader: StoreReader,
  channel: SparseChannel,
  limit: number,
): Removals | undefined {
  const entries: Entry[] = [];
  removeRest(reader, channel, limit, entries);
  const floor = removeTruncated(reader, channel, limit, entries);
  return entries.length > 0 || floor !== channel.floor ? { entries, floor } : undefined;
}

function removeRest(
  reader: StoreReader,
  { id, sparse }: SparseChannel,
  limit: number,
  entries: Entry[],
): void {
  if (sparse.resumable === 0 || sparse.stage === "bounded") return;
  let count = 0;
  for (const { offset, newestKey: key } of reader.restFrom(id, 0)) {
    if (offset > sparse.resumable || count++ >= limit) return;
    const at = blockKey(id, offset);
    entries.push(["rest", at], ["blocks", at]);
    if (key.length > 0 && reader.newest(key)?.offset === offset) entries.push(["newest", key]);
  }
}

function removeTruncated(
  reader: StoreReader,
  { id, earliest, floor, sparse }: SparseChannel,
  limit: number,
  entries: Entry[],
): number {
  if (floor >= earliest) return floor;
  const starts = reader.blockStarts(id, floor, limit);
  for (const first of starts) {
    if (first >= earliest) return earliest;
    entries.push(["blocks", blockKey(id, first)]);
    const key = sparse.stage === "bounded" ? undefined : keyAt(reader, id, first);
    if (key !== undefined && reader.newest(key)?.offset === first) entries.push(["newest", key]);
  }
  return starts.length < limit ? earliest : (starts.at(-1) as number) + 1;
}

/** Where a message's key is recorded; of one that cannot be read, it stays so, and counts for nothing below `earliest`. */
function keyAt(reader: StoreReader, id: number, offset: Offset): Buffer | undefined {
  try {
    const key = reader.blockFrom(id, offset)?.only().key;
    return key === undefined ? undefined : newestKey(id, key);
  } catch {
    return undefined;
  }
}
