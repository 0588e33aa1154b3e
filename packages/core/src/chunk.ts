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
import type { Encoding } from "./encoding.ts";
import { applyFilter } from "./filter.ts";

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
  readonly source: Source;
  readonly #allocate: Allocate;
  /** By key: lanes of several parts of a channel write alike. */
  readonly #encoded = new Map<string, { readonly encoding: Encoding; readonly batch: Batch }>();
  #isHeld = false;
  #bytes = 0;

  constructor(before: Offset, messages: readonly Message[], source: Source, allocate: Allocate) {
    this.before = before;
    this.messages = messages;
    const newest = messages.at(-1) as Message;
    this.last = newest.offset > 0 ? newest.offset : before;
    this.source = source;
    this.#allocate = allocate;
  }

  /** From now on its encodings are kept, for the channel's other parts and for readers that come back. */
  hold(): this {
    this.#isHeld = true;
    this.#bytes = this.messages.reduce((sum, message) => sum + messageBytes(message), CHUNK_BYTES);
    return this;
  }

  /** What of it came after an offset; not empty. */
  after(offset: Offset): Chunk {
    const from = this.messages.findIndex((message) => message.offset > offset);
    return new Chunk(offset, this.messages.slice(from), this.source, this.#allocate);
  }

  /** This one and the held one right after it as one, held, with the encodings of both. */
  with(next: Chunk): Chunk {
    const messages = [...this.messages, ...next.messages];
    const whole = new Chunk(this.before, messages, this.source, this.#allocate).hold();
    for (const { encoding } of new Map([...this.#encoded, ...next.#encoded]).values())
      whole.#keep(encoding, joinBatches([this.encode(encoding), next.encode(encoding)], this.#allocate));
    return whole;
  }

  get isKept(): boolean {
    return this.last > this.before;
  }

  /** What it costs in memory once it is held, with the encodings it holds, in bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The messages that the filter lets through, as the format writes them. */
  encode(encoding: Encoding): Batch {
    const known = this.#encoded.get(encoding.key);
    if (known !== undefined) return known.batch;
    const batch = encodeBatch(
      encoding.format,
      applyFilter(encoding.filter, this.messages),
      this.source,
      this.#allocate,
    );
    if (this.#isHeld) this.#keep(encoding, batch);
    return batch;
  }

  /** Lets what was encoded in any other way go. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, { batch }] of this.#encoded) {
      if (keys.has(key)) continue;
      this.#encoded.delete(key);
      this.#bytes -= costOf(batch);
    }
  }

  #keep(encoding: Encoding, batch: Batch): void {
    this.#encoded.set(encoding.key, { encoding, batch });
    this.#bytes += costOf(batch);
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
