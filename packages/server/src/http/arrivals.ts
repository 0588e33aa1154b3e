import { TokenBucket } from "@tidings/core";
import { TidingsError } from "@tidings/protocol";
import { networkOf } from "./address.ts";
import { Recent } from "./recent.ts";

/** Bounds how fast one address opens streams and WebSockets. */
export class Arrivals {
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  readonly #known: Recent<TokenBucket>;

  constructor(perSecond: number, nowMs: () => number) {
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#known = new Recent(() => new TokenBucket(perSecond, nowMs()));
  }

  /** @throws {TidingsError} `RATE_LIMITED` */
  check(address: string): void {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return;
    const bucket = this.#known.of(networkOf(address));
    if (bucket.take(1, this.#nowMs())) return;
    const retryAfterMs = bucket.waitMs(1);
    throw new TidingsError(
      "RATE_LIMITED",
      `your address opens more than ${this.#perSecond} connections a second (maxConnectsPerSecond); ` +
        `connect again in ${retryAfterMs} ms.`,
      { retryAfterMs },
    );
  }
}
