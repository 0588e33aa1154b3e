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
import type { Encoding } from "./encoding.ts";
import { FewSet } from "./few-set.ts";
import { applyFilter } from "./filter.ts";
import { fitBatch } from "./fit.ts";
import type { PageLimits } from "./log.ts";

/** Chunks are merged up to so many bytes, about: a page of a stream that catches up. */
const MERGED_BYTES = 65_536;

/** What was read from the recent end, and how far: beyond the last message where a filter left some out. */
export interface RecentPage {
  /** In order; the bytes are shared by all who read them, uncopied. */
  readonly batches: readonly Batch[];
  readonly offset: Offset;
}

/** What the parts of a channel have yet to hand to their readers stays up to so many bytes, whatever the limit. */
const WAITING_BYTES = 4_194_304;

/** A part of a channel that takes what it hands to its readers from here. */
export interface Part {
  /** Up to where it has handed everything to its readers. */
  readonly head: Offset;
}

/**
 * The newest chunks of a channel with their encodings, so that a thousand readers that come back near the head cost
 * neither a read of the log nor an encoding, and all parts of the channel share what the first one of them has encoded.
 * Bounded by the bytes of both, so that encodings cannot make it grow.
 */
export class RecentEnd {
  /** Whoever flushes from here: what all of them have handed on goes first. */
  readonly parts: FewSet<Part> = new FewSet();
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

  get bytes(): number {
    return this.#bytes;
  }

  /** Up to where it was given everything. */
  get #end(): Offset {
    return this.#chunks.at(-1)?.last ?? this.#start;
  }

  /**
   * Takes what one of the parts hands on, unless another one has brought it before. It stays, whatever its size, until
   * {@link RecentEnd.trim}.
   */
  push(chunk: Chunk): void {
    const end = this.#end;
    if (chunk.last <= end) return;
    const added = (chunk.before < end ? chunk.after(end) : chunk).hold();
    this.#chunks.push(added);
    this.#bytes += added.bytes;
    for (const { key, offset } of this.#newest === undefined ? [] : added.messages)
      if (key !== undefined) this.#newest?.set(key, offset);
  }

  /** What a chunk is, encoded: from what is here, where it reaches back that far. */
  encode(chunk: Chunk, encoding: Encoding): readonly Batch[] {
    const { before, last } = chunk;
    if (!chunk.isKept || before < this.#start) return [chunk.encode(encoding)];
    const batches: Batch[] = [];
    for (let at = this.#firstAfter(before); at < this.#chunks.length; at++) {
      const each = this.#chunks[at] as Chunk;
      if (each.before >= last) break;
      const whole = this.#encode(each, encoding);
      batches.push(sliceBatch(whole, ...rangeOf(each, whole, before, last)));
    }
    return batches;
  }

  /** One page at most of what came after an offset, up to another one; `undefined` where it does not reach back that far. */
  read(encoding: Encoding, after: Offset, upTo: Offset, limits: PageLimits): RecentPage | undefined {
    if (after < this.#start) return undefined;
    if (this.#newest !== undefined) return this.#readNewest(this.#newest, encoding, after, upTo, limits);
    const batches: Batch[] = [];
    let { maxMessages, maxBytes } = limits;
    let offset = after;
    const first = this.#firstAfter(after);
    this.#mergeFrom(first);
    for (let at = first; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as Chunk;
      if (chunk.before >= upTo) break;
      const whole = this.#encode(chunk, encoding);
      const [from, end] = rangeOf(chunk, whole, after, upTo);
      const to = Math.min(
        end,
        fitBatch(whole, from, { maxMessages, maxBytes }, batches.length === 0 ? 1 : 0),
      );
      if (to > from) {
        const batch = sliceBatch(whole, from, to);
        batches.push(batch);
        maxMessages -= batch.ends.length;
        maxBytes -= batch.bytes.length;
        offset = whole.offsets[to - 1] as Offset;
      }
      if (to < end) break;
      offset = chunk.last < upTo ? chunk.last : upTo;
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
        chunk = before.with(chunk);
        this.#bytes += chunk.bytes;
      }
      this.#chunks[end++] = chunk;
    }
    this.#chunks.length = end;
  }

  /** Lets the oldest chunks go until the rest is within its bytes; what a part has yet to hand on goes last. */
  trim(): void {
    if (this.#bytes <= this.#maxBytes) return;
    let handed = Number.POSITIVE_INFINITY;
    for (const { head } of this.parts) handed = Math.min(handed, head);
    let gone = 0;
    while (this.#bytes > this.#maxBytes && gone < this.#chunks.length) {
      const oldest = this.#chunks[gone] as Chunk;
      if (oldest.last > handed && this.#bytes <= WAITING_BYTES) break;
      gone++;
      this.#bytes -= oldest.bytes;
      this.#start = oldest.last;
      for (const { key, offset } of this.#newest === undefined ? [] : oldest.messages)
        if (key !== undefined && this.#newest?.get(key) === offset) this.#newest.delete(key);
    }
    if (gone > 0) this.#chunks.splice(0, gone);
  }

  /** Lets what was encoded in any other way go. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const chunk of this.#chunks) {
      this.#bytes -= chunk.bytes;
      chunk.keepOnly(keys);
      this.#bytes += chunk.bytes;
    }
  }

  /** Without messages that a newer one of their key stands for; encoded for this reader alone, since each lacks others. */
  #readNewest(
    newest: ReadonlyMap<string, Offset>,
    encoding: Encoding,
    after: Offset,
    upTo: Offset,
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
        if (message.offset <= after || message.offset > upTo) continue;
        if (key !== undefined && newest.get(key) !== message.offset) continue;
        bytes += messageBytes(message);
        if (page.length > 0 && (page.length >= maxMessages || bytes > maxBytes))
          return { batches: [this.#encodePage(first, encoding, page)], offset };
        page.push(message);
        offset = message.offset;
      }
    }
    const head = this.#end < upTo ? this.#end : upTo;
    return { batches: [this.#encodePage(first, encoding, page)], offset: head > offset ? head : offset };
  }

  #encode(chunk: Chunk, encoding: Encoding): Batch {
    const bytesBefore = chunk.bytes;
    const batch = chunk.encode(encoding);
    this.#bytes += chunk.bytes - bytesBefore;
    return batch;
  }

  #encodePage({ source }: Chunk, { format, filter }: Encoding, messages: readonly Message[]): Batch {
    return encodeBatch(format, applyFilter(filter, messages), source, this.#allocate);
  }

  #firstAfter(after: Offset): number {
    let at = this.#chunks.length;
    while (at > 0 && (this.#chunks[at - 1] as Chunk).last > after) at--;
    return at;
  }
}

/** Which of a chunk's messages came after an offset, up to another one: from the one at an index to before that at another. */
function rangeOf(chunk: Chunk, whole: Batch, after: Offset, upTo: Offset): [from: number, to: number] {
  return [
    chunk.before >= after ? 0 : countUpTo(whole, after),
    chunk.last <= upTo ? whole.ends.length : countUpTo(whole, upTo),
  ];
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
