import type { ChannelState, Retention } from "@tidings/core";
import { IDEMPOTENCY_MS, type Offset, toOffset } from "@tidings/protocol";
import type { Base, Entry } from "./entry.ts";
import { KeyedItems, PlainItems } from "./items.ts";

const WHOLE = { maxMessages: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
/** A keyed channel is not written anew for less than this. */
const MIN_WRITTEN = 1_000;
/** How many entries may be written behind one before all nodes have seen it. */
const MAX_RECENT = 64;
/** How long parts of bodies outlive what they could be of: an append takes seconds, and its idempotency keys last minutes. */
const PARTS_GRACE_MS = 600_000;

/** One channel as its entries made it, up to one of them: where its messages are, its idempotency keys, its epoch. */
export class Replica {
  epoch: string;
  /** Of the newest entry that it has; 0 where there is none. */
  lastSeq = 0;
  /** Of that one, void or not. */
  lastTag = "";
  /** Of the newest that is not void; empty where there is none. */
  tag = "";
  /** Where that one is. */
  tagSeq = 0;
  /** The newest ones before it. */
  #recent: string[] = [];
  /** How many connections had been lost when it was compared with the stream last; -1 for never. */
  losses = -1;
  ring: PlainItems | KeyedItems = new PlainItems();
  /** The oldest entry that is in the stream, as far as known. */
  firstSeq = 0;
  #snapshotSeq = 0;
  /** How many messages were written since the last snapshot, its own among them. */
  #written = 0;
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

  /** Whether one is missing between what it has and an entry, or the entry is void. */
  isCut(entry: Entry): boolean {
    return this.lastSeq > 0 && !this.isNext(entry);
  }

  /**
   * Whether an entry was written behind one that was not the last any more: nobody takes it, its writer neither. A cluster of
   * nats-servers 2.9 lets entries through whose condition failed while another one was on its way.
   */
  isVoid({ previous }: Entry): boolean {
    return previous !== this.tag && this.#recent.includes(previous);
  }

  /** Whether an entry, one of the newest, was taken. */
  hasTaken(tag: string): boolean {
    return tag === this.tag || this.#recent.includes(tag);
  }

  /** Passes over an entry that is void. */
  pass({ seq, tag }: Entry): void {
    this.lastSeq = seq;
    this.lastTag = tag;
  }

  apply(entry: Entry): void {
    if (this.lastSeq === 0) {
      this.#begin(entry.base);
      this.firstSeq = entry.seq;
    }
    const { change, timeMs } = entry;
    if (change.type === "append") this.#append(change, timeMs, entry.seq);
    else if (change.type === "truncate") this.ring.truncate(change.upTo);
    else if (change.type === "snapshot") this.#take(entry.base, change, entry.seq);
    this.epoch = entry.epoch;
    if (this.tag !== "") this.#recent.push(this.tag);
    if (this.#recent.length > MAX_RECENT) this.#recent.shift();
    this.pass(entry);
    this.tag = entry.tag;
    this.tagSeq = entry.seq;
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

  /** Whether a keyed channel is to be written anew: most of what was written since the last time is not held any more. */
  get isSparse(): boolean {
    return this.ring instanceof KeyedItems && this.#written > MIN_WRITTEN + 2 * this.ring.size;
  }

  /** The entry from which on the stream has to keep the channel. */
  keepFrom(nowMs: number): number {
    while ((this.#keyed[0]?.untilMs ?? Number.POSITIVE_INFINITY) <= nowMs) this.#keyed.shift();
    const [first] = this.ring.read(toOffset(0), { maxMessages: 1, maxBytes: 0 });
    // A keyed channel does not go on from its first message: what came after it may be needed to know what went.
    const from = this.ring instanceof KeyedItems ? this.#snapshotSeq || this.firstSeq : first?.place.seq;
    return Math.min(from ?? this.tagSeq, this.#keyed[0]?.seq ?? this.tagSeq);
  }

  /**
   * The message of the stream below which no part of a body is needed; 0 where nothing is to be done. Parts are stored ahead of
   * their entry, so they are let go long after all entries that stood behind them.
   */
  partsFrom(keepFrom: number, nowMs: number): number {
    if (!this.#hasParts) return 0;
    this.#partsDue ??= { seq: keepFrom, atMs: nowMs + PARTS_GRACE_MS };
    if (this.#partsDue.atMs > nowMs) return 0;
    const { seq } = this.#partsDue;
    this.#partsDue = undefined;
    // An entry that has come since may have parts from before it.
    return Math.min(seq, this.#firstPart());
  }

  #firstPart(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { place } of this.ring.read(toOffset(0), WHOLE))
      first = Math.min(first, place.parts[0] ?? first);
    return first;
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
    this.#written += items.length;
    this.#hasParts ||= (items[0]?.place.parts.length ?? 0) > 0;
    if (keys.length > 0) {
      this.ring.keys.remember(keys, timeMs);
      this.#keyed.push({ seq, untilMs: timeMs + IDEMPOTENCY_MS });
    }
    this.ring.trim(retention, timeMs);
  }

  #take(
    { head, keyed }: Base,
    { items, isCompact }: Extract<Entry["change"], { type: "snapshot" }>,
    seq: number,
  ): void {
    const ring = new KeyedItems();
    ring.keep(isCompact);
    ring.add(items);
    this.ring = Object.assign(ring, { head, ...keyed, keys: this.ring.keys });
    this.#snapshotSeq = seq;
    this.#written = items.length;
    this.#hasParts ||= (items[0]?.place.parts.length ?? 0) > 0;
  }

  #shape({ compact }: Retention): void {
    if (this.ring instanceof KeyedItems) this.ring.keep(compact === true);
    else if (compact === true) this.ring = new KeyedItems(this.ring);
  }
}
