import { type Limits, TidingsError } from "@tidings/protocol";
import { TokenBucket } from "./token-bucket.ts";

export type RateLimits = Pick<
  Limits,
  "maxPublishesPerSecond" | "maxPublishBytesPerSecond" | "maxChannelsPerMinute"
>;

/** What one peer may publish. A batch that is larger than what there is for a second is taken after a pause, and paid off. */
export class Rates {
  readonly #limits: RateLimits;
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  readonly #channels: TokenBucket | undefined;

  constructor(limits: RateLimits, nowMs: number) {
    const { maxPublishesPerSecond, maxPublishBytesPerSecond, maxChannelsPerMinute } = limits;
    this.#limits = limits;
    this.#messages = bucketOf(maxPublishesPerSecond, maxPublishesPerSecond * 2, nowMs);
    this.#bytes = bucketOf(maxPublishBytesPerSecond, maxPublishBytesPerSecond * 2, nowMs);
    this.#channels = bucketOf(maxChannelsPerMinute / 60, maxChannelsPerMinute, nowMs);
  }

  /** Whether anything may be published at all: before a body is taken in. Throws as {@link publish}. */
  check(nowMs: number): void {
    this.#check(1, 1, nowMs);
  }

  /** @throws {TidingsError} `RATE_LIMITED`; nothing is counted then */
  publish(messages: number, bytes: number, nowMs: number): void {
    this.#check(messages, bytes, nowMs);
    this.#messages?.owe(messages);
    this.#bytes?.owe(bytes);
  }

  /** @throws {TidingsError} `RATE_LIMITED` */
  create(channel: string, nowMs: number): void {
    if (this.#channels === undefined || this.#channels.take(1, nowMs)) return;
    const retryAfterMs = this.#channels.waitMs(1);
    throw new TidingsError(
      "RATE_LIMITED",
      `channel "${channel}" would be new, and you may create ${this.#limits.maxChannelsPerMinute} a minute ` +
        `(maxChannelsPerMinute). Use one that is there; there is room in ${retryAfterMs} ms.`,
      { retryAfterMs },
    );
  }

  #check(messages: number, bytes: number, nowMs: number): void {
    const { maxPublishesPerSecond, maxPublishBytesPerSecond } = this.#limits;
    if (this.#messages?.covers(messages, nowMs) === false)
      throw tooMuch(
        `${maxPublishesPerSecond} messages`,
        "maxPublishesPerSecond",
        this.#messages.waitMs(messages),
      );
    if (this.#bytes?.covers(bytes, nowMs) === false)
      throw tooMuch(
        `${maxPublishBytesPerSecond} bytes`,
        "maxPublishBytesPerSecond",
        this.#bytes.waitMs(bytes),
      );
  }
}

function bucketOf(perSecond: number, capacity: number, nowMs: number): TokenBucket | undefined {
  return perSecond === Number.POSITIVE_INFINITY ? undefined : new TokenBucket(perSecond, nowMs, capacity);
}

function tooMuch(limit: string, name: string, retryAfterMs: number): TidingsError {
  return new TidingsError(
    "RATE_LIMITED",
    `you publish too much: the limit is ${limit} a second, and twice that at once (${name}). Send less, or several in a ` +
      `batch; there is room in ${retryAfterMs} ms.`,
    { retryAfterMs },
  );
}
