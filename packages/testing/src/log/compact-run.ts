import { messageBytes, type NewMessage, type Offset } from "@tidings/protocol";
import { expect } from "vitest";
import { CompactModel, type HeldMessage } from "./compact-model.ts";
import { type CompactMessage, type CompactOperation, READERS } from "./compact-operations.ts";
import { type LogHarness, text } from "./log-harness.ts";
import { ModelReader } from "./model-reader.ts";

const CHANNEL = "a";

/** Runs one random history on a log and on the model, and compares what they say, and what readers come to know. */
export class CompactRun {
  readonly #harness: LogHarness;
  readonly #model = new CompactModel();
  readonly #readers = Array.from({ length: READERS }, () => new ModelReader());
  #texts = 0;

  constructor(harness: LogHarness) {
    this.#harness = harness;
  }

  async step(operation: CompactOperation): Promise<void> {
    const { log } = this.#harness;
    this.#retain();
    switch (operation.type) {
      case "append":
        return this.#append(operation.batch);
      case "advance":
        await this.#advance(this.#readers[operation.reader] as ModelReader, operation.maxMessages);
        return;
      case "read":
        return this.#read(operation.after, operation.maxMessages, operation.maxBytes);
      case "truncate":
        this.#model.truncate(operation.upTo ?? this.#model.head);
        expect(await log.truncate(CHANNEL, operation.upTo as Offset | undefined)).toMatchObject(this.#state);
        return;
      case "wait":
        this.#harness.nowMs += operation.ms;
        return;
      case "sweep":
        return log.sweep();
      case "describe":
        return this.#describe();
      case "last": {
        const after = await log.offsetBeforeLast(CHANNEL, operation.count);
        const { messages } = await this.#harness.read(CHANNEL, after);
        const expected = this.#model.held.slice(this.#model.held.length - operation.count);
        expect(messages.map(({ offset }) => offset)).toEqual(
          (operation.count > this.#model.held.length ? this.#model.held : expected).map(
            ({ offset }) => offset,
          ),
        );
        return;
      }
      case "restart":
        await this.#harness.restart();
        return;
    }
  }

  /** Takes every reader to the head, and compares what it knows with what the channel is about. */
  async end(): Promise<void> {
    this.#retain();
    await this.#read(0, 1_000, Number.POSITIVE_INFINITY);
    await this.#describe();
    for (const reader of this.#readers) {
      while (await this.#advance(reader, 4));
      for (const [key, { offset }] of reader.known) {
        // What a truncation took, it took from the log and not from who knew it.
        if (offset <= this.#model.truncated && !this.#model.values.has(key)) reader.known.delete(key);
      }
      const known = new Map([...reader.known].map(([key, value]) => [key, value.text]));
      expect(sorted(known)).toEqual(sorted(this.#model.values));
    }
  }

  async #append(batch: readonly CompactMessage[]): Promise<void> {
    const { nowMs, retention, log } = this.#harness;
    const messages = batch.map(({ key, isDeletion, size }): NewMessage => {
      const named = key === undefined ? {} : { key };
      if (isDeletion) return { event: "message", kind: "none", data: new Uint8Array(0), ...named };
      return text(`${this.#texts++} `.padEnd(size, "x"), named);
    });
    const expected = this.#model.append(messages, retention, nowMs);
    const answered = log.append(CHANNEL, messages);
    if (expected === "full") await expect(answered).rejects.toMatchObject({ code: "CHANNEL_FULL" });
    else expect(await answered).toMatchObject({ offset: expected, appended: batch.length });
    this.#retain();
  }

  /** One page for a reader; `false` where there was nothing more. */
  async #advance(reader: ModelReader, maxMessages: number): Promise<boolean> {
    const page = await this.#harness.read(CHANNEL, reader.cursor, { maxMessages });
    return !reader.take(page) || reader.cursor < page.head;
  }

  async #read(after: number, maxMessages: number, maxBytes: number): Promise<void> {
    const page = await this.#harness.read(CHANNEL, after, { maxMessages, maxBytes });
    expect(page).toMatchObject(this.#state);
    const shown = page.messages.map(({ offset, key, kind, timeMs, ...rest }) => ({
      offset,
      key,
      isDeletion: kind === "none",
      timeMs,
      bytes: messageBytes({ ...rest, ...(key === undefined ? {} : { key }) }),
    }));
    expect(shown).toEqual(this.#model.page(after, maxMessages, maxBytes).map(withoutText));
  }

  async #describe(): Promise<void> {
    const { held } = this.#model;
    expect(await this.#harness.log.describe(CHANNEL)).toMatchObject({
      ...this.#state,
      messages: held.length,
      bytes: held.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }

  #retain(): void {
    this.#model.retain(this.#harness.retention, this.#harness.nowMs);
  }

  get #state(): object {
    const { head, earliest, resumable } = this.#model;
    // What a channel that nobody wrote to says of itself is the log's own business.
    return head === 0 ? { head, earliest } : { head, earliest, resumable };
  }
}

function withoutText({ text: _, ...message }: HeldMessage): object {
  return message;
}

function sorted(values: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...values].sort(([a], [b]) => (a < b ? -1 : 1));
}
