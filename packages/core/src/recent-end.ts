import {
  type Allocate,
  type Batch,
  encodeBatch,
  type Message,
  messageBytes,
  type Offset,
  sliceBatch,
} from "@tidings/protocol";
import type { Chunk } from "./chunk.ts";
import { applyFilter } from "./filter.ts";
import { fitBatch } from "./fit.ts";
import type { Lane } from "./lane.ts";
import type { PageLimits } from "./log.ts";

/** Chunks are merged up to so many bytes, about: a page of a stream that catches up. */
const MERGED_BYTES = 65_536;

/** What was read from the recent end, and how far: beyond the last message where a filter left some out. */
export interface RecentPage {
  /** In order; the bytes are shared by all who read them, uncopied. */
  readonly batches: readonly Batch[];
  readonly offset: Offset;
}

/**
 * The newest chunks of a channel with their encodings, so that a thousand readers that come back near the head cost
 * neither a read of the log nor an encoding. Bounded by the bytes of both, so that lanes cannot make it grow.
 */
export class RecentEnd {
  readonly #maxBytes: number;
  readonly #allocate: Allocate;
  #chunks: Chunk[] = [];
  #bytes = 0;
  /** Everything after this offset, up to the channel's head, is here. */
  #start: Offset;
  /** Of a channel that conflates, the newest message here of each key. */
  readonly #newest: Map<string, Offset> | undefined;

  constructor(head: Offset, maxBytes: number, allocate: Allocate, conflates = false) {
    this.#newest = conflates ? new Map() : undefined;
    this.#start = head;
    this.#maxBytes = maxBytes;
    this.#allocate = allocate;
  }

  /** The same messages, without their encodings: those are of the lanes that made them. */
  copy(): RecentEnd {
    const other = new RecentEnd(this.#start, this.#maxBytes, this.#allocate, this.#newest !== undefined);
    for (const chunk of this.#chunks) other.push(chunk.again());
    return other;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the chunk that follows. It stays, whatever its size, until {@link RecentEnd.trim}. */
  push(chunk: Chunk): void {
    chunk.isHeld = true;
    this.#chunks.push(chunk);
    this.#bytes += chunk.bytes;
    for (const { key, offset } of this.#newest === undefined ? [] : chunk.messages)
      if (key !== undefined) this.#newest?.set(key, offset);
  }

  encode(chunk: Chunk, lane: Lane): Batch {
    const bytesBefore = chunk.bytes;
    const batch = chunk.encode(lane);
    this.#bytes += chunk.bytes - bytesBefore;
    return batch;
  }

  /** One page at most of what came after an offset; `undefined` where it does not reach back that far. */
  read(lane: Lane, after: Offset, limits: PageLimits): RecentPage | undefined {
    if (after < this.#start) return undefined;
    if (this.#newest !== undefined) return this.#readNewest(this.#newest, lane, after, limits);
    const batches: Batch[] = [];
    let { maxMessages, maxBytes } = limits;
    let offset = after;
    const first = this.#firstAfter(after);
    this.#mergeFrom(first);
    for (let at = first; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as Chunk;
      const whole = this.encode(chunk, lane);
      const from = chunk.before >= after ? 0 : countUpTo(whole, after);
      const to = fitBatch(whole, from, { maxMessages, maxBytes }, batches.length === 0 ? 1 : 0);
      if (to > from) {
        const batch = sliceBatch(whole, from, to);
        batches.push(batch);
        maxMessages -= batch.ends.length;
        maxBytes -= batch.bytes.length;
        offset = whole.offsets[to - 1] as Offset;
      }
      if (to < whole.ends.length) break;
      offset = chunk.last;
    }
    this.trim();
    return { batches, offset };
  }

  /**
   * Merges chunks until each is more than twice the next one. Flushes may be of one message each, and a page of hundreds of
   * pieces would be copied together for each reader; so it has a few, which readers share wherever they stand. A
   * message is copied some ten times in all, however many come back, and never where nobody does.
   */
  #mergeFrom(from: number): void {
    const most = Math.min(MERGED_BYTES, this.#maxBytes / 8);
    let end = from;
    for (let at = from; at < this.#chunks.length; at++) {
      let chunk = this.#chunks[at] as Chunk;
      for (; end > from; end--) {
        const before = this.#chunks[end - 1] as Chunk;
        if (before.bytes > 2 * chunk.bytes || before.bytes + chunk.bytes > most) break;
        this.#bytes -= before.bytes + chunk.bytes;
        const merged = before.with(chunk);
        // A flush that is under way may still ask for them.
        before.isHeld = false;
        chunk.isHeld = false;
        chunk = merged;
        this.#bytes += chunk.bytes;
      }
      this.#chunks[end++] = chunk;
    }
    this.#chunks.length = end;
  }

  /** Lets the oldest chunks go until the rest is within its bytes. */
  trim(): void {
    let gone = 0;
    while (this.#bytes > this.#maxBytes && gone < this.#chunks.length) {
      const oldest = this.#chunks[gone++] as Chunk;
      oldest.isHeld = false;
      this.#bytes -= oldest.bytes;
      this.#start = oldest.last;
      for (const { key, offset } of this.#newest === undefined ? [] : oldest.messages)
        if (key !== undefined && this.#newest?.get(key) === offset) this.#newest.delete(key);
    }
    if (gone > 0) this.#chunks.splice(0, gone);
  }

  /** Lets a lane's encodings go. */
  forget(lane: Lane): void {
    for (const chunk of this.#chunks) {
      this.#bytes -= chunk.bytes;
      chunk.forget(lane);
      this.#bytes += chunk.bytes;
    }
  }

  /** Without messages that a newer one of their key stands for; encoded for this reader alone, since each lacks others. */
  #readNewest(
    newest: ReadonlyMap<string, Offset>,
    lane: Lane,
    after: Offset,
    { maxMessages, maxBytes }: PageLimits,
  ): RecentPage | undefined {
    const [first] = this.#chunks;
    if (first === undefined) return undefined;
    const page: Message[] = [];
    let bytes = 0;
    let offset = after;
    for (let at = this.#firstAfter(after); at < this.#chunks.length; at++) {
      for (const message of (this.#chunks[at] as Chunk).messages) {
        const { key } = message;
        if (message.offset <= after || (key !== undefined && newest.get(key) !== message.offset)) continue;
        bytes += messageBytes(message);
        if (page.length > 0 && (page.length >= maxMessages || bytes > maxBytes))
          return { batches: [this.#encode(first, lane, page)], offset };
        page.push(message);
        offset = message.offset;
      }
    }
    const head = (this.#chunks.at(-1) as Chunk).last;
    return { batches: [this.#encode(first, lane, page)], offset: head > offset ? head : offset };
  }

  #encode({ source }: Chunk, lane: Lane, messages: readonly Message[]): Batch {
    return encodeBatch(lane.format, applyFilter(lane.filter, messages), source, this.#allocate);
  }

  #firstAfter(after: Offset): number {
    let at = this.#chunks.length;
    while (at > 0 && (this.#chunks[at - 1] as Chunk).last > after) at--;
    return at;
  }
}

/** How many of a batch's messages, which are all kept, stand at an offset or below. */
function countUpTo({ offsets }: Batch, offset: Offset): number {
  let from = 0;
  let to = offsets.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((offsets[middle] as Offset) > offset) to = middle;
    else from = middle + 1;
  }
  return from;
}
