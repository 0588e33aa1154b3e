import { type Sender, TokenBucket } from "@tidings/core";

/** How many addresses are remembered. Beyond it the one that was heard of longest ago is forgotten, and begins anew. */
const MAX_ADDRESSES = 10_000;

/** Who publishes over HTTP, by remote address: there is no connection to know them by. Behind a proxy that is the proxy. */
export class Senders {
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  /** That which was heard of longest ago first. */
  readonly #known = new Map<string, Sender>();

  constructor(perSecond: number, nowMs: () => number) {
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#known.size;
  }

  of(address = ""): Sender {
    const sender = this.#known.get(address) ?? { bucket: new TokenBucket(this.#perSecond, this.#nowMs()) };
    this.#known.delete(address);
    this.#known.set(address, sender);
    if (this.#known.size > MAX_ADDRESSES) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    return sender;
  }
}
