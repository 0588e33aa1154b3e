import {
  checkChannel,
  checkEvent,
  checkIdempotencyKey,
  checkKey,
  DEFAULT_EVENT,
  type Limits,
  type NewMessage,
  TidingsError,
} from "@tidings/protocol";
import { findBindings } from "./binding.ts";
import type { AppendOptions, Appended, Log } from "./log.ts";
import type { PayloadStore } from "./payload-store.ts";
import { Payloads, type Prepared } from "./payloads.ts";
import type { Policies, ResolvedPolicy } from "./policy.ts";
import { checkDeletion, checkPolicy, keyRequired } from "./publish-checks.ts";
import type { PublishMessage } from "./publish-message.ts";
import type { Rates } from "./rates.ts";
import type { TokenBucket } from "./token-bucket.ts";
import { Turns } from "./turns.ts";

export interface PublishOptions extends AppendOptions {
  /** Pass the messages on to live readers and keep none. */
  readonly ephemeral?: boolean;
  /** Who sends: what it may pass on a second is bounded, and it stands for the key of what it sends where messages are conflated. */
  readonly sender?: Sender | undefined;
  /** Published by the server's own code: reserved channels and those closed to others are open to it. */
  readonly isServer?: boolean;
}

/** A peer that publishes. */
export interface Sender {
  /** Tells its messages from those of others; given to readers, so it MUST NOT let them do anything. */
  readonly key?: string;
  /** Of ephemeral messages. */
  readonly bucket: TokenBucket;
  /** What it may publish at all; absent for one that is trusted with that. */
  readonly rates?: Rates | undefined;
}

/** Looks on while messages are published. Called for every publish, so calls MUST be cheap, and MUST NOT throw. */
export interface PublishWatch {
  /** The log is asked for it now. Answers what is to be handed on to {@link PublishWatch.published}: a time, or 0. */
  asked(): number;
  /** The log has done it; with no `appended` it was passed on and not kept. `bytes`: of payloads. */
  published(channel: string, messages: number, bytes: number, asked: number, appended?: Appended): void;
}

export interface PublisherOptions {
  /** Where payloads go that cannot travel inline. Without it they are refused. */
  readonly store?: PayloadStore;
  /** Milliseconds of any clock that goes forward; needed where senders have buckets. */
  readonly nowMs?: () => number;
  /** Bytes of messages that may wait for a payload to be stored, on all channels together. Default 67,108,864 (64 MiB). */
  readonly maxWaitingBytes?: number;
  /** Looks on. */
  readonly watch?: PublishWatch;
  /** How many channels there are, as `maxChannels` bounds them. Default: all of the log's. */
  readonly channelCount?: () => number;
  /** Told of what did not fail a publish: a stored payload that could not be bound to its message, which a sweep mends. */
  readonly onFault?: (error: unknown) => void;
}

const MAX_WAITING_BYTES = 67_108_864;
/** What a message that waits costs beside its data, in bytes, about. */
const WAITING_OVERHEAD_BYTES = 512;

/** The one way into a log: whatever brings a message, its names, sizes and the channel's policy are checked here. */
export class Publisher {
  readonly #log: Log;
  readonly #policies: Policies;
  readonly #limits: Limits;
  readonly #options: PublisherOptions;
  readonly #payloads: Payloads;
  readonly #turns = new Turns();
  /** Channels whose first message is on its way. */
  readonly #begun = new Set<string>();
  #waitingBytes = 0;
  #published = 0;
  #publishedBytes = 0;

  constructor(log: Log, policies: Policies, limits: Limits, options: PublisherOptions = {}) {
    this.#log = log;
    this.#policies = policies;
    this.#limits = limits;
    this.#options = options;
    this.#payloads = new Payloads(options.store, limits);
  }

  /** Messages appended or passed on so far. */
  get published(): number {
    return this.#published;
  }

  /** Bytes of their payloads, as they travel: of a stored one its preview. */
  get publishedBytes(): number {
    return this.#publishedBytes;
  }

  /**
   * Appends a batch as one; answers `undefined` for an ephemeral one. JSON and text payloads MUST be checked already. What is
   * published to one channel is appended in the order of the calls, also where a payload has to be stored first.
   *
   * @throws {TidingsError} those of {@link Publisher.check}, `ARTIFACT_UNKNOWN`, `RATE_LIMITED` where the sender publishes or creates too
   *   much or too much waits for the store, `LOG_FULL` where the channel would be one too many, and those of `Log.append` and
   *   `PayloadStore.put`
   */
  publish(
    channel: string,
    batch: readonly PublishMessage[],
    options: PublishOptions = {},
  ): Promise<Appended | undefined> {
    const { ephemeral = false, isServer = false, sender } = options;
    let needsStore: boolean;
    let isNew: boolean;
    try {
      needsStore = this.check(channel, batch, options);
      if (sender !== undefined) this.#checkRates(channel, batch, sender, ephemeral);
      isNew = !ephemeral && !isServer && !this.#log.has(channel) && !this.#begun.has(channel);
      if (isNew) this.#checkNew(channel, sender);
    } catch (error) {
      this.#payloads.discardGiven(batch);
      return Promise.reject(error as Error);
    }
    return isNew
      ? this.#begin(channel, batch, options, needsStore)
      : this.#publish(channel, batch, options, needsStore);
  }

  /**
   * Checks a publish as far as it can be without doing it. Answers whether a payload has to be stored for it.
   *
   * @throws {TidingsError} `REQUEST_INVALID`, `CHANNEL_NAME_INVALID`, `CHANNEL_RESERVED`, `PUBLISH_FORBIDDEN`, `EVENT_NAME_INVALID`,
   *   `KEY_INVALID`, `KEY_REQUIRED`, `CHANNEL_NOT_KEYED`, `PREVIEW_INVALID`, `MESSAGE_TOO_LARGE`, `ARTIFACT_TOO_LARGE`,
   *   `BATCH_TOO_LARGE`
   */
  check(channel: string, batch: readonly PublishMessage[], options: PublishOptions = {}): boolean {
    const { ephemeral = false, isServer = false } = options;
    if (ephemeral && (options.ifOffset !== undefined || options.ifEpoch !== undefined)) {
      throw new TidingsError(
        "REQUEST_INVALID",
        "an ephemeral message is not appended, so no head can be its condition; leave one out.",
      );
    }
    checkChannel(channel);
    const policy = this.#policies.of(channel);
    checkPolicy(channel, policy, ephemeral, isServer);
    return this.#checkBatch(channel, policy, batch, options);
  }

  /**
   * Whether a payload of this size may be stored for a message of the channel.
   *
   * @throws {TidingsError} `MESSAGE_TOO_LARGE` where the channel's policy stores none, else `ARTIFACT_TOO_LARGE`
   */
  checkStorable(channel: string, size: number): void {
    this.#payloads.checkStorable(channel, size, this.#policies.of(channel));
  }

  /** The first message of a channel. */
  #begin(
    channel: string,
    batch: readonly PublishMessage[],
    options: PublishOptions,
    needsStore: boolean,
  ): Promise<Appended | undefined> {
    this.#begun.add(channel);
    const publishing = this.#publish(channel, batch, options, needsStore);
    const forget = (): boolean => this.#begun.delete(channel);
    publishing.then(forget, forget);
    // As it is: a promise around it would be answered after those of the messages that come next.
    return publishing;
  }

  /** What was checked: nothing is waited for before the log is called, where nothing has to be, and for nothing but the log then. */
  #publish(
    channel: string,
    batch: readonly PublishMessage[],
    options: PublishOptions,
    needsStore: boolean,
  ): Promise<Appended | undefined> {
    const { ephemeral = false, sender } = options;
    // Nearly always neither holds, and the log is called in this very turn.
    if (needsStore || this.#turns.isTaken(channel)) return this.#publishInTurn(channel, batch, options);
    const asked = this.#options.watch?.asked() ?? 0;
    if (ephemeral)
      return this.#log.broadcast(channel, this.#withKeys(channel, batch, sender?.key)).then(() => {
        this.#count(channel, batch, asked);
        return undefined;
      });
    return this.#log.append(channel, batch, appendOptions(options)).then((appended) => {
      this.#count(channel, batch, asked, appended);
      return appended;
    });
  }

  #count(channel: string, batch: readonly NewMessage[], asked: number, appended?: Appended): void {
    const messages = appended?.appended ?? batch.length;
    if (messages === 0) return;
    let bytes = 0;
    for (let at = 0; at < batch.length; at++) bytes += (batch[at] as NewMessage).data.length;
    this.#published += messages;
    this.#publishedBytes += bytes;
    this.#options.watch?.published(channel, messages, bytes, asked, appended);
  }

  #checkRates(
    channel: string,
    batch: readonly PublishMessage[],
    { bucket, rates }: Sender,
    ephemeral: boolean,
  ): void {
    const nowMs = this.#options.nowMs?.() ?? 0;
    const count = batch.length;
    if (ephemeral && !bucket.take(count, nowMs)) {
      const { maxEphemeralPerSecond } = this.#limits;
      const retryAfterMs = bucket.waitMs(count);
      throw new TidingsError(
        "RATE_LIMITED",
        `${count} more ephemeral messages for channel "${channel}" are too many: the limit is ${maxEphemeralPerSecond} a second, ` +
          `and ${maxEphemeralPerSecond * 2} at once. Send fewer, the newest of each key say; there is room in ${retryAfterMs} ms.`,
        { retryAfterMs },
      );
    }
    if (rates === undefined) return;
    let bytes = 0;
    for (const { data, stored } of batch) bytes += data.length + (stored?.artifact.size ?? 0);
    rates.publish(count, bytes, nowMs);
  }

  /** Whether a channel that nobody wrote to yet may be made. */
  #checkNew(channel: string, sender: Sender | undefined): void {
    const { maxChannels } = this.#limits;
    const channels = this.#options.channelCount?.() ?? this.#log.channelCount;
    if (channels + this.#begun.size >= maxChannels) {
      throw new TidingsError(
        "LOG_FULL",
        `channel "${channel}" would be new, and the log holds ${maxChannels} channels, as many as it may (maxChannels). ` +
          "Use one that is there, or raise the limit.",
      );
    }
    sender?.rates?.create(channel, this.#options.nowMs?.() ?? 0);
  }

  /** Where only the newest of each key is given to the slow, a sender that names no key is one. */
  #withKeys(
    channel: string,
    batch: readonly PublishMessage[],
    key: string | undefined,
  ): readonly PublishMessage[] {
    if (key === undefined || !this.#policies.of(channel).conflate) return batch;
    return batch.map((message) => (message.key === undefined ? { ...message, key } : message));
  }

  /** Stores first, then appends when all that was published to the channel before has been appended. */
  async #publishInTurn(
    channel: string,
    batch: readonly PublishMessage[],
    options: PublishOptions,
  ): Promise<Appended | undefined> {
    const { ephemeral = false, sender } = options;
    const bytes = batch.reduce((sum, { data }) => sum + data.length + WAITING_OVERHEAD_BYTES, 0);
    const { maxWaitingBytes = MAX_WAITING_BYTES } = this.#options;
    // A single one may always: its size is bounded by other limits.
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes > maxWaitingBytes) {
      this.#payloads.discardGiven(batch);
      throw new TidingsError(
        "RATE_LIMITED",
        `${this.#waitingBytes} bytes of messages wait for payloads to be stored, and ${maxWaitingBytes} is the most; try again.`,
      );
    }
    this.#waitingBytes += bytes;
    const turn = this.#turns.take(channel);
    let isWaiting = true;
    // As soon as the log was called: it keeps the order of calls by itself.
    const leave = (): void => {
      if (isWaiting) this.#waitingBytes -= bytes;
      isWaiting = false;
      turn.done();
    };
    try {
      if (ephemeral) {
        await turn.come;
        const passedOn = this.#log.broadcast(channel, this.#withKeys(channel, batch, sender?.key));
        leave();
        await passedOn;
        this.#count(channel, batch, 0);
        return undefined;
      }
      const prepared = await this.#payloads.prepare(channel, batch, this.#policies.of(channel));
      await turn.come;
      return await this.#append(channel, prepared, appendOptions(options), leave);
    } finally {
      // One that failed lets go of those after it only in its turn: they could come before those ahead of it otherwise.
      if (isWaiting) {
        this.#waitingBytes -= bytes;
        isWaiting = false;
        void turn.come.then(turn.done);
      }
    }
  }

  async #append(
    channel: string,
    prepared: readonly Prepared[],
    options: AppendOptions,
    onCalled: () => void,
  ): Promise<Appended> {
    const messages = prepared.map(({ message }) => message);
    const asked = this.#options.watch?.asked() ?? 0;
    let appended: Appended;
    try {
      const appending = this.#log.append(channel, messages, options);
      onCalled();
      appended = await appending;
    } catch (error) {
      this.#payloads.discard(prepared);
      throw error;
    }
    this.#count(channel, messages, asked, appended);
    if (appended.appended === 0) this.#payloads.discard(prepared);
    // Not waited for: the messages are in the log, whatever becomes of this, and a sweep mends it.
    else this.#bind(channel, prepared, appended).catch((error: unknown) => this.#options.onFault?.(error));
    return appended;
  }

  async #bind(channel: string, prepared: readonly Prepared[], appended: Appended): Promise<void> {
    const { store } = this.#options;
    if (store === undefined || prepared.every(({ stored }) => stored === undefined)) return;
    const bindings = await findBindings(this.#log, channel, prepared, appended);
    const { epoch } = appended;
    const bound = bindings.map(async ({ id, offset }) => store.bind(id, channel, { epoch, offset }));
    await Promise.all(bound);
    // Those of a batch that were repeats: no message names what was stored for them.
    this.#payloads.discard(prepared.filter(({ stored }) => bindings.every(({ id }) => id !== stored?.id)));
  }

  #checkBatch(
    channel: string,
    policy: ResolvedPolicy,
    batch: readonly PublishMessage[],
    { ephemeral = false, idempotencyKey }: PublishOptions,
  ): boolean {
    const { maxBatchMessages } = this.#limits;
    if (batch.length === 0)
      throw new TidingsError("BODY_INVALID", "the batch holds no message; send one line or more.");
    if (batch.length > maxBatchMessages) {
      throw new TidingsError(
        "BATCH_TOO_LARGE",
        `the batch holds ${batch.length} messages; the limit is ${maxBatchMessages}. Send it in parts.`,
      );
    }
    if (idempotencyKey !== undefined) checkIdempotencyKey(idempotencyKey);
    let needsStore = false;
    for (const message of batch) {
      // Most have it, and the check is what takes longest here.
      if (message.event !== DEFAULT_EVENT) checkEvent(message.event);
      if (message.key !== undefined) checkKey(message.key);
      else if (policy.compact) throw keyRequired(channel, policy);
      if (message.idempotencyKey !== undefined) checkIdempotencyKey(message.idempotencyKey);
      if (message.kind === "none") checkDeletion(channel, policy, message, ephemeral);
      if (this.#payloads.needsStore(channel, message, policy, ephemeral)) needsStore = true;
    }
    return needsStore;
  }
}

const UNCONDITIONAL: AppendOptions = {};

/** Those that are for the log. */
function appendOptions({ ifOffset, ifEpoch, idempotencyKey }: PublishOptions): AppendOptions {
  if (ifOffset === undefined && ifEpoch === undefined && idempotencyKey === undefined) return UNCONDITIONAL;
  return {
    ...(ifOffset === undefined ? {} : { ifOffset }),
    ...(ifEpoch === undefined ? {} : { ifEpoch }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}
