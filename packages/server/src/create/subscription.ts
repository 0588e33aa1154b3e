import { type Gap, gapFrame, type Hub, Reader, type ReaderSink, type Start } from "@tidings/core";
import {
  type Batch,
  type GapFrame,
  LineDecoder,
  type MessageObject,
  ndjsonFormat,
  payloadOf,
} from "@tidings/protocol";

/** What an in-process subscription yields: a message whose `data` is the JSON value, text, or bytes; or a gap, told. */
export type Delivery = MessageObject | GapFrame;

export interface SubscriptionOptions {
  readonly channel: string;
  readonly start: Start;
  readonly filter: { readonly key: string; readonly events: ReadonlySet<string> } | undefined;
  readonly onGap: "continue" | "fail";
  readonly signal: AbortSignal | undefined;
  /** Those that have not ended: it adds itself, and takes itself away. */
  readonly open: Set<Subscription>;
}

/** Bytes that may wait to be consumed; a slower consumer reads on from the log, at its own pace. */
const MAX_WAITING_BYTES = 262_144;
const LIMITS = { maxMessages: 1_000, maxBytes: 65_536 };

type Result = IteratorResult<Delivery, void>;

/**
 * A reader whose sink is an async iterator. It reads from the moment it is made, so that nothing published after
 * that is missed, and ends when the consumer breaks out, the signal aborts, or {@link end} is called. By hand and not
 * by `async function*`, whose `return()` would wait for a `next()` that waits for a message.
 */
export class Subscription implements AsyncGenerator<Delivery, void, void>, ReaderSink {
  readonly #hub: Hub;
  readonly #options: SubscriptionOptions;
  /** There once the start is known. */
  #reader: Reader | undefined;
  readonly #waiting: (Batch | Gap)[] = [];
  /** Of the batch that is being consumed, the newest first. */
  #ready: Delivery[] = [];
  #bytes = 0;
  #isDriving = false;
  #hasEnded = false;
  #error: unknown;
  readonly #consumers: PromiseWithResolvers<Result>[] = [];
  readonly #abort = (): void => this.end();

  constructor(hub: Hub, options: SubscriptionOptions) {
    this.#hub = hub;
    this.#options = options;
    options.open.add(this);
    options.signal?.addEventListener("abort", this.#abort, { once: true });
    if (options.signal?.aborted === true) this.end();
    else this.#begin().catch((error: unknown) => this.#fail(error));
  }

  get isBlocked(): boolean {
    return this.#bytes >= MAX_WAITING_BYTES;
  }

  async next(): Promise<Result> {
    const consumer = Promise.withResolvers<Result>();
    this.#consumers.push(consumer);
    this.#serve();
    return consumer.promise;
  }

  async return(): Promise<Result> {
    this.end();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<Result> {
    this.end();
    throw error;
  }

  /** Ends the iteration, quietly: what was not consumed yet is dropped. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#waiting.length = 0;
    this.#ready = [];
    this.#reader?.stop();
    this.#options.signal?.removeEventListener("abort", this.#abort);
    this.#options.open.delete(this);
    this.#serve();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end();
  }

  opened(): void {}

  batch(_reader: Reader, batch: Batch): void {
    this.#bytes += batch.bytes.length;
    this.#waiting.push(batch);
    this.#serve();
  }

  gap(_reader: Reader, gap: Gap): void {
    this.#waiting.push(gap);
    this.#serve();
  }

  caughtUp(): void {}

  fellBehind(): void {
    void this.#drive();
  }

  failed(_reader: Reader, error: unknown): void {
    this.#fail(error);
  }

  async #begin(): Promise<void> {
    const { channel, start, filter, onGap } = this.#options;
    const from = start.at === "latest" ? await this.#head(channel) : start;
    if (this.#hasEnded) return;
    this.#reader = new Reader(
      this.#hub,
      { channel, start: from, filter, onGap, format: ndjsonFormat, limits: LIMITS },
      this,
    );
    await this.#drive();
  }

  /** The head as it is now: a reader by itself would begin at the one there is once it follows the channel. */
  async #head(channel: string): Promise<Start> {
    const { epoch, head } = await this.#hub.log.describe(channel);
    return { at: "cursor", cursor: { epoch, offset: head } };
  }

  #fail(error: unknown): void {
    this.#error = error;
    this.#serve();
  }

  #serve(): void {
    this.#give();
    // Last: it may come back here, with the next batch.
    if (!this.#hasEnded) void this.#drive();
  }

  /** Gives what there is to those who wait for it, in order. */
  #give(): void {
    for (let consumer = this.#consumers[0]; consumer !== undefined; consumer = this.#consumers[0]) {
      const delivery = this.#take();
      if (delivery !== undefined) consumer.resolve({ done: false, value: delivery });
      else if (this.#hasEnded) consumer.resolve({ done: true, value: undefined });
      else if (this.#error !== undefined) {
        consumer.reject(this.#error as Error);
        this.#consumers.shift();
        this.end();
        return;
      } else return;
      this.#consumers.shift();
    }
  }

  #take(): Delivery | undefined {
    while (this.#ready.length === 0) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return undefined;
      this.#ready = this.#unpack(waiting);
    }
    return this.#ready.pop();
  }

  #unpack(item: Batch | Gap): Delivery[] {
    if ("reason" in item) return [gapFrame(this.#options.channel, item)];
    const messages: Delivery[] = [];
    const lines = new LineDecoder((line) => {
      const message = JSON.parse(line) as MessageObject;
      // What is stored, or deleted, has no data.
      messages.push(message.data === undefined ? message : { ...message, data: payloadOf(message) });
    });
    lines.push(item.bytes);
    this.#bytes -= item.bytes.length;
    return messages.reverse();
  }

  async #drive(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    while (this.#reader?.state === "catching-up" && !this.isBlocked) await this.#reader.step();
    this.#isDriving = false;
  }
}
