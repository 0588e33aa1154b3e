import { type Offset, toOffset } from "@tidings/protocol";
import type { PageLimits, Retention } from "./log.ts";
import { type Held, RecentKeys, type Ring } from "./ring.ts";

/** A channel without holes: of its messages, those before `start` are gone. */
export abstract class PlainRing<T extends Held> implements Ring<T> {
  head: Offset = toOffset(0);
  readonly resumable: undefined = undefined;
  bytes = 0;
  readonly keys: RecentKeys = new RecentKeys();
  #messages: (T | undefined)[] = [];
  #start = 0;

  get earliest(): Offset {
    return toOffset(this.head - this.size + 1);
  }

  get size(): number {
    return this.#messages.length - this.#start;
  }

  /** Everything held, in order. */
  get held(): readonly T[] {
    return this.#messages.slice(this.#start) as T[];
  }

  /** As `messageBytes` counts them. */
  protected abstract bytesOf(message: T): number;
  /** Sees to it that what is kept of a message is its own. */
  protected abstract own(message: T, isFirst: boolean): void;
  /** Nothing is held any more. */
  protected abstract emptied(): void;

  add(messages: readonly T[]): void {
    // Not by pushing: an array that was pushed to has room for sixteen more, and most channels get little.
    const isFirst = this.#messages.length === 0;
    if (isFirst) this.#messages = messages.slice();
    for (const message of messages) {
      this.own(message, isFirst);
      if (!isFirst) this.#messages.push(message);
      this.bytes += this.bytesOf(message);
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

  read(after: Offset, { maxMessages, maxBytes }: PageLimits): readonly T[] {
    const messages: T[] = [];
    let bytes = 0;
    for (let at = this.#start + Math.max(0, after + 1 - this.earliest); at < this.#messages.length; at++) {
      const message = this.#messages[at] as T;
      bytes += this.bytesOf(message);
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
      if ((this.#messages[middle] as T).timeMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return toOffset(this.earliest - 1 + low - this.#start);
  }

  #dropFirst(): void {
    this.bytes -= this.bytesOf(this.#messages[this.#start] as T);
    this.#messages[this.#start] = undefined;
    this.#start++;
  }

  /** Gives the room before `start` back, once it is as much as what is held: each message is moved once on average. */
  #compact(): void {
    if (this.size === 0) this.emptied();
    if (this.#start < 64 || this.#start * 2 < this.#messages.length) return;
    this.#messages = this.#messages.slice(this.#start);
    this.#start = 0;
  }
}
