import type { Appended, Retention } from "@tidings/core";
import { type Message, messageBytes, type Offset } from "@tidings/protocol";
import { expect } from "vitest";
import { type LogHarness, text, textOf } from "./log-harness.ts";
import { LogModel } from "./log-model.ts";
import type { AppendCall, Operation } from "./model-operations.ts";
import type { TailRecorder } from "./tail-recorder.ts";

/** Runs one random history on a log and on the model, and compares what they say after each step. */
export class ModelRun {
  readonly #harness: LogHarness;
  readonly #model = new LogModel();
  /** What the tail must have told of each followed channel. */
  readonly #due = new Map<string, string[]>();
  #tail: TailRecorder;
  #texts = 0;

  constructor(harness: LogHarness) {
    this.#harness = harness;
    this.#tail = harness.record();
  }

  async step(operation: Operation): Promise<void> {
    const { log } = this.#harness;
    this.#retain();
    switch (operation.type) {
      case "append":
        return this.#append(operation.calls);
      case "read":
        return this.#read(operation.channel, operation.after, operation.maxMessages, operation.maxBytes);
      case "truncate": {
        const { channel, upTo } = operation;
        this.#model.truncate(channel, upTo ?? this.#model.head(channel));
        expect(await log.truncate(channel, upTo as Offset | undefined)).toMatchObject(this.#state(channel));
        return;
      }
      case "wait":
        this.#harness.nowMs += operation.ms;
        return;
      case "sweep":
        await log.sweep();
        return;
      case "follow":
        expect(await log.follow(operation.channel)).toMatchObject(this.#state(operation.channel));
        if (!this.#due.has(operation.channel)) this.#due.set(operation.channel, []);
        return;
      case "unfollow":
        log.unfollow(operation.channel);
        this.#checkTail(operation.channel);
        this.#due.delete(operation.channel);
        this.#restartTail();
        return;
      case "describe":
        expect(await log.describe(operation.channel)).toMatchObject(this.#description(operation.channel));
        return;
      case "last":
        return this.#last(operation.channel, operation.count);
      case "list": {
        const { after, limit } = operation;
        const names = [...this.#model.channels.keys()]
          .filter((name) => name > after)
          .sort()
          .slice(0, limit);
        const listed = await log.channels({ prefix: "", after, limit });
        expect(listed).toMatchObject(names.map((name) => this.#description(name)));
        expect(listed).toHaveLength(names.length);
        return;
      }
      case "retain":
        this.#lower(operation.retention);
        return;
      case "restart":
        this.#finish();
        await this.#harness.restart();
        this.#tail = this.#harness.record();
        this.#due.clear();
        return;
    }
  }

  /** Compares everything once more. */
  async end(): Promise<void> {
    for (const channel of this.#model.channels.keys()) {
      this.#retain();
      await this.#read(channel, 0, 1_000, Number.POSITIVE_INFINITY);
      expect(await this.#harness.log.describe(channel)).toMatchObject(this.#description(channel));
    }
    this.#finish();
  }

  async #append(calls: readonly AppendCall[]): Promise<void> {
    const { log, nowMs, retention } = this.#harness;
    // Conditions name the head as it is before this step, so of calls made together one is met and the others are not.
    const heads = new Map(calls.map(({ channel }) => [channel, this.#model.head(channel)]));
    const started = calls.map(({ channel, batch, idempotencyKey, ifOffset }) => {
      const messages = batch.map(({ size, key }) => {
        const name = `${this.#texts++} `.padEnd(size, "x");
        return text(name, key === undefined ? {} : { idempotencyKey: key });
      });
      const head = heads.get(channel) ?? 0;
      const asked = ifOffset === undefined ? undefined : ((head + ifOffset) as Offset);
      const options = {
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        ...(asked === undefined ? {} : { ifOffset: asked }),
      };
      const isMet = asked === undefined || asked === this.#model.head(channel);
      const before = this.#model.head(channel);
      const expected = this.#model.append(channel, messages, isMet, options, nowMs);
      this.#model.retain(retention, nowMs);
      const added = this.#model.channels.get(channel)?.all.slice(before) ?? [];
      this.#due.get(channel)?.push(...added.map((message) => message.text));
      const answered = log.append(channel, messages, options).catch((error: { code: string }) => error.code);
      return { expected, answered };
    });
    for (const { expected, answered } of started) {
      const answer = await answered;
      if (expected === "conflict") {
        expect(answer).toBe("CONFLICT");
        continue;
      }
      const { offset, appended } = answer as Appended;
      expect(appended).toBe(expected.appended);
      expect(offset).toBe(expected.offset);
    }
  }

  async #read(channel: string, after: number, maxMessages: number, maxBytes: number): Promise<void> {
    const page = await this.#harness.read(channel, after, { maxMessages, maxBytes });
    expect(page).toMatchObject(this.#state(channel));
    const expected: string[] = [];
    let bytes = 0;
    for (const message of this.#model.held(channel, after + 1)) {
      bytes += message.bytes;
      if (expected.length > 0 && (expected.length >= maxMessages || bytes > maxBytes)) break;
      expected.push(message.text);
    }
    expect(page.messages.map((message) => textOf(message))).toEqual(expected);
  }

  async #last(channel: string, count: number): Promise<void> {
    const after = await this.#harness.log.offsetBeforeLast(channel, count);
    const { messages } = await this.#harness.read(channel, after);
    const expected = this.#model.held(channel).slice(-count || Number.POSITIVE_INFINITY);
    expect(messages.map((message) => textOf(message))).toEqual(expected.map((message) => message.text));
  }

  /** Only ever down: what a raised retention shows of what was hidden and not removed yet is the log's own business. */
  #lower({ maxMessages, maxBytes, maxAgeMs }: Retention): void {
    const { retention } = this.#harness;
    this.#harness.retention = {
      maxMessages: Math.min(maxMessages, retention.maxMessages),
      maxBytes: Math.min(maxBytes, retention.maxBytes),
      maxAgeMs: Math.min(maxAgeMs, retention.maxAgeMs),
    };
  }

  #retain(): void {
    this.#model.retain(this.#harness.retention, this.#harness.nowMs);
  }

  #state(channel: string): { readonly head: number; readonly earliest: number } {
    return { head: this.#model.head(channel), earliest: this.#model.earliest(channel) };
  }

  #description(channel: string): object {
    const held = this.#model.held(channel);
    const bytes = held.reduce((sum, message) => sum + message.bytes, 0);
    return { channel, ...this.#state(channel), messages: held.length, bytes };
  }

  #restartTail(): void {
    this.#tail.end();
    this.#tail = this.#harness.record();
    for (const due of this.#due.values()) due.length = 0;
  }

  #finish(): void {
    for (const channel of this.#due.keys()) this.#checkTail(channel);
    this.#tail.end();
  }

  #checkTail(channel: string): void {
    const told: readonly Message[] = this.#tail.messages(channel);
    expect(told.map((message) => textOf(message))).toEqual(this.#due.get(channel) ?? []);
    expect(told.every((message) => messageBytes(message) > 0)).toBe(true);
  }
}
