import {
  type Allocate,
  type Batch,
  encodeBatch,
  joinBatches,
  type Message,
  messageBytes,
  type Offset,
  type Source,
} from "@tidings/protocol";
import { applyFilter } from "./filter.ts";
import type { Lane } from "./lane.ts";

/** What a chunk costs beside its messages, in bytes: its objects, measured. Small flushes must not count as free. */
const CHUNK_BYTES = 512;
/** What a batch costs beside its bytes, for each message. */
const ENTRY_BYTES = 16;

/** What one flush brought to a channel: messages that are all kept, or all ephemeral. */
export class Chunk {
  /** The channel's head before this chunk; equal to `last` for one of ephemeral messages. */
  readonly before: Offset;
  readonly last: Offset;
  readonly messages: readonly Message[];
  /** Whether its encodings are held, for readers that come back; set and unset by the recent end. */
  isHeld = false;
  readonly source: Source;
  readonly #allocate: Allocate;
  readonly #batches = new Map<Lane, Batch>();
  #bytes: number;

  constructor(before: Offset, messages: readonly Message[], source: Source, allocate: Allocate) {
    this.before = before;
    this.messages = messages;
    const newest = messages.at(-1) as Message;
    this.last = newest.offset > 0 ? newest.offset : before;
    this.#bytes = messages.reduce((sum, message) => sum + messageBytes(message), CHUNK_BYTES);
    this.source = source;
    this.#allocate = allocate;
  }

  /** The same without its encodings. */
  again(): Chunk {
    return new Chunk(this.before, this.messages, this.source, this.#allocate);
  }

  /** This one and the held one right after it as one, held, with the encodings of both. */
  with(next: Chunk): Chunk {
    const whole = new Chunk(this.before, [...this.messages, ...next.messages], this.source, this.#allocate);
    whole.isHeld = true;
    for (const lane of new Set([...this.#batches.keys(), ...next.#batches.keys()])) {
      const batch = joinBatches([this.encode(lane), next.encode(lane)], this.#allocate);
      whole.#batches.set(lane, batch);
      whole.#bytes += costOf(batch);
    }
    return whole;
  }

  get isKept(): boolean {
    return this.last > this.before;
  }

  /** What it costs in memory, with the encodings it holds, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The messages that the lane's filter lets through, as its format writes them. */
  encode(lane: Lane): Batch {
    const known = this.#batches.get(lane);
    if (known !== undefined) return known;
    const batch = encodeBatch(
      lane.format,
      applyFilter(lane.filter, this.messages),
      this.source,
      this.#allocate,
    );
    if (this.isHeld) {
      this.#batches.set(lane, batch);
      this.#bytes += costOf(batch);
    }
    return batch;
  }

  forget(lane: Lane): void {
    const batch = this.#batches.get(lane);
    if (batch === undefined) return;
    this.#batches.delete(lane);
    this.#bytes -= costOf(batch);
  }
}

function costOf(batch: Batch): number {
  return batch.bytes.length + batch.ends.length * ENTRY_BYTES;
}

/** Cuts what is pending into chunks, each all kept or all ephemeral, in order. */
export function cutChunks(
  messages: readonly Message[],
  head: Offset,
  source: Source,
  allocate: Allocate,
): Chunk[] {
  const chunks: Chunk[] = [];
  let before = head;
  let start = 0;
  for (let at = 1; at <= messages.length; at++) {
    const isEdge = at === messages.length || (messages[at]?.offset === 0) !== (messages[start]?.offset === 0);
    if (!isEdge) continue;
    const chunk = new Chunk(
      before,
      start === 0 && at === messages.length ? messages : messages.slice(start, at),
      source,
      allocate,
    );
    chunks.push(chunk);
    before = chunk.last;
    start = at;
  }
  return chunks;
}
