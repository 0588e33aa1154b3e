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
import type { NewMessage, Offset } from "@tidings/protocol";
import { type AppendJob, ChannelQueues } from "../channel-queue.ts";
import { type ListedChannels, listChannels } from "../list-channels.ts";
import { checkBatch } from "../check-batch.ts";
import { Bodies, GoneError } from "./bodies.ts";
import { Channels } from "./channels.ts";
import { Engine } from "./engine.ts";
import { encodeEphemeral, EPHEMERAL_HEADER } from "./ephemeral.ts";
import { closedError, contendedError, StaleError } from "./faults.ts";
import { Names } from "./names.ts";
import { type CheckedOptions, checkOptions, type JetStreamLogOptions } from "./options.ts";
import { answer, type Outcome, planAppends } from "./plan.ts";
import type { Replica } from "./replica.ts";
import { Subjects } from "./subjects.ts";
import { Turns } from "./turns.ts";

/** How often an append that another node was ahead of is tried again. */
const MAX_TRIES = 200;
/** After how many lost races it asks the other nodes for its turn: where they write now and then, the next one is won. */
const LOST_RACES = 2;
/** How often a page is read again of which an entry is let go meanwhile. */
const MAX_READS = 5;
/** How many followed channels one check compares; the next goes on behind them. */
const CHECK_CHANNELS = 1_000;
/** How many others are compared together after the engine was lost. */
const COMPARED_CHANNELS = 100;

/** The log on NATS JetStream; see this room's index for what it promises. */
export class JetStreamLog implements Log {
  readonly isContiguous = true;
  readonly #options: CheckedOptions;
  readonly #subjects: Subjects;
  readonly #engine: Engine;
  readonly #bodies: Bodies;
  readonly #names: Names;
  readonly #channels: Channels;
  readonly #queues: ChannelQueues;
  readonly #turns: Turns;
  #checking: NodeJS.Timeout | undefined;
  /** What the stream was at the last check. */
  #checked = "";
  #closing: Promise<void> | undefined;

  /** @throws {TidingsError} `CONFIG_INVALID`; `LOG_UNAVAILABLE` when the engine is not reached within `timeoutMs` */
  static async open(options: JetStreamLogOptions): Promise<JetStreamLog> {
    const log = new JetStreamLog(checkOptions(options));
    try {
      await log.#start();
      return log;
    } catch (error) {
      await log.#engine.close();
      throw error;
    }
  }

  private constructor(options: CheckedOptions) {
    this.#options = options;
    this.#subjects = new Subjects(options.prefix);
    this.#engine = new Engine(options, this.#subjects, () => void this.#catchUp());
    this.#bodies = new Bodies(this.#engine, this.#subjects);
    this.#names = new Names(this.#engine, this.#subjects);
    this.#channels = new Channels(this.#engine, this.#subjects, options, this.#bodies, this.#names);
    this.#turns = new Turns((told) => this.#tellTurn(told));
    this.#queues = new ChannelQueues(
      (channel, jobs) => this.#append(channel, jobs),
      options.maxPendingBytes,
      "NATS",
    );
  }

  async append(
    channel: string,
    batch: readonly NewMessage[],
    options: AppendOptions = {},
  ): Promise<Appended> {
    this.#checkOpen();
    return this.#queues.append(channel, batch, options, checkBatch(channel, batch));
  }

  async broadcast(channel: string, messages: readonly NewMessage[]): Promise<void> {
    await this.#ready();
    checkBatch(channel, messages);
    const timeMs = this.#options.nowMs();
    const { header, data } = encodeEphemeral(messages, timeMs);
    this.#engine.tell(this.#subjects.told(channel), data, [EPHEMERAL_HEADER, header]);
  }

  async read(channel: string, after: Offset, limits: PageLimits): Promise<LogPage> {
    for (let tries = 0; ; tries++) {
      const replica = await this.#look(channel);
      const { state } = replica;
      const items = replica.ring.read(after, limits);
      try {
        return { ...state, messages: await this.#bodies.read(items) };
      } catch (error) {
        if (!(error instanceof GoneError) || tries === MAX_READS) throw this.#engine.fault(error);
        await this.#channels.mend(channel, error.offset).catch((fault: unknown) => {
          throw this.#engine.fault(fault);
        });
      }
    }
  }

  async offsetBeforeLast(channel: string, count: number): Promise<Offset> {
    return (await this.#look(channel)).ring.offsetBeforeLast(count);
  }

  async offsetBeforeTime(channel: string, timeMs: number): Promise<Offset> {
    return (await this.#look(channel)).ring.offsetBeforeTime(timeMs);
  }

  async describe(channel: string): Promise<ChannelDescription> {
    const { state, ring } = await this.#look(channel);
    return { channel, ...state, messages: ring.size, bytes: ring.bytes };
  }

  has(channel: string): boolean {
    // Of a log that is closed, what is called next says so.
    return this.#closing !== undefined || this.#names.has(channel);
  }

  get channelCount(): number {
    return this.#closing === undefined ? this.#names.count : 0;
  }

  async channels(options: Parameters<Log["channels"]>[0]): Promise<readonly ChannelDescription[]> {
    this.#checkOpen();
    const names: ListedChannels["names"] = (...asked) => this.#names.list(...asked);
    return listChannels({ names, describe: (channel) => this.describe(channel) }, options);
  }

  async follow(channel: string): Promise<ChannelState> {
    await this.#ready();
    return (await this.#channels.follow(channel)).state;
  }

  unfollow(channel: string): void {
    this.#channels.unfollow(channel);
  }

  tail(listener: TailListener): () => void {
    return this.#channels.listen(listener);
  }

  async truncate(channel: string, upTo?: Offset): Promise<ChannelState> {
    this.#checkOpen();
    return this.#queues.run(channel, () => this.#truncate(channel, upTo));
  }

  async sweep(): Promise<void> {
    if (this.#closing !== undefined || !this.#engine.isUp) return;
    for (const channel of this.#channels.followed) this.#channels.retain(channel);
    await Promise.all([this.#names.check(), this.#tidy()]).catch(() => undefined);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #start(): Promise<void> {
    await this.#engine.start();
    await this.#engine.listen(this.#subjects.newNames, ({ data }) =>
      this.#names.learn(Buffer.from(data).toString()),
    );
    await this.#engine.listen(this.#subjects.turns, ({ data }) =>
      this.#turns.hear(Buffer.from(data).toString()),
    );
    await this.#names.load();
    this.#planCheck();
  }

  async #close(): Promise<void> {
    await this.#queues.drained();
    clearTimeout(this.#checking);
    this.#turns.clear();
    this.#channels.clear();
    await this.#engine.close();
  }

  /** Carries appends of one channel out as few entries, and answers each. Never rejects. */
  async #append(channel: string, jobs: readonly AppendJob[]): Promise<void> {
    // The values of a channel that keeps the newest of each key are known again only after each append.
    const isCompact = this.#options.retentionOf(channel).compact === true;
    const groups = isCompact ? jobs.map((job) => [job]) : [jobs];
    for (const group of groups) {
      try {
        answer(group, await this.#appendGroup(channel, group));
      } catch (error) {
        for (const job of group) job.reject(error);
      }
    }
  }

  async #appendGroup(channel: string, jobs: readonly AppendJob[]): Promise<readonly Outcome[]> {
    const { nowMs, retentionOf } = this.#options;
    return this.#insist(channel, async (isCertain) => {
      const replica = isCertain ? await this.#channels.sync(channel) : await this.#guess(channel);
      const timeMs = nowMs();
      const retention = retentionOf(channel);
      replica.retain(retention, timeMs);
      const { messages, keys, outcomes } = planAppends(channel, replica, jobs, retention, timeMs);
      // Another node may have appended what these are refused for the lack of.
      if (messages.length === 0 && keys.length === 0) return isCertain ? outcomes : undefined;
      await this.#channels.write(channel, replica, { type: "append", messages, keys, retention }, timeMs);
      return outcomes;
    });
  }

  /**
   * Writes to a channel, again where another node was ahead.
   *
   * @param attempt told whether to look at the channel first; answers nothing where that is to be done.
   */
  async #insist<T>(channel: string, attempt: (isCertain: boolean) => Promise<T | undefined>): Promise<T> {
    await this.#engine.ready(this.#options.waitMs);
    let isCertain = false;
    let lost = 0;
    try {
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        if (await this.#turns.pass(channel)) isCertain = true;
        const beganMs = performance.now();
        try {
          const result = await attempt(isCertain);
          if (result !== undefined) return result;
        } catch (error) {
          if (!(error instanceof StaleError)) throw error;
          if (++lost >= LOST_RACES) this.#turns.ask(channel, performance.now() - beganMs);
        }
        isCertain = true;
      }
    } finally {
      this.#turns.done(channel);
    }
    throw contendedError(channel);
  }

  #tellTurn(told: string): void {
    try {
      this.#engine.tell(this.#subjects.turns, Buffer.from(told));
    } catch {
      // The engine is away, which the append that it is for finds out by itself.
    }
  }

  /** The channel as this node knows it: whether it is so, the append finds out. */
  async #guess(channel: string): Promise<Replica> {
    const known = this.#channels.known(channel);
    if (known !== undefined) return known;
    return this.#names.has(channel) ? this.#channels.sync(channel) : this.#channels.begin(channel);
  }

  async #truncate(channel: string, upTo: Offset | undefined): Promise<ChannelState> {
    const { nowMs, retentionOf } = this.#options;
    return this.#insist(channel, async () => {
      const replica = await this.#channels.sync(channel);
      const timeMs = nowMs();
      replica.retain(retentionOf(channel), timeMs);
      const { head, earliest } = replica.state;
      const last = Math.min(upTo ?? head, head) as Offset;
      if (head === 0 || last < earliest) return replica.state;
      await this.#channels.write(channel, replica, { type: "truncate", upTo: last }, timeMs);
      return (await this.#look(channel)).state;
    });
  }

  /** The channel without what is over its age. */
  async #look(channel: string): Promise<Replica> {
    await this.#ready();
    const replica = await this.#channels.sync(channel);
    replica.retain(this.#options.retentionOf(channel), this.#options.nowMs());
    return replica;
  }

  /** What was told meanwhile was not heard, and may be lost. */
  async #catchUp(): Promise<void> {
    this.#checked = "";
    await this.#names.load().catch(() => undefined);
    await this.#check();
    // Who has read what is gone may be at another node by now, and only this one knows.
    const seen = this.#channels.uncertain;
    for (let from = 0; from < seen.length && this.#engine.isUp; from += COMPARED_CHANNELS) {
      const some = seen.slice(from, from + COMPARED_CHANNELS);
      await Promise.all(some.map((channel) => this.#channels.sync(channel).catch(() => undefined)));
    }
  }

  async #tidy(): Promise<void> {
    for (const channel of this.#channels.sparse)
      await this.#queues.run(channel, () => this.#channels.compact(channel));
    await this.#channels.letGo();
  }

  #planCheck(): void {
    const { checkMs } = this.#options;
    this.#checking = setTimeout(
      () => {
        void this.#check().finally(() => {
          if (this.#closing === undefined) this.#planCheck();
        });
      },
      checkMs * (0.8 + Math.random() * 0.4),
    );
    this.#checking.unref();
  }

  /**
   * Compares followed channels with the stream where that has anything new: what was told of it may have been lost, even of
   * the last message. Never rejects.
   */
  async #check(): Promise<void> {
    if (!this.#engine.isUp) return;
    try {
      const state = await this.#engine.call((stream) => stream.state());
      if (state === this.#checked) return;
      const followed = this.#channels.followed;
      for (let from = 0; from < followed.length; from += CHECK_CHANNELS)
        await Promise.all(
          followed.slice(from, from + CHECK_CHANNELS).map((channel) => this.#channels.sync(channel)),
        );
      this.#checked = state;
    } catch {
      // The engine is away, and whoever asks for it is told; the next check begins again.
    }
  }

  async #ready(): Promise<void> {
    this.#checkOpen();
    await this.#engine.ready(this.#options.waitMs);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}
