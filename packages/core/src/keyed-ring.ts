import { type Offset, toOffset } from "@tidings/protocol";
import type { Values } from "./check-room.ts";
import type { PageLimits, Retention } from "./log.ts";
import type { PlainRing } from "./plain-ring.ts";
import { type Held, RecentKeys, type Ring } from "./ring.ts";

/**
 * A compact channel, or one that was compact once: messages in the order of their offsets, with holes where they went.
 * Holes are given back once there are as many as messages, so an update costs a binary search and, on average, one
 * move; the room taken is twice what is held, however many updates there are.
 */
export abstract class KeyedRing<T extends Held> implements Ring<T> {
  head: Offset = toOffset(0);
  earliest: Offset = toOffset(1);
  resumable: Offset = toOffset(0);
  bytes = 0;
  size = 0;
  readonly keys: RecentKeys;
  /** Of each slot; those of holes too, so that a search finds its way. */
  #offsets: Offset[] = [];
  #messages: (T | undefined)[] = [];
  /** The newest message of each key, a deletion too, while the channel is compact. */
  readonly #newest = new Map<string, T>();
  #values: Values = { count: 0, bytes: 0 };
  /** No slot before this one holds any of the rest (deletions, and messages without a key). */
  #restFrom = 0;
  #isCompact = true;

  constructor(plain?: PlainRing<T>) {
    this.keys = plain?.keys ?? new RecentKeys();
    if (plain === undefined) return;
    this.earliest = plain.earliest;
    this.resumable = toOffset(plain.earliest - 1);
    this.add(plain.held);
    this.head = plain.head;
  }

  /** As `messageBytes` counts them. */
  protected abstract bytesOf(message: T): number;
  /** What is to be kept of a message. Not to look at `this`, which may still be being made. */
  protected abstract own(message: T): T;

  get values(): Values {
    return this.#values;
  }

  /** How large a key's value is; `undefined` for a key that has none. */
  valueBytes(key: string): number | undefined {
    const message = this.#newest.get(key);
    return message === undefined || !isValue(message) ? undefined : this.bytesOf(message);
  }

  /** Whether the newest message of each key is kept from now on, of what is held as well. */
  keep(isCompact: boolean): void {
    if (isCompact === this.#isCompact) return;
    this.#isCompact = isCompact;
    this.#restFrom = 0;
    this.#newest.clear();
    this.#values = { count: 0, bytes: 0 };
    if (!isCompact) return;
    for (const message of this.#messages) if (message !== undefined) this.#supersede(message);
  }

  add(messages: readonly T[]): void {
    for (const given of messages) {
      const message = this.own(given);
      this.#offsets.push(message.offset);
      this.#messages.push(message);
      this.bytes += this.bytesOf(message);
      this.size++;
      this.head = message.offset;
      if (this.#isCompact) this.#supersede(message);
    }
    this.#closeHoles();
  }

  trim({ maxMessages, maxBytes, maxAgeMs }: Retention, nowMs: number): void {
    for (let first = this.#firstOfRest(); first !== undefined; first = this.#firstOfRest()) {
      const count = this.size - this.#values.count;
      const bytes = this.bytes - this.#values.bytes;
      if (count <= maxMessages && bytes <= maxBytes && nowMs - first.timeMs <= maxAgeMs) break;
      this.#drop(this.#restFrom);
      this.resumable = first.offset > this.resumable ? first.offset : this.resumable;
      // All that was held below is gone then, as on every channel without keys.
      if (!this.#isCompact) this.earliest = toOffset(first.offset + 1);
    }
    this.#closeHoles();
  }

  truncate(upTo: Offset): void {
    const last = Math.min(upTo, this.head);
    if (last < this.earliest) return;
    const end = this.#slotAfter(toOffset(last));
    for (let at = 0; at < end; at++) if (this.#messages[at] !== undefined) this.#drop(at);
    this.earliest = toOffset(last + 1);
    this.resumable = toOffset(Math.max(this.resumable, last));
    this.#closeHoles();
  }

  read(after: Offset, { maxMessages, maxBytes }: PageLimits): readonly T[] {
    const messages: T[] = [];
    let bytes = 0;
    for (let at = this.#slotAfter(after); at < this.#messages.length; at++) {
      const message = this.#messages[at];
      if (message === undefined) continue;
      bytes += this.bytesOf(message);
      if (messages.length > 0 && (messages.length >= maxMessages || bytes > maxBytes)) break;
      messages.push(message);
    }
    return messages;
  }

  offsetBeforeLast(count: number): Offset {
    if (count >= this.size) return toOffset(this.earliest - 1);
    let left = count;
    let after: number = this.head;
    for (let at = this.#messages.length - 1; left > 0; at--) {
      const message = this.#messages[at];
      if (message === undefined) continue;
      left--;
      after = message.offset - 1;
    }
    return toOffset(after);
  }

  /** By looking at each: among holes there is no halving, and a channel with keys is not long. */
  offsetBeforeTime(timeMs: number): Offset {
    const first = this.#messages.find((message) => message !== undefined && message.timeMs >= timeMs);
    if (first === undefined) return this.head;
    const isWhole = this.#messages.find((message) => message !== undefined) === first;
    return toOffset(isWhole ? this.earliest - 1 : first.offset - 1);
  }

  /** Lets the message go that a newer one of its key stands for now. */
  #supersede(message: T): void {
    const { key } = message;
    if (key === undefined) return;
    const older = this.#newest.get(key);
    if (older !== undefined) this.#drop(this.#slotAfter(toOffset(older.offset - 1)));
    this.#newest.set(key, message);
    if (isValue(message)) this.#countValue(message, 1);
  }

  #drop(slot: number): void {
    const message = this.#messages[slot] as T;
    this.#messages[slot] = undefined;
    this.bytes -= this.bytesOf(message);
    this.size--;
    const { key } = message;
    if (key === undefined || this.#newest.get(key) !== message) return;
    this.#newest.delete(key);
    if (isValue(message)) this.#countValue(message, -1);
  }

  #countValue(message: T, sign: 1 | -1): void {
    const { count, bytes } = this.#values;
    this.#values = { count: count + sign, bytes: bytes + sign * this.bytesOf(message) };
  }

  /** The oldest message that no key keeps. */
  #firstOfRest(): T | undefined {
    for (; this.#restFrom < this.#messages.length; this.#restFrom++) {
      const message = this.#messages[this.#restFrom];
      if (message !== undefined && !(this.#isCompact && isValue(message))) return message;
    }
    return undefined;
  }

  /** The first slot with an offset above. */
  #slotAfter(offset: Offset): number {
    let low = 0;
    let high = this.#offsets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#offsets[middle] as Offset) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #closeHoles(): void {
    if (this.#messages.length < 64 + 2 * this.size) return;
    const isHeld = (_: unknown, slot: number): boolean => this.#messages[slot] !== undefined;
    let restFrom = 0;
    for (let slot = 0; slot < this.#restFrom; slot++) if (this.#messages[slot] !== undefined) restFrom++;
    this.#restFrom = restFrom;
    this.#offsets = this.#offsets.filter(isHeld);
    this.#messages = this.#messages.filter((message) => message !== undefined);
  }
}

function isValue({ key, kind }: Held): boolean {
  return key !== undefined && kind !== "none";
}
