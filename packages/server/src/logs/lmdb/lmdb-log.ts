import type {
  AppendOptions,
  Appended,
  ChannelDescription,
  ChannelState,
  Log,
  LogPage,
  PageLimits,
  TailListener,
} from "@tidings/core";
import { type NewMessage, type Offset, TidingsError } from "@tidings/protocol";
import { randomUUID } from "node:crypto";
import type { Channel } from "./channel.ts";
import { checkBatch } from "./check-batch.ts";
import { heldOf, isSparse } from "./compact/held.ts";
import { sparseBeforeLast } from "./compact/read.ts";
import { behindError, closedError, commitError, isFatal, isFull, openError, readError } from "./faults.ts";
import { Group, type GroupState } from "./group.ts";
import { OWNER_KEY } from "./keys.ts";
import { type CheckedOptions, checkOptions, type LmdbLogOptions } from "./options.ts";
import { ScriptWriter } from "./script.ts";
import { locate, readMessages } from "./read-messages.ts";
import { Call, type Job } from "./job.ts";
import { ShownChannels } from "./shown.ts";
import { StoreReader } from "./store-reader.ts";
import { Tail } from "./tail.ts";
import { offsetBeforeTime } from "./time.ts";
import { heldBytes } from "./window.ts";
import { Writer } from "./writer.ts";

/** A group ends at so many bytes or calls; what is over waits for the next one. */
const MAX_GROUP_BYTES = 16_777_216;
const MAX_GROUP_JOBS = 10_000;
/** A commit is tried again where something was done that may help: opening the store anew, or making room. */
const MAX_ATTEMPTS = 3;
const UNBOUNDED: PageLimits = { maxMessages: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
/** How many channels one sweep looks at; the next one goes on behind them. */
const SWEEP_CHANNELS = 1_000;

/** The embedded durable log; see this room's index for what it promises. */
export class LmdbLog implements Log {
  readonly isContiguous = true;
  readonly #options: CheckedOptions;
  /** See owner.ts. */
  readonly #secret = randomUUID();
  readonly #shown: ShownChannels;
  readonly #tail = new Tail();
  #queue: Job[] = [];
  #pendingBytes = 0;
  /** Runs while there are jobs. */
  #working: Promise<void> | undefined;
  /** The commit that is under way, or the last one. */
  #committing: Promise<void> = Promise.resolve();
  #store: { readonly reader: StoreReader; readonly writer: Writer } | undefined;
  /** Whether room was made that LMDB does not give out yet. */
  #hasFreed = false;
  #epoch = "";
  #nextChannelId = 1;
  #sweptTo = "";
  #closing: Promise<void> | undefined;

  /** @throws {TidingsError} `LOG_LOCKED`, `LOG_FULL`, `LOG_UNAVAILABLE`, `CONFIG_INVALID` */
  static async open(options: LmdbLogOptions): Promise<LmdbLog> {
    const log = new LmdbLog(checkOptions(options));
    await log.#open();
    return log;
  }

  private constructor(options: CheckedOptions) {
    this.#options = options;
    this.#shown = new ShownChannels(options);
  }

  append(channel: string, batch: readonly NewMessage[], options: AppendOptions = {}): Promise<Appended> {
    if (!this.#isConverted(channel))
      return this.#settle(channel).then(() => this.append(channel, batch, options));
    return this.#enqueue(
      () => checkBatch(channel, batch, options),
      (group) => {
        const { offset, messages } = group.append(channel, batch, options);
        return { epoch: this.#epoch, offset, appended: messages.length };
      },
    );
  }

  async broadcast(channel: string, messages: readonly NewMessage[]): Promise<void> {
    if (!this.#isConverted(channel)) await this.#settle(channel);
    const state = this.#reading(channel, () => this.#state(this.#channel(channel)));
    const timeMs = this.#options.nowMs();
    const offset = 0 as Offset;
    const ephemeral = messages.map(({ idempotencyKey: _, ...message }) => ({ ...message, timeMs, offset }));
    this.#tail.tell(channel, state, ephemeral);
  }

  async read(channel: string, after: Offset, limits: PageLimits): Promise<LogPage> {
    if (!this.#isSettled(channel)) await this.#settle(channel);
    return this.#reading(channel, (reader) => {
      const known = this.#channel(channel);
      const state = this.#state(known);
      return { ...state, messages: known === undefined ? [] : readMessages(reader, known, after, limits) };
    });
  }

  async offsetBeforeLast(channel: string, count: number): Promise<Offset> {
    if (!this.#isSettled(channel)) await this.#settle(channel);
    return this.#reading(channel, (reader) => {
      const known = this.#channel(channel);
      if (known !== undefined && isSparse(known)) return sparseBeforeLast(reader, known, count) as Offset;
      const { head, earliest } = this.#state(known);
      return Math.max(earliest - 1, head - count) as Offset;
    });
  }

  async offsetBeforeTime(channel: string, timeMs: number): Promise<Offset> {
    if (!this.#isSettled(channel)) await this.#settle(channel);
    return this.#reading(channel, (reader) => {
      const known = this.#channel(channel);
      return known === undefined ? (0 as Offset) : offsetBeforeTime(reader, known, timeMs);
    });
  }

  async describe(channel: string): Promise<ChannelDescription> {
    if (!this.#isSettled(channel)) await this.#settle(channel);
    return this.#reading(channel, () => this.#describe(channel));
  }

  has(channel: string): boolean {
    // Of a log that is closed or in trouble, what is called next says so.
    if (this.#closing !== undefined || this.#store === undefined) return true;
    return this.#shown.has(channel, this.#store.reader);
  }

  get channelCount(): number {
    return this.#closing === undefined ? (this.#store?.reader.channelCount() ?? 0) : 0;
  }

  /** Bytes of the file that are in use; the rest of it is room that is used again. 0 while the log is closed or in trouble. */
  get usedBytes(): number {
    return this.#closing === undefined ? (this.#store?.reader.usedBytes() ?? 0) : 0;
  }

  async channels(options: {
    prefix: string;
    after: string;
    limit: number;
  }): Promise<readonly ChannelDescription[]> {
    const { prefix, after, limit } = options;
    const list = (): readonly string[] =>
      this.#reading("", (reader) => reader.channelNames(prefix, after, limit));
    let names = list();
    for (;;) {
      const waiting = names.find((name) => !this.#isSettled(name));
      if (waiting === undefined) break;
      await this.#settle(waiting);
      names = list();
    }
    return this.#reading("", () => {
      // One whose first append is under way may be seen in LMDB already, and is nobody's yet.
      return names.map((name) => this.#describe(name)).filter(({ head }) => head > 0);
    });
  }

  async follow(channel: string): Promise<ChannelState> {
    if (!this.#isConverted(channel)) await this.#settle(channel);
    const state = this.#reading(channel, () => this.#state(this.#channel(channel)));
    this.#tail.follow(channel, state);
    return state;
  }

  unfollow(channel: string): void {
    this.#tail.unfollow(channel);
  }

  tail(listener: TailListener): () => void {
    return this.#tail.listen(listener);
  }

  truncate(channel: string, upTo?: Offset): Promise<ChannelState> {
    if (!this.#isConverted(channel)) return this.#settle(channel).then(() => this.truncate(channel, upTo));
    return this.#enqueue(
      () => 0,
      (group) => {
        const draft = group.existing(channel);
        if (draft === undefined) return this.#state(undefined);
        draft.truncate(upTo ?? draft.channel.head);
        return this.#state(draft.channel);
      },
    );
  }

  async sweep(): Promise<void> {
    if (this.#closing !== undefined) return;
    for (const name of this.#nextSwept()) if (!this.#isConverted(name)) await this.#settle(name);
    if (this.#closing !== undefined) return;
    const swept = await this.#enqueue(
      () => 0,
      (group) => this.#planSweep(group),
    );
    for (const channel of swept) this.#tail.tell(channel, this.#state(this.#channel(channel)), []);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#working;
    this.#tail.clear();
    await this.#release();
  }

  async #open(): Promise<void> {
    const { path, maxMapBytes, newEpoch } = this.#options;
    try {
      const writer = await Writer.open({ path, maxMapBytes, newEpoch: newEpoch(), secret: this.#secret });
      try {
        const reader = new StoreReader(path);
        this.#store = { reader, writer };
        this.#epoch = reader.epoch();
        this.#nextChannelId = reader.nextChannelId();
      } catch (error) {
        await writer.close();
        throw error;
      }
    } catch (error) {
      throw await openError(path, error);
    }
  }

  /** Lets the store go; what was read of it counts no more. */
  async #release(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    this.#shown.clear();
    await store?.reader.close();
    await store?.writer.close();
  }

  #enqueue<T>(check: () => number, plan: (group: Group) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closing !== undefined) throw closedError();
      const bytes = check();
      const { maxPendingBytes } = this.#options;
      if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > maxPendingBytes)
        throw behindError(maxPendingBytes);
      this.#pendingBytes += bytes;
      this.#queue.push(new Call(bytes, plan, resolve, reject));
      this.#working ??= this.#work();
    });
  }

  async #work(): Promise<void> {
    while (this.#queue.length > 0) {
      // What arrives in this turn, often the next call of those just answered, shares the commit.
      await new Promise((resolve) => setImmediate(resolve));
      const jobs = this.#takeJobs();
      this.#committing = this.#commit(jobs);
      await this.#committing;
      for (const { bytes } of jobs) this.#pendingBytes -= bytes;
    }
    this.#working = undefined;
  }

  #takeJobs(): readonly Job[] {
    let bytes = 0;
    let count = 0;
    for (const job of this.#queue) {
      bytes += job.bytes;
      if (count === MAX_GROUP_JOBS || (count > 0 && bytes > MAX_GROUP_BYTES)) break;
      count++;
    }
    const jobs = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return jobs;
  }

  /** Commits a group and answers its calls, all of them one way or the other. Never rejects. */
  async #commit(jobs: readonly Job[]): Promise<void> {
    let committed: Group | undefined;
    for (let attempts = 1; committed === undefined; attempts++) {
      try {
        committed = await this.#tryCommit(jobs);
      } catch (error) {
        this.#shown.underWay = new Map();
        if (attempts < MAX_ATTEMPTS && (await this.#canTryAgain(error))) continue;
        const fault = await commitError(this.#options.path, error);
        if (this.#store?.writer.isEnded === true || this.#store?.reader.isUsable() === false)
          await this.#reopen().catch(() => undefined);
        for (const job of jobs) job.reject(fault);
        return;
      }
    }
    this.#shown.underWay = new Map();
    this.#nextChannelId = committed.nextChannelId;
    for (const { channel } of committed.drafts.values()) this.#shown.set(channel);
    for (const [name, { channel, messages }] of committed.drafts)
      this.#tail.tell(name, this.#state(isSparse(channel) ? this.#channel(name) : channel), messages);
    for (const job of jobs) job.answer();
  }

  /** Plans a group on what stands, and brings it to the disk. When it rejects, nothing has happened. */
  async #tryCommit(jobs: readonly Job[]): Promise<Group> {
    if (this.#store === undefined || this.#store.writer.isEnded) await this.#reopen();
    const { reader, writer } = this.#openStore();
    const group = new Group(this.#groupState(reader), this.#options.nowMs(), this.#nextChannelId);
    for (const job of jobs) job.plan(group);
    const finished = group.finish(() => writer.takeMemory());
    if (finished !== undefined) {
      this.#shown.underWay = group.drafts;
      this.#options.onCommit(await writer.apply(finished.script, finished.isGrowing));
      reader.refresh();
      if (finished.isFreeing) this.#hasFreed = true;
    }
    return group;
  }

  /** Does what may help after a commit that failed; answers whether it may have. */
  async #canTryAgain(error: unknown): Promise<boolean> {
    if (isFatal(error)) {
      await this.#release();
      return true;
    }
    if (!this.#hasFreed || this.#store === undefined || !(await isFull(this.#options.path, error)))
      return false;
    // LMDB gives the pages that a commit freed out again after one more commit (its readers may still look at the
    // last but one). Where there is no room for new pages, that one has to be made on purpose.
    this.#hasFreed = false;
    const { writer } = this.#store;
    const script = new ScriptWriter(writer.takeMemory());
    script.put("store", OWNER_KEY, Buffer.from(this.#secret));
    return writer.apply(script, false).then(
      () => true,
      () => false,
    );
  }

  /** Opens the store anew, and tells the tail what was committed without an answer: nobody else ever would. */
  async #reopen(): Promise<void> {
    await this.#release();
    await this.#open();
    const { reader } = this.#openStore();
    for (const [name, told] of this.#tail.followed) {
      const channel = this.#channel(name);
      if (channel === undefined || channel.head <= told.head) continue;
      this.#tail.tell(name, this.#state(channel), readMessages(reader, channel, told.head, UNBOUNDED));
    }
  }

  #groupState(reader: StoreReader): GroupState {
    return {
      epoch: this.#epoch,
      reader,
      retentionOf: this.#options.retentionOf,
      channel: (name) => this.#channel(name),
      locate: (channel, offset) => locate(reader, channel, offset),
      blockStarts: (channelId, from, limit) => reader.blockStarts(channelId, from, limit),
    };
  }

  /** Takes up what can be removed of the next channels; answers those that the tail does not know to have lost something. */
  #planSweep(group: Group): readonly string[] {
    group.sweep();
    const names = this.#nextSwept();
    this.#sweptTo = names.length < SWEEP_CHANNELS ? "" : (names.at(-1) ?? "");
    return names.filter((name) => {
      const channel = this.#channel(name);
      if (channel === undefined) return false;
      if (channel.floor < channel.earliest || isSparse(channel)) group.existing(name);
      return this.#tail.followed.has(name);
    });
  }

  #nextSwept(): readonly string[] {
    return this.#reading("", (reader) => reader.channelNames("", this.#sweptTo, SWEEP_CHANNELS));
  }

  #channel(name: string): Channel | undefined {
    return this.#shown.get(name, this.#openStore().reader);
  }

  /** See {@link ShownChannels.isConverted}; of a log that is closed or in trouble, what is called next says so. */
  #isConverted(name: string): boolean {
    if (this.#closing !== undefined || this.#store === undefined) return true;
    return this.#shown.isConverted(name, this.#store.reader);
  }

  /** Whether a channel's messages can be looked at now. */
  #isSettled(name: string): boolean {
    return !this.#shown.isInFlux(name) && this.#isConverted(name);
  }

  /** Waits until a channel can be looked at, and has it converted where its policy has changed. */
  async #settle(name: string): Promise<void> {
    for (;;) {
      if (this.#shown.isInFlux(name)) await this.#committing;
      else if (this.#isConverted(name)) return;
      else
        await this.#enqueue(
          () => 0,
          (group) => group.convert(name),
        );
    }
  }

  #state(channel: Channel | undefined): ChannelState {
    const { head, earliest } = channel ?? { head: 0 as Offset, earliest: 1 as Offset };
    const state = { epoch: this.#epoch, head, earliest };
    const sparse = channel?.sparse;
    return sparse === undefined ? state : { ...state, resumable: sparse.resumable as Offset };
  }

  #describe(name: string): ChannelDescription {
    const { reader } = this.#openStore();
    const channel = this.#channel(name);
    const state = this.#state(channel);
    if (channel !== undefined && isSparse(channel))
      return { channel: name, ...state, ...heldOf(channel.sparse) };
    const bytes = channel === undefined ? 0 : heldBytes(channel, (offset) => locate(reader, channel, offset));
    return { channel: name, ...state, messages: state.head - state.earliest + 1, bytes };
  }

  /** Looks at the store; what goes wrong there names the channel. */
  #reading<T>(channel: string, look: (reader: StoreReader) => T): T {
    if (this.#closing !== undefined) throw closedError();
    try {
      return look(this.#openStore().reader);
    } catch (error) {
      if (error instanceof TidingsError) throw error;
      throw readError(channel, error);
    }
  }

  #openStore(): { readonly reader: StoreReader; readonly writer: Writer } {
    if (this.#store !== undefined) return this.#store;
    throw new TidingsError(
      "LOG_UNAVAILABLE",
      "the log is being opened anew after a fault of its disk; try again.",
    );
  }
}
