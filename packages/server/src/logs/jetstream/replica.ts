import type { ChannelState, Retention } from "@tidings/core";
import { IDEMPOTENCY_MS, type Offset, toOffset } from "@tidings/protocol";
import type { Base, Entry } from "./entry.ts";
import { KeyedItems, PlainItems } from "./items.ts";

/** How long parts of bodies outlive what they could be of; an append takes seconds. */
const PARTS_GRACE_MS = 300_000;

/** One channel as its entries made it, up to one of them: where its messages are, its idempotency keys, its epoch. */
export class Replica {
  epoch: string;
  /** Of the newest entry that it has; 0 where there is none. */
  lastSeq = 0;
  tag = "";
  /** How many connections had been lost when it was compared with the stream last; -1 for never. */
  losses = -1;
  ring: PlainItems | KeyedItems = new PlainItems();
  /** The oldest entry that is in the stream, as far as known. */
  firstSeq = 0;
  #hasParts = false;
  #partsDue: { readonly seq: number; readonly atMs: number } | undefined;
  /** Entries that have idempotency keys which are remembered, the oldest first. */
  #keyed: { readonly seq: number; readonly untilMs: number }[] = [];

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  /** Whether an entry is the next one. */
  isNext({ previous }: Entry): boolean {
    return previous === this.tag;
  }

  apply(entry: Entry): void {
    if (this.lastSeq === 0) {
      this.#begin(entry.base);
      this.firstSeq = entry.seq;
    }
    const { change, timeMs } = entry;
    if (change.type === "append") this.#append(change, timeMs, entry.seq);
    else if (change.type === "truncate") this.ring.truncate(change.upTo);
    this.epoch = entry.epoch;
    this.lastSeq = entry.seq;
    this.tag = entry.tag;
  }

  /** Brings the channel to what its retention keeps. */
  retain(retention: Retention, nowMs: number): void {
    // One that nobody wrote to is nothing yet.
    if (this.lastSeq === 0) return;
    this.#shape(retention);
    this.ring.trim(retention, nowMs);
  }

  get state(): ChannelState {
    const { epoch, ring } = this;
    const state = { epoch, head: ring.head, earliest: ring.earliest };
    return ring.resumable === undefined ? state : { ...state, resumable: ring.resumable };
  }

  get base(): Base {
    const { ring } = this;
    const keyed =
      ring instanceof KeyedItems ? { earliest: ring.earliest, resumable: ring.resumable } : undefined;
    return { head: ring.head, keyed };
  }

  recall(key: string, nowMs: number): Offset | undefined {
    return this.ring.keys.recall(key, nowMs);
  }

  /** The entry from which on the stream has to keep the channel; of one that is keyed, all. */
  keepFrom(nowMs: number): number {
    if (this.ring instanceof KeyedItems) return this.firstSeq;
    while ((this.#keyed[0]?.untilMs ?? Number.POSITIVE_INFINITY) <= nowMs) this.#keyed.shift();
    const [first] = this.ring.read(toOffset(0), { maxMessages: 1, maxBytes: 0 });
    return Math.min(first?.place.seq ?? this.lastSeq, this.#keyed[0]?.seq ?? this.lastSeq);
  }

  /**
   * The message of the stream below which no part of a body is needed; 0 where nothing is to be done. Parts are stored ahead of
   * their entry, so they are let go long after all entries that stood behind them.
   */
  partsFrom(keepFrom: number, nowMs: number): number {
    if (!this.#hasParts) return 0;
    this.#partsDue ??= { seq: this.#firstPart(keepFrom), atMs: nowMs + PARTS_GRACE_MS };
    if (this.#partsDue.atMs > nowMs) return 0;
    const { seq } = this.#partsDue;
    this.#partsDue = undefined;
    return seq;
  }

  #firstPart(keepFrom: number): number {
    const [first] = this.ring.read(toOffset(0), { maxMessages: 1, maxBytes: 0 });
    return Math.min(keepFrom, first?.place.parts[0] ?? keepFrom);
  }

  #begin({ head, keyed }: Base): void {
    if (keyed === undefined) {
      this.ring.head = head;
      return;
    }
    const ring = new KeyedItems();
    this.ring = Object.assign(ring, { head, ...keyed });
  }

  #append(
    { items, keys, retention }: Extract<Entry["change"], { type: "append" }>,
    timeMs: number,
    seq: number,
  ): void {
    this.#shape(retention);
    // A deletion that is over its age has gone, and must not be taken for one that is replaced now.
    if (retention.compact === true) this.ring.trim(retention, timeMs);
    this.ring.add(items);
    this.#hasParts ||= (items[0]?.place.parts.length ?? 0) > 0;
    if (keys.length > 0) {
      this.ring.keys.remember(keys, timeMs);
      this.#keyed.push({ seq, untilMs: timeMs + IDEMPOTENCY_MS });
    }
    this.ring.trim(retention, timeMs);
  }

  #shape({ compact }: Retention): void {
    if (this.ring instanceof KeyedItems) this.ring.keep(compact === true);
    else if (compact === true) this.ring = new KeyedItems(this.ring);
  }
}
