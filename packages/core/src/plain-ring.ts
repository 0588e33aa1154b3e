import { type Message, messageBytes, type Offset, toOffset } from "@tidings/protocol";
import type { PageLimits, Retention } from "./log.ts";
import { RecentKeys, type Ring } from "./ring.ts";
import { Slab } from "./slab.ts";

/** A channel without holes: of its messages, those before `start` are gone. */
export class PlainRing implements Ring {
  head: Offset = toOffset(0);
  readonly resumable: undefined = undefined;
  bytes = 0;
  readonly keys: RecentKeys = new RecentKeys();
  #messages: (Message | undefined)[] = [];
  #start = 0;
  readonly #firsts: Slab;
  /** There from the second append on: most channels get little. */
  #slab: Slab | undefined;

  /** @param firsts keeps what channels begin with, for all of a log */
  constructor(firsts: Slab) {
    this.#firsts = firsts;
  }

  get earliest(): Offset {
    return toOffset(this.head - this.size + 1);
  }

  get size(): number {
    return this.#messages.length - this.#start;
  }

  /** Everything held, in order. */
  get held(): readonly Message[] {
    return this.#messages.slice(this.#start) as Message[];
  }

  add(messages: readonly Message[]): void {
    // Not by pushing: an array that was pushed to has room for sixteen more, and most channels get little.
    const isFirst = this.#messages.length === 0;
    if (isFirst) this.#messages = messages.slice();
    const slab = isFirst ? this.#firsts : (this.#slab ??= new Slab());
    for (const message of messages) {
      // In place: the log made the message itself, and another object takes longer than the copy.
      const own = message as { data: Uint8Array; artifact?: Uint8Array };
      own.data = slab.keep(message.data);
      if (message.artifact !== undefined) own.artifact = slab.keep(message.artifact);
      if (!isFirst) this.#messages.push(message);
      this.bytes += messageBytes(message);
      this.head = message.offset;
    }
  }

  trim({ maxMessages, maxBytes, maxAgeMs }: Retention, nowMs: number): void {
    for (let first = this.#messages[this.#start]; first !== undefined; first = this.#messages[this.#start]) {
      if (this.size <= maxMessages && this.bytes <= maxBytes && nowMs - first.timeMs <= maxAgeMs) break;
      this.#dropFirst();
    }
    this.#compact();
  }

  truncate(upTo: Offset): void {
    while (this.size > 0 && this.earliest <= upTo) this.#dropFirst();
    this.#compact();
  }

  read(after: Offset, { maxMessages, maxBytes }: PageLimits): readonly Message[] {
    const messages: Message[] = [];
    let bytes = 0;
    for (let at = this.#start + Math.max(0, after + 1 - this.earliest); at < this.#messages.length; at++) {
      const message = this.#messages[at] as Message;
      bytes += messageBytes(message);
      if (messages.length > 0 && (messages.length >= maxMessages || bytes > maxBytes)) break;
      messages.push(message);
    }
    return messages;
  }

  offsetBeforeLast(count: number): Offset {
    return toOffset(Math.max(this.earliest - 1, this.head - count));
  }

  offsetBeforeTime(timeMs: number): Offset {
    let low = this.#start;
    let high = this.#messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#messages[middle] as Message).timeMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return toOffset(this.earliest - 1 + low - this.#start);
  }

  #dropFirst(): void {
    this.bytes -= messageBytes(this.#messages[this.#start] as Message);
    this.#messages[this.#start] = undefined;
    this.#start++;
  }

  /** Gives the room before `start` back, once it is as much as what is held: each message is moved once on average. */
  #compact(): void {
    if (this.size === 0) this.#slab = undefined;
    if (this.#start < 64 || this.#start * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(this.#start);
    this.#start = 0;
  }
}
