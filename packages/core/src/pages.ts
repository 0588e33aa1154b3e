import { type Allocate, type Batch, encodeBatch, type Source, type WireFormat } from "@tidings/protocol";
import { applyFilter, type Filter } from "./filter.ts";
import type { LogPage } from "./log.ts";

interface EncodedPage {
  readonly epoch: string;
  readonly last: number;
  readonly count: number;
  readonly batch: Batch;
}

/**
 * Pages of the log that were encoded last, so that a thousand readers that come back to the same place further back than
 * the hub has at hand cost one encoding of each page. What the log answers decides: a page is used again only where
 * it begins and ends with the same message and has as many, since messages go, and are never put in between.
 */
export class Pages {
  readonly #maxBytes: number;
  readonly #allocate: Allocate;
  /** The one that was used last comes last. */
  readonly #pages = new Map<string, EncodedPage>();
  #bytes = 0;

  constructor(maxBytes: number, allocate: Allocate) {
    this.#maxBytes = maxBytes;
    this.#allocate = allocate;
  }

  get bytes(): number {
    return this.#bytes;
  }

  encode(format: WireFormat, filter: Filter | undefined, { messages }: LogPage, source: Source): Batch {
    const first = messages[0]?.offset;
    const last = messages.at(-1)?.offset;
    if (first === undefined || last === undefined) return { bytes: new Uint8Array(0), ends: [], offsets: [] };
    const { channel, epoch } = source;
    const key = `${channel} ${first} ${format.name} ${filter?.key ?? ""}`;
    const known = this.#pages.get(key);
    if (known !== undefined) this.#drop(key, known);
    const isSame = known?.epoch === epoch && known.last === last && known.count === messages.length;
    const batch = isSame
      ? known.batch
      : encodeBatch(format, applyFilter(filter, messages), source, this.#allocate);
    this.#keep(key, { epoch, last, count: messages.length, batch });
    return batch;
  }

  #keep(key: string, page: EncodedPage): void {
    this.#pages.set(key, page);
    this.#bytes += costOf(page);
    for (const [oldest, each] of this.#pages) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#drop(oldest, each);
    }
  }

  #drop(key: string, page: EncodedPage): void {
    this.#pages.delete(key);
    this.#bytes -= costOf(page);
  }
}

/** A page's own objects, measured, beside its bytes and its two numbers for each message. */
function costOf({ batch }: EncodedPage): number {
  return 512 + batch.bytes.length + batch.ends.length * 16;
}
