import { Rates, type Sender, TokenBucket } from "@tidings/core";
import type { Limits } from "@tidings/protocol";
import type { Access, Identity } from "../auth/index.ts";
import { networkOf } from "./address.ts";
import { Recent } from "./recent.ts";

/**
 * Who publishes over HTTP, where there is no connection to know them by: the subject of a token, or else an address. A bound
 * holds for clients: who shows an API key is a backend, and where nobody is asked all are trusted.
 */
export class Senders {
  readonly #limits: Limits;
  readonly #nowMs: () => number;
  readonly #clients: Recent<Sender>;
  readonly #trusted: Recent<Sender>;

  constructor(limits: Limits, nowMs: () => number) {
    this.#limits = limits;
    this.#nowMs = nowMs;
    this.#clients = new Recent(() => this.#client());
    this.#trusted = new Recent(() => ({ bucket: this.#bucket() }));
  }

  get size(): number {
    return this.#clients.size + this.#trusted.size;
  }

  /** Over HTTP. `addressOf` is asked where it is needed. */
  of({ identity }: Access, addressOf: () => string): Sender {
    const subject = subjectOf(identity);
    if (subject !== undefined) return this.#clients.of(`subject ${subject}`);
    const senders = isClient(identity) ? this.#clients : this.#trusted;
    return senders.of(`address ${networkOf(addressOf())}`);
  }

  /** Of one WebSocket, under a name of its own. */
  ofSocket({ identity }: Access, key: string): Sender {
    return isClient(identity) ? { ...this.#client(), key } : { bucket: this.#bucket(), key };
  }

  #client(): Sender {
    return { bucket: this.#bucket(), rates: new Rates(this.#limits, this.#nowMs()) };
  }

  #bucket(): TokenBucket {
    return new TokenBucket(this.#limits.maxEphemeralPerSecond, this.#nowMs());
  }
}

/** Whether somebody is a client, whom rates bound: a backend has a key, and where nobody is asked all are trusted. */
export function isClient({ kind }: Identity): boolean {
  return kind === "token" || kind === "anonymous";
}

/** As whom a client is counted beside its address: the subject of a token, or the one that the application names. */
export function subjectOf(identity: Identity): string | undefined {
  return isClient(identity) ? identity.subject : undefined;
}
