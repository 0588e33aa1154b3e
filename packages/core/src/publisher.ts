import {
  checkChannel,
  checkEvent,
  checkIdempotencyKey,
  checkKey,
  DEFAULT_EVENT,
  isReserved,
  type Limits,
  type NewMessage,
  TidingsError,
} from "@tidings/protocol";
import type { AppendOptions, Appended, Log } from "./log.ts";
import type { Policies } from "./policy.ts";

export interface PublishOptions extends AppendOptions {
  /** Pass the messages on to live readers and keep none. */
  readonly ephemeral?: boolean;
  /** Published by the server's own code: reserved channels and those closed to others are open to it. */
  readonly isServer?: boolean;
}

/** The one way into a log: whatever brings a message, its names, sizes and the channel's policy are checked here. */
export class Publisher {
  readonly #log: Log;
  readonly #policies: Policies;
  readonly #limits: Limits;
  #published = 0;

  constructor(log: Log, policies: Policies, limits: Limits) {
    this.#log = log;
    this.#policies = policies;
    this.#limits = limits;
  }

  /** Messages appended or passed on so far. */
  get published(): number {
    return this.#published;
  }

  /**
   * Appends a batch as one; answers `undefined` for an ephemeral one. JSON and text payloads MUST be checked already.
   *
   * @throws {TidingsError} `REQUEST_INVALID`, `CHANNEL_NAME_INVALID`, `CHANNEL_RESERVED`, `PUBLISH_FORBIDDEN`, `EVENT_NAME_INVALID`,
   *   `KEY_INVALID`, `MESSAGE_TOO_LARGE`, `BATCH_TOO_LARGE`, and those of `Log.append`
   */
  async publish(
    channel: string,
    batch: readonly NewMessage[],
    options: PublishOptions = {},
  ): Promise<Appended | undefined> {
    const { ephemeral = false, isServer = false, ...append } = options;
    if (ephemeral && (append.ifOffset !== undefined || append.ifEpoch !== undefined)) {
      throw new TidingsError(
        "REQUEST_INVALID",
        "an ephemeral message is not appended, so no head can be its condition; leave one out.",
      );
    }
    this.#checkChannel(channel, ephemeral, isServer);
    this.#checkBatch(channel, batch, append);
    if (ephemeral) {
      await this.#log.broadcast(channel, batch);
      this.#published += batch.length;
      return undefined;
    }
    const appended = await this.#log.append(channel, batch, append);
    this.#published += appended.appended;
    return appended;
  }

  #checkChannel(channel: string, isEphemeral: boolean, isServer: boolean): void {
    checkChannel(channel);
    const policy = this.#policies.of(channel);
    if (isReserved(channel) && !isServer) {
      throw new TidingsError(
        "CHANNEL_RESERVED",
        `"${channel}" begins with "$" and is written by the system alone; choose another name.`,
      );
    }
    if (policy.publish === "server" && !isServer) {
      throw new TidingsError(
        "PUBLISH_FORBIDDEN",
        `the policy "${policy.pattern}" lets only the server itself publish to channel "${channel}".`,
      );
    }
    if (policy.ephemeralOnly && !isEphemeral) {
      throw new TidingsError(
        "PUBLISH_FORBIDDEN",
        `the policy "${policy.pattern}" keeps no messages of channel "${channel}"; publish with ?ephemeral.`,
      );
    }
  }

  #checkBatch(channel: string, batch: readonly NewMessage[], options: AppendOptions): void {
    const { maxBatchMessages } = this.#limits;
    if (batch.length === 0)
      throw new TidingsError("BODY_INVALID", "the batch holds no message; send one line or more.");
    if (batch.length > maxBatchMessages) {
      throw new TidingsError(
        "BATCH_TOO_LARGE",
        `the batch holds ${batch.length} messages; the limit is ${maxBatchMessages}. Send it in parts.`,
      );
    }
    if (options.idempotencyKey !== undefined) checkIdempotencyKey(options.idempotencyKey);
    const { maxMessageBytes } = this.#policies.of(channel);
    for (const { event, key, idempotencyKey, data } of batch) {
      // Most have it, and the check is what takes longest here.
      if (event !== DEFAULT_EVENT) checkEvent(event);
      if (key !== undefined) checkKey(key);
      if (idempotencyKey !== undefined) checkIdempotencyKey(idempotencyKey);
      if (data.length > maxMessageBytes) {
        throw new TidingsError(
          "MESSAGE_TOO_LARGE",
          `a message for channel "${channel}" has ${data.length} bytes; the limit is ${maxMessageBytes}. ` +
            "Send it in parts, or publish a URL to it.",
        );
      }
    }
  }
}
