import type { Offset } from "@tidings/protocol";
import { Block } from "./block.ts";
import { type Channel, decodeChannel } from "./channel.ts";
import {
  blockKey,
  channelKey,
  decodeRest,
  decodeKeyList,
  decodeNewest,
  decodeRecall,
  type Rest,
  EPOCH_KEY,
  firstOf,
  idempotencyKey,
  type Newest,
  newestKey,
  NEXT_ID_KEY,
} from "./keys.ts";
import { openRoot, openTables, type StoreRoot, type Tables } from "./tables.ts";

/** What LMDB says of a table (mdb_stat). */
interface Pages {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

/** Keys that are over their time, and the entry of the expiry table that lists them. */
export interface ExpiredKeys {
  readonly entry: Buffer;
  readonly keys: readonly Buffer[];
}

/**
 * Reads the store, on the main thread: a page is a few memory copies, where asking another thread would cost more.
 * All that it answers is copied out of the memory map, so it stays as it is whatever is written later.
 */
export class StoreReader {
  readonly #root: StoreRoot;
  readonly #tables: Tables;
  /** The block that was looked at last: those who look for a boundary look at its neighbours next. */
  #lastBlock: { readonly channelId: number; readonly block: Block } | undefined;

  constructor(path: string) {
    this.#root = openRoot(path, { isReadOnly: true });
    this.#tables = openTables(this.#root);
  }

  /** Lets later reads see what was committed since. LMDB's snapshot otherwise lasts until the turn ends. */
  refresh(): void {
    this.#root.resetReadTxn();
  }

  /** Whether anything can be read at all: after a meta page could not be written, LMDB refuses until it is opened anew. */
  isUsable(): boolean {
    try {
      this.refresh();
      this.epoch();
      return true;
    } catch {
      return false;
    }
  }

  epoch(): string {
    return String(this.#tables.store.getBinary(EPOCH_KEY));
  }

  nextChannelId(): number {
    return this.#tables.store.getBinary(NEXT_ID_KEY)?.readUInt32BE(0) ?? 1;
  }

  channel(name: string): Channel | undefined {
    const bytes = this.#tables.channels.getBinary(channelKey(name));
    return bytes === undefined ? undefined : decodeChannel(name, bytes);
  }

  channelCount(): number {
    const { entryCount } = this.#tables.channels.getStats() as { readonly entryCount: number };
    return entryCount;
  }

  /** Bytes of the pages that the tables have. */
  usedBytes(): number {
    let bytes = 0;
    for (const table of Object.values(this.#tables)) {
      const { pageSize, treeBranchPageCount, treeLeafPageCount, overflowPages } = table.getStats() as Pages;
      bytes += pageSize * (treeBranchPageCount + treeLeafPageCount + overflowPages);
    }
    return bytes;
  }

  /** Names of channels above `after`, in order. */
  channelNames(prefix: string, after: string, limit: number): readonly string[] {
    const names: string[] = [];
    if (limit <= 0) return names;
    // The first name above another one is that name with a NUL, which no name has.
    const start = after >= prefix ? `${after}\0` : prefix;
    // LMDB takes no empty key; NUL is below every name.
    for (const key of this.#tables.channels.getKeys({
      start: channelKey(start === "" ? "\0" : start),
      limit,
    })) {
      const name = String(key);
      if (!name.startsWith(prefix)) break;
      names.push(name);
    }
    return names;
  }

  /**
   * The block that holds an offset, or the nearest one below.
   *
   * @throws {Error} when it is damaged
   */
  blockAt(channelId: number, offset: number): Block | undefined {
    const last = this.#lastBlock;
    if (last?.channelId === channelId && last.block.first <= offset && offset <= last.block.last)
      return last.block;
    const range = {
      start: blockKey(channelId, offset),
      end: blockKey(channelId, 0),
      reverse: true,
      limit: 1,
    };
    for (const { key, value } of this.#tables.blocks.getRange(range)) {
      const block = new Block(firstOf(key as Buffer), value);
      this.#lastBlock = { channelId, block };
      return block;
    }
    return undefined;
  }

  /**
   * The block whose first offset is `first`.
   *
   * @throws {Error} when it is damaged
   */
  blockFrom(channelId: number, first: Offset): Block | undefined {
    const bytes = this.#tables.blocks.getBinary(blockKey(channelId, first));
    return bytes === undefined ? undefined : new Block(first, bytes);
  }

  /** The blocks whose first offset is `from` or above, in order. */
  *blocksFrom(channelId: number, from: number): Generator<Block, void> {
    const range = { start: blockKey(channelId, from), end: blockKey(channelId + 1, 0) };
    for (const { key, value } of this.#tables.blocks.getRange(range))
      yield new Block(firstOf(key as Buffer), value);
  }

  /** The blocks whose first offset is below `before`, the newest first; as they were stored, since one may be damaged. */
  *blocksBefore(
    channelId: number,
    before: number,
  ): Generator<{ readonly first: Offset; readonly value: Buffer }, void> {
    const range = { start: blockKey(channelId, before - 1), end: blockKey(channelId, 0), reverse: true };
    for (const { key, value } of this.#tables.blocks.getRange(range))
      yield { first: firstOf(key as Buffer), value };
  }

  /** First offsets of the blocks at an offset or below, the newest first. */
  *blockStartsFrom(channelId: number, offset: number): Generator<number, void> {
    const range = { start: blockKey(channelId, offset), end: blockKey(channelId, 0), reverse: true };
    for (const key of this.#tables.blocks.getKeys(range)) yield firstOf(key as Buffer);
  }

  /** What was recorded as a key's newest message; of one that was dropped since, too. */
  newest(key: Buffer): Newest | undefined {
    const value = this.#tables.newest.getBinary(key);
    return value === undefined ? undefined : decodeNewest(value);
  }

  /** Keys of a channel that have a newest message recorded, at most `limit`. */
  newestKeys(channelId: number, limit: number): readonly Buffer[] {
    const [start, end] = [newestKey(channelId, ""), newestKey(channelId + 1, "")];
    return [...this.#tables.newest.getKeys({ start, end, limit })] as Buffer[];
  }

  /** What of a compact channel goes by its bounds, from an offset on, the oldest first; also what has gone and is to be removed. */
  *restFrom(channelId: number, from: number): Generator<Rest, void> {
    const range = { start: blockKey(channelId, from), end: blockKey(channelId + 1, 0) };
    for (const { key, value } of this.#tables.rest.getRange(range))
      yield decodeRest(firstOf(key as Buffer), value);
  }

  /** First offsets of the blocks from one on, at most `limit`. */
  blockStarts(channelId: number, from: number, limit: number): readonly Offset[] {
    const range = { start: blockKey(channelId, from), end: blockKey(channelId + 1, 0), limit };
    return [...this.#tables.blocks.getKeys(range)].map((key) => firstOf(key as Buffer));
  }

  /** The offset that a repeat of an idempotency key answers, if it is still known. */
  recall(channelId: number, key: string, nowMs: number): Offset | undefined {
    return this.#recall(idempotencyKey(channelId, key), nowMs);
  }

  /** Lists of keys that ended, the oldest first, until they have `maxKeys` keys between them. */
  expiredKeys(nowMs: number, maxKeys: number): readonly ExpiredKeys[] {
    const expired: ExpiredKeys[] = [];
    let count = 0;
    for (const { key, value } of this.#tables.expiry.getRange({})) {
      if (count >= maxKeys || (key as Buffer).readDoubleBE(0) > nowMs) break;
      const keys = decodeKeyList(value);
      count += keys.length;
      // One that was used again since has another list to end with.
      expired.push({
        entry: key as Buffer,
        keys: keys.filter((each) => this.#recall(each, nowMs) === undefined),
      });
    }
    return expired;
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  #recall(key: Buffer, nowMs: number): Offset | undefined {
    const bytes = this.#tables.keys.getBinary(key);
    if (bytes === undefined) return undefined;
    const { offset, untilMs } = decodeRecall(bytes);
    return untilMs > nowMs ? offset : undefined;
  }
}
