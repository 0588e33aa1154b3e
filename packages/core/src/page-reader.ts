import { type Batch, type Cursor, pageFormat, sliceBatch, type WireFormat } from "@tidings/protocol";
import { eventFilter } from "./filter.ts";
import { fitBatch } from "./fit.ts";
import { type Gap, joinGaps, moveTo } from "./gap.ts";
import type { FlushListener, Hub } from "./hub.ts";
import type { PageLimits } from "./log.ts";
import { Reader, type ReaderSink } from "./reader.ts";
import type { Start } from "./start.ts";

export interface PageRequest {
  readonly channel: string;
  readonly start: Start;
  readonly events?: readonly string[] | undefined;
  readonly onGap?: "continue" | "fail";
}

/** What one poll brought. */
export interface PageResult {
  /** The messages as the format writes them, in parts. */
  readonly parts: readonly Uint8Array[];
  readonly messages: number;
  /**
   * Where each reader began, where the next poll goes on, and whether there was nothing more of it; absent for a channel that had no
   * turn yet.
   */
  readonly cursors: ReadonlyMap<
    string,
    { readonly from: Cursor; readonly to: Cursor; readonly isAtHead: boolean }
  >;
  /** One at most of each channel, before its messages. */
  readonly gaps: readonly { readonly channel: string; readonly gap: Gap }[];
  /** Whether there was nothing more at this moment. */
  readonly caughtUp: boolean;
}

/**
 * One page of one channel or of many: a short poll is done at the head, a long poll waits there for the first
 * message on any of them, or until {@link PageReader.finish}.
 */
export class PageReader implements ReaderSink, FlushListener {
  /** Rejects with `CURSOR_GONE` where a gap was not to be passed over, and with what the log met. */
  readonly result: Promise<PageResult>;
  /** The channel for which it rejected. */
  failedOn: string | undefined;
  readonly #hub: Hub;
  readonly #limits: PageLimits;
  readonly #waits: boolean;
  readonly #readers: readonly Reader[];
  readonly #behind: Set<Reader>;
  readonly #from = new Map<string, Cursor>();
  /** Where a batch was cut that was more than the page had room for. */
  readonly #cutAt = new Map<string, Cursor>();
  readonly #gaps = new Map<string, Gap>();
  readonly #parts: Uint8Array[] = [];
  /** Channels that there are messages of. */
  readonly #found = new Set<string>();
  #messages = 0;
  #bytes = 0;
  #isDriving = false;
  #isDone = false;
  #resolve!: (result: PageResult) => void;
  #reject!: (error: unknown) => void;

  /** @param format default: what stands in the array of a page */
  constructor(
    hub: Hub,
    requests: readonly PageRequest[],
    limits: PageLimits,
    waits: boolean,
    format: WireFormat = pageFormat,
  ) {
    this.#hub = hub;
    this.#limits = limits;
    this.#waits = waits;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#readers = requests.map(({ channel, start, events, onGap }) => {
      const filter = eventFilter(events);
      const options = {
        channel,
        start,
        filter,
        format,
        limits,
        onGap: onGap ?? "continue",
        stopsAtHead: !waits,
      };
      return new Reader(hub, options, this);
    });
    this.#behind = new Set(this.#readers);
    void this.#drive();
  }

  /** Whether the page is full. */
  get isBlocked(): boolean {
    const { maxMessages, maxBytes } = this.#limits;
    return this.#cutAt.size > 0 || this.#messages >= maxMessages || this.#bytes >= maxBytes;
  }

  /** Answers with what there is, at once: the time is over, or the server goes down. */
  finish(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    const cursors = new Map<string, { from: Cursor; to: Cursor; isAtHead: boolean }>();
    let caughtUp = true;
    for (const reader of this.#readers) {
      const from = this.#from.get(reader.channel);
      const cutAt = this.#cutAt.get(reader.channel);
      const to = cutAt ?? reader.cursor;
      const isAtHead = reader.isAtHead && cutAt === undefined;
      if (from !== undefined && to !== undefined) cursors.set(reader.channel, { from, to, isAtHead });
      caughtUp &&= isAtHead;
      reader.stop();
    }
    const gaps = [...this.#gaps].map(([channel, gap]) => ({ channel, gap }));
    this.#resolve({ parts: this.#parts, messages: this.#messages, cursors, gaps, caughtUp });
  }

  /** The client is gone: ends without a result. */
  cancel(): void {
    this.#isDone = true;
    for (const reader of this.#readers) reader.stop();
  }

  opened(reader: Reader, cursor: Cursor): void {
    this.#from.set(reader.channel, cursor);
  }

  batch(reader: Reader, whole: Batch): void {
    // The rest of what was cut.
    if (this.#cutAt.has(reader.channel)) return;
    const batch = this.#cut(reader, whole);
    this.#parts.push(batch.bytes);
    this.#found.add(reader.channel);
    this.#messages += batch.ends.length;
    this.#bytes += batch.bytes.length;
    this.#finishSoon();
  }

  gap(reader: Reader, gap: Gap): void {
    const before = this.#gaps.get(reader.channel);
    this.#gaps.set(reader.channel, before === undefined ? gap : joinGaps(before, gap));
    this.#finishSoon();
  }

  caughtUp(): void {}

  fellBehind(reader: Reader): void {
    this.#behind.add(reader);
    void this.#drive();
  }

  failed(reader: Reader, error: unknown): void {
    if (this.#isDone) return;
    this.failedOn = reader.channel;
    this.cancel();
    this.#reject(error);
  }

  flushed(): void {
    this.finish();
  }

  /** Takes each channel in turn until something of it is found, its head is reached, or the page is full. */
  async #drive(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    for (const reader of this.#behind) {
      // First: it may become live and fall behind again before the loop goes on.
      this.#behind.delete(reader);
      while (reader.state === "catching-up" && !this.isBlocked && !this.#found.has(reader.channel))
        await reader.step();
    }
    this.#isDriving = false;
    // Also for no channel at all: answered at once, its client would ask again and again.
    const isIdle = this.#waits && this.#readers.length === 0;
    const waits = isIdle || this.#readers.some((reader) => reader.state === "live");
    if (!waits || this.#hasFound) this.finish();
  }

  get #hasFound(): boolean {
    return this.#messages > 0 || this.#gaps.size > 0;
  }

  /** Other channels may have messages in this flush too. */
  #finishSoon(): void {
    if (!this.#isDriving && !this.#isDone) this.#hub.afterFlush(this);
  }

  /** A flush may bring more than a page may have: the rest is read by the next poll. */
  #cut(reader: Reader, batch: Batch): Batch {
    const { maxMessages, maxBytes } = this.#limits;
    const room = { maxMessages: maxMessages - this.#messages, maxBytes: maxBytes - this.#bytes };
    const count = fitBatch(batch, 0, room, 1);
    if (count === batch.ends.length) return batch;
    const { cursor } = reader;
    const last = batch.offsets.slice(0, count).findLast((offset) => offset > 0);
    // Only ephemeral messages stand before the cut: there is no cursor to go on from.
    if (last === undefined || cursor === undefined) return batch;
    this.#cutAt.set(reader.channel, moveTo(cursor, last));
    return sliceBatch(batch, 0, count);
  }
}
