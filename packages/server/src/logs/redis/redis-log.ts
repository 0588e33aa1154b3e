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
import type { Message, NewMessage, Offset } from "@tidings/protocol";
import { randomBytes } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { appendArgs, type Outcome, readOutcome } from "./append-call.ts";
import { checkBatch } from "../check-batch.ts";
import { bound, ChannelCalls, type Operation, type Seen } from "./channel-calls.ts";
import { type AppendJob, ChannelQueues } from "../channel-queue.ts";
import { type ListedChannels, listChannels } from "../list-channels.ts";
import type { Arg, Reply } from "./connection.ts";
import { Engine } from "./engine.ts";
import { closedError, replicasError } from "./faults.ts";
import { Followers, type Look } from "./followers.ts";
import { Keys } from "./keys.ts";
import { Names } from "./names.ts";
import { decodeNote, encodeEphemeral, encodeKept } from "./note.ts";
import { type CheckedOptions, checkOptions, type RedisLogOptions } from "./options.ts";
import { decodeRecord } from "../record.ts";
import { CHECK_SCRIPT } from "./script/index.ts";

/** How many channels one call of the check compares: about half a millisecond of the engine's time. */
const CHECK_CHANNELS = 500;
/** How many channels that nobody follows here one sweep looks at. */
const SWEEP_CHANNELS = 100;
/** Of all nodes one sweeps those, in each time as long as this, in milliseconds. */
const SWEEP_MS = 900;
const FETCH: PageLimits = { maxMessages: 1_000, maxBytes: 1_048_576 };

/** The log on Redis; see this room's index for what it promises. */
export class RedisLog implements Log {
  readonly isContiguous = true;
  readonly #options: CheckedOptions;
  readonly #keys: Keys;
  readonly #engine: Engine;
  readonly #calls: ChannelCalls;
  readonly #names: Names;
  readonly #queues: ChannelQueues;
  readonly #followers: Followers;
  #checking: NodeJS.Timeout | undefined;
  #sweptTo = "";
  #closing: Promise<void> | undefined;

  /** @throws {TidingsError} `CONFIG_INVALID`; `LOG_UNAVAILABLE` when the engine is not reached within `timeoutMs` */
  static async open(options: RedisLogOptions): Promise<RedisLog> {
    const checked = checkOptions(options);
    const log = new RedisLog(checked);
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
    const engine = new Engine(options, {
      onNote: (topic, body) => this.#hear(topic, body),
      onBack: () => void this.#catchUp(),
    });
    this.#engine = engine;
    this.#keys = new Keys(options.prefix);
    this.#calls = new ChannelCalls(engine, this.#keys, options);
    this.#names = new Names(engine, this.#keys);
    this.#queues = new ChannelQueues(
      (channel, jobs) => this.#append(channel, jobs),
      options.maxPendingBytes,
      "Redis",
    );
    this.#followers = new Followers({
      read: (channel, after) => this.#read(channel, after, FETCH, true),
      look: (channel) => this.#look(channel),
    });
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
    this.#checkOpen();
    checkBatch(channel, messages);
    const topic = this.#keys.topic(channel);
    await this.#engine.ready(topic, this.#options.waitMs);
    await this.#engine.publish(topic, encodeEphemeral(messages, this.#options.nowMs()));
  }

  read(channel: string, after: Offset, limits: PageLimits): Promise<LogPage> {
    return this.#read(channel, after, limits, false);
  }

  async offsetBeforeLast(channel: string, count: number): Promise<Offset> {
    const { result } = await this.#ask(channel, "last", [String(count)]);
    return (result as readonly Reply[])[0] as Offset;
  }

  async offsetBeforeTime(channel: string, timeMs: number): Promise<Offset> {
    const { result } = await this.#ask(channel, "time", [String(timeMs)]);
    return (result as readonly Reply[])[0] as Offset;
  }

  async describe(channel: string): Promise<ChannelDescription> {
    const { seen, result } = await this.#ask(channel, "describe");
    const [messages, bytes] = result as readonly [number, number];
    return { channel, ...stateOf(seen), messages, bytes };
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
    this.#checkOpen();
    const topic = this.#keys.topic(channel);
    await this.#engine.ready(topic, this.#options.waitMs);
    const isNew = !this.#followers.has(channel);
    this.#followers.expect(channel);
    try {
      // First: what is appended after the look is heard of.
      if (isNew) await this.#engine.subscribe(topic);
      const seen = await this.#look(channel);
      this.#followers.begin(channel, seen);
      return stateOf(seen);
    } catch (error) {
      if (isNew) this.unfollow(channel);
      throw error;
    }
  }

  unfollow(channel: string): void {
    if (!this.#followers.has(channel)) return;
    this.#followers.drop(channel);
    this.#engine.unsubscribe(this.#keys.topic(channel));
  }

  tail(listener: TailListener): () => void {
    return this.#followers.listen(listener);
  }

  async truncate(channel: string, upTo?: Offset): Promise<ChannelState> {
    this.#checkOpen();
    return this.#queues.run(channel, async () => {
      const { seen } = await this.#call(channel, "truncate", [upTo === undefined ? "" : String(upTo)]);
      await this.#followers.appended(channel, seen, []);
      return stateOf(seen);
    });
  }

  async sweep(): Promise<void> {
    if (this.#closing !== undefined || !this.#engine.isUp(this.#keys.names)) return;
    const { nowMs, retentionOf } = this.#options;
    const followed = this.#followers
      .agedAt(nowMs(), (channel) => retentionOf(channel).maxAgeMs)
      .map((channel) => this.#followers.refresh(channel));
    const { losses } = this.#engine;
    try {
      await Promise.all([...followed, this.#names.check(), this.#sweepOthers()]);
    } catch (error) {
      // One whose server was lost meanwhile has been told of already; the next sweep does what this one did not.
      await nextTurn();
      if (losses === this.#engine.losses) throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #start(): Promise<void> {
    await this.#engine.start();
    await this.#engine.subscribe(this.#keys.newNames);
    await this.#names.load();
    this.#planCheck();
  }

  async #close(): Promise<void> {
    await this.#queues.drained();
    clearTimeout(this.#checking);
    this.#followers.clear();
    await this.#engine.close();
  }

  /** Carries appends of one channel out as one call, and answers each. Never rejects. */
  async #append(channel: string, jobs: readonly AppendJob[]): Promise<void> {
    try {
      const outcomes = await this.#callAppend(channel, jobs);
      for (const [place, outcome] of outcomes.entries()) {
        const job = jobs[place] as AppendJob;
        if ("error" in outcome) job.reject(outcome.error);
        else job.resolve(outcome.appended);
      }
    } catch (error) {
      for (const job of jobs) job.reject(error);
    }
  }

  async #callAppend(channel: string, jobs: readonly AppendJob[]): Promise<readonly Outcome[]> {
    const { replicas, maxInlineBytes, nowMs, retentionOf } = this.#options;
    await this.#engine.ready(this.#keys.state(channel), this.#options.waitMs);
    const timeMs = nowMs();
    const tag = randomBytes(4).readUInt32BE().toString(36);
    const args = appendArgs(tag, maxInlineBytes, jobs);
    const called = await (replicas === 0
      ? this.#calls.call(channel, "append", args)
      : this.#calls.appendConfirmed(channel, args));
    const { seen, result, replicas: confirmed } = called;
    const retention = retentionOf(channel);
    const answers = result as readonly (readonly Reply[])[];
    const outcomes = jobs.map((job, place) =>
      readOutcome(channel, job, answers[place] ?? [], seen.epoch, timeMs, retention),
    );
    const messages = outcomes.flatMap((outcome) => ("error" in outcome ? [] : outcome.messages));
    if (messages.length > 0) {
      if (replicas > 0) await this.#tellConfirmed(channel, seen, messages);
      await this.#followers.appended(channel, seen, messages);
      // It is in the log: a fault of the list of names is mended by the next message.
      await this.#names.note(channel, messages[0]?.offset === 1).catch(() => undefined);
    }
    if (confirmed >= replicas) return outcomes;
    const error = replicasError(replicas, confirmed);
    return outcomes.map((outcome) => ("error" in outcome ? outcome : { error }));
  }

  /** Not by the script, which ends before any replica has it. What is not confirmed is in the log all the same. */
  async #tellConfirmed(channel: string, seen: Seen, messages: readonly Message[]): Promise<void> {
    const body = encodeKept(seen, messages, this.#options.maxInlineBytes);
    // One that is not told is found by the other nodes' next check.
    await this.#engine.publish(this.#keys.topic(channel), body).catch(() => undefined);
  }

  async #read(channel: string, after: Offset, limits: PageLimits, isKept: boolean): Promise<LogPage> {
    const args = [String(after), bound(limits.maxMessages), bound(limits.maxBytes)];
    const { seen, result } = await this.#ask(channel, "read", args);
    const flat = result as readonly Reply[];
    const messages: Message[] = [];
    for (let at = 0; at < flat.length; at += 3) {
      const record = flat[at + 2] as Buffer;
      messages.push(
        decodeRecord(isKept ? owned(record) : record, flat[at] as Offset, flat[at + 1] as number),
      );
    }
    return { ...stateOf(seen), messages };
  }

  async #look(channel: string): Promise<Seen> {
    return (await this.#ask(channel, "state")).seen;
  }

  async #ask(
    channel: string,
    operation: Operation,
    args: readonly Arg[] = [],
  ): Promise<{ readonly seen: Seen; readonly result: Reply }> {
    this.#checkOpen();
    return this.#call(channel, operation, args);
  }

  async #call(
    channel: string,
    operation: Operation,
    args: readonly Arg[],
  ): Promise<{ readonly seen: Seen; readonly result: Reply }> {
    await this.#engine.ready(this.#keys.state(channel), this.#options.waitMs);
    return this.#calls.call(channel, operation, args);
  }

  #hear(topic: string, body: Buffer): void {
    if (this.#closing !== undefined) return;
    if (topic === this.#keys.newNames) {
      this.#names.learn(body.toString());
      return;
    }
    const channel = this.#keys.channelOf(topic);
    if (!this.#followers.has(channel)) return;
    const note = decodeNote(owned(body));
    if (note === undefined) return;
    if (note.type === "kept") this.#calls.learn(channel, note);
    this.#followers.hear(channel, note);
  }

  /** What was told meanwhile was not heard, and may be lost. */
  async #catchUp(): Promise<void> {
    await Promise.all([this.#check(true), this.#calls.compareAll(), this.#names.load()]).catch(
      () => undefined,
    );
  }

  #planCheck(): void {
    const { checkMs } = this.#options;
    this.#checking = setTimeout(
      () => {
        this.#engine.heal();
        this.#check(false)
          .catch(() => undefined) // The engine is away, and whoever asks for it is told.
          .finally(() => {
            if (this.#closing === undefined) this.#planCheck();
          });
      },
      checkMs * (0.8 + Math.random() * 0.4),
    );
    this.#checking.unref();
  }

  /** Compares followed channels with the engine: a notification may have been lost, even that of the last message. */
  async #check(isAll: boolean): Promise<void> {
    const told = this.#followers.told;
    if (isAll) {
      await Promise.all(told.map(([channel]) => this.#followers.refresh(channel).catch(() => undefined)));
      return;
    }
    const groups = new Map<string, (typeof told)[number][]>();
    for (const [place, each] of told.entries()) {
      // Of a cluster, one script may use keys of one slot only.
      const key = this.#engine.isCluster
        ? this.#keys.life(each[0])
        : String(Math.floor(place / CHECK_CHANNELS));
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [each]);
      else group.push(each);
    }
    await Promise.all([...groups.values()].map((group) => this.#checkGroup(group).catch(() => undefined)));
  }

  async #checkGroup(told: readonly (readonly [channel: string, Look])[]): Promise<void> {
    const keys = told.flatMap(([channel]) => [this.#keys.life(channel), this.#keys.state(channel)]);
    if (!this.#engine.isUp(keys[0] ?? "")) return;
    const args = told.flatMap(([, { epoch, head, earliest }]) => [epoch, String(head), String(earliest)]);
    const changed = await this.#engine.run(CHECK_SCRIPT, keys, args);
    for (const place of changed as readonly number[]) {
      const [channel = ""] = told[place] ?? [];
      await this.#followers.refresh(channel);
    }
  }

  /** Lets go what is over its age on channels that nobody writes to: a few each time, by one of all nodes. */
  async #sweepOthers(): Promise<void> {
    const { names, sweeper } = this.#keys;
    const args = ["SET", sweeper, "1", "NX", "PX", String(SWEEP_MS)];
    if ((await this.#engine.call(names, args)) === null) return;
    const next = await this.#names.list("", this.#sweptTo, SWEEP_CHANNELS);
    this.#sweptTo = next.length < SWEEP_CHANNELS ? "" : (next.at(-1) ?? "");
    await Promise.all(next.map((channel) => this.#calls.call(channel, "state")));
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

function stateOf({ epoch, head, earliest, resumable }: Seen): ChannelState {
  return resumable === undefined ? { epoch, head, earliest } : { epoch, head, earliest, resumable };
}

/** What the hub keeps must not hold on to all that was received with it. */
function owned(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
