import type { Retention } from "@tidings/core";
import { type Message, messageBytes, type Offset } from "@tidings/protocol";
import { encodeRecord } from "../record.ts";
import type { Item, Place } from "./items.ts";

/** Where a channel stood before an entry, for those who have not what came before. */
export interface Base {
  readonly head: Offset;
  /** Of a channel that is or was compact. */
  readonly keyed: { readonly earliest: Offset; readonly resumable: Offset } | undefined;
}

/** What an entry does to its channel. */
type Change =
  | {
      readonly type: "append";
      readonly items: readonly Item[];
      readonly keys: readonly (readonly [key: string, offset: Offset])[];
      /** As its writer had it: all who read the entry drop the same. */
      readonly retention: Retention;
    }
  | { readonly type: "truncate"; readonly upTo: Offset }
  /** All that a keyed channel holds, again: what came before is not needed any more. */
  | { readonly type: "snapshot"; readonly items: readonly Item[]; readonly isCompact: boolean }
  /** Another life of the channel, with what is held: something was lost. */
  | { readonly type: "reset" };

/** One message of the stream, on its channel's subject: a channel is what its entries make of it, in order. */
export interface Entry {
  readonly seq: number;
  readonly epoch: string;
  readonly timeMs: number;
  /** By which it is known again. */
  readonly tag: string;
  /** The tag of the entry before it on its channel; empty for the first. */
  readonly previous: string;
  readonly base: Base;
  readonly change: Change;
}

/** What is written of an entry. */
export type Draft = Omit<Entry, "seq" | "change"> & {
  readonly change: Exclude<Change, { type: "append" | "snapshot" }> | AppendDraft | SnapshotDraft;
};

interface AppendDraft {
  readonly type: "append";
  readonly messages: readonly Message[];
  readonly keys: readonly (readonly [key: string, offset: Offset])[];
  readonly retention: Retention;
}

interface SnapshotDraft {
  readonly type: "snapshot";
  readonly messages: readonly Message[];
  readonly isCompact: boolean;
}

/** The header that has all of an entry but the records, so that a channel is known by its headers. */
export const ENTRY_HEADER = "Tidings-Entry";
/** Of a part of a body: the tag of the entry that it is of, and which of its parts it is. */
export const PART_HEADER = "Tidings-Part";
/** A larger one goes before the records. */
const MAX_HEADER_BYTES = 65_536;

type Bound = number | null;
type ItemMeta = readonly [bytes: number, size: number, isDeletion: 0 | 1, key?: string];
type SnapshotMeta = readonly [offset: number, timeMs: number, ...ItemMeta];
/** What a large entry has in its body. */
interface Large {
  readonly n?: readonly SnapshotMeta[];
  readonly m?: readonly ItemMeta[];
  readonly k?: readonly (readonly [string, number])[];
}
interface Meta extends Large {
  readonly e: string;
  readonly t: number;
  readonly g: string;
  readonly p: string;
  readonly h: number;
  /** Earliest and resumable, of a keyed channel. */
  readonly s?: readonly [number, number];
  readonly r?: readonly [Bound, Bound, Bound, 0 | 1];
  readonly u?: number;
  /** Of a snapshot: whether the channel is compact. */
  readonly c?: 0 | 1;
  /** Bytes of `Large` at the start of the body. */
  readonly x?: number;
  /** Parts of the body, and how large each is. */
  readonly b?: readonly number[];
  readonly z?: number;
}

/** Without the rest of it; `undefined` for what is no header of an entry. */
export function tagOf(header: string): string | undefined {
  return /"g":"([^"]*)"/.exec(header)?.[1];
}

/** The tag of the one before it. */
export function previousOf(header: string): string | undefined {
  return /"p":"([^"]*)"/.exec(header)?.[1];
}

/** An entry's header, without the parts of its body, and the body. */
export interface EncodedEntry {
  readonly header: (parts: readonly number[], partBytes: number) => string;
  readonly body: Buffer;
}

export function encodeEntry({ epoch, timeMs, tag, previous, base, change }: Draft): EncodedEntry {
  const common = { e: epoch, t: timeMs, g: tag, p: previous, h: base.head };
  const { keyed } = base;
  const state = keyed === undefined ? common : { ...common, s: [keyed.earliest, keyed.resumable] as const };
  if (change.type === "truncate" || change.type === "reset") {
    const meta: Meta = change.type === "truncate" ? { ...state, u: change.upTo } : state;
    return { header: () => ascii(meta), body: Buffer.alloc(0) };
  }
  const records = change.messages.map((message) => encodeRecord(message));
  const items = change.messages.map((message, place) => itemMeta(message, records[place] as Buffer));
  const large: Large =
    change.type === "snapshot"
      ? { n: items.map((item, place) => snapshotMeta(change.messages[place] as Message, item)) }
      : { m: items, ...(change.keys.length === 0 ? {} : { k: change.keys }) };
  const meta: Meta =
    change.type === "snapshot"
      ? { ...state, c: change.isCompact ? 1 : 0 }
      : { ...state, r: boundsOf(change.retention) };
  const whole = ascii({ ...meta, ...large });
  const isLarge = whole.length > MAX_HEADER_BYTES;
  const before = isLarge ? [Buffer.from(JSON.stringify(large))] : [];
  const text = isLarge ? { ...meta, x: (before[0] as Buffer).length } : { ...meta, ...large };
  return {
    header: (parts, partBytes) =>
      parts.length === 0 ? ascii(text) : ascii({ ...text, b: parts, z: partBytes }),
    body: Buffer.concat([...before, ...records]),
  };
}

/** An entry whose body has to be looked at first says so; see `completeEntry`. */
export interface Undecoded {
  readonly place: Place;
  readonly complete: (start: Buffer) => Entry;
}

/**
 * Reads an entry's header.
 *
 * @throws {Error} for what is none
 */
export function decodeEntry(header: string, seq: number): Entry | Undecoded {
  const meta = JSON.parse(header) as Meta;
  const place: Place = { seq, tag: meta.g, parts: meta.b ?? [], partBytes: meta.z ?? 0, skip: meta.x ?? 0 };
  if (meta.x === undefined) return entryOf(meta, meta, place);
  return {
    place,
    complete: (start) => entryOf(meta, JSON.parse(start.toString("utf8", 0, place.skip)) as Large, place),
  };
}

function entryOf(meta: Meta, large: Large, place: Place): Entry {
  const base: Base = {
    head: meta.h as Offset,
    keyed:
      meta.s === undefined ? undefined : { earliest: meta.s[0] as Offset, resumable: meta.s[1] as Offset },
  };
  return {
    seq: place.seq,
    epoch: meta.e,
    timeMs: meta.t,
    tag: meta.g,
    previous: meta.p,
    base,
    change: changeOf(meta, large, place),
  };
}

function changeOf(meta: Meta, { m, n, k = [] }: Large, place: Place): Change {
  if (n !== undefined) {
    const items = itemsOf(
      n.map(([offset, timeMs, ...item]) => ({ offset, timeMs, item })),
      place,
    );
    return { type: "snapshot", items, isCompact: meta.c === 1 };
  }
  if (meta.u !== undefined) return { type: "truncate", upTo: meta.u as Offset };
  if (meta.r === undefined || m === undefined) return { type: "reset" };
  const [maxMessages, maxBytes, maxAgeMs, compact] = meta.r;
  const items = itemsOf(
    m.map((item, index) => ({ offset: meta.h + 1 + index, timeMs: meta.t, item })),
    place,
  );
  return {
    type: "append",
    items,
    keys: k as readonly (readonly [string, Offset])[],
    retention: {
      maxMessages: maxMessages ?? Number.POSITIVE_INFINITY,
      maxBytes: maxBytes ?? Number.POSITIVE_INFINITY,
      maxAgeMs: maxAgeMs ?? Number.POSITIVE_INFINITY,
      compact: compact === 1,
    },
  };
}

/** Their records stand one behind the other. */
function itemsOf(
  metas: readonly { readonly offset: number; readonly timeMs: number; readonly item: ItemMeta }[],
  place: Place,
): readonly Item[] {
  let at = 0;
  return metas.map(({ offset, timeMs, item: [bytes, size, isDeletion, key] }): Item => {
    const item = {
      offset: offset as Offset,
      timeMs,
      kind: isDeletion === 1 ? ("none" as const) : ("bytes" as const),
      bytes,
      place,
      at,
      size,
    };
    at += size;
    return key === undefined ? item : { ...item, key };
  });
}

function snapshotMeta({ offset, timeMs }: Message, item: ItemMeta): SnapshotMeta {
  return [offset, timeMs, ...item];
}

function boundsOf({ maxMessages, maxBytes, maxAgeMs, compact }: Retention): NonNullable<Meta["r"]> {
  return [bound(maxMessages), bound(maxBytes), bound(maxAgeMs), compact === true ? 1 : 0];
}

function itemMeta(message: Message, record: Buffer): ItemMeta {
  const { key, kind } = message;
  const isDeletion = kind === "none" ? 1 : 0;
  const sizes = [messageBytes(message), record.length, isDeletion] as const;
  return key === undefined ? sizes : [...sizes, key];
}

/** JSON has no word for no bound. */
function bound(value: number): Bound {
  return Number.isFinite(value) ? value : null;
}

/** Headers are texts of one byte a character. */
function ascii(meta: Meta): string {
  return JSON.stringify(meta).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
