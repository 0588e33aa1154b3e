import { type AppendPlan, checkRoom, type Retention } from "@tidings/core";
import { type Message, messageBytes, type Offset } from "@tidings/protocol";
import { writeSingle } from "../block.ts";
import { type Channel, emptySparse, encodeChannel, type Sparse } from "../channel.ts";
import { type ChannelDraft, writeRecalls } from "../draft.ts";
import { blockKey, channelKey, type Newest, newestKey } from "../keys.ts";
import type { ScriptWriter } from "../script.ts";
import type { StoreReader } from "../store-reader.ts";
import { findRemovals, type Removals } from "./clean.ts";
import { heldOf, isHidden, isValue, type SparseChannel, withBytes, withMessage } from "./held.ts";
import { writeRecords } from "./records.ts";

/** A message to be written, and what the store has of its key. */
interface Change {
  readonly message: Message;
  readonly bytesBefore: number;
  readonly stored: Newest | undefined;
}

/** The newest message of a key: as the store has it, and as this group leaves it. */
interface Found {
  readonly stored: Newest | undefined;
  readonly newest: Newest | undefined;
}

/**
 * One sparse channel as a group of appends would leave it. A message that is superseded goes in the commit that
 * supersedes it, its block and all, so that nothing is left to be cleaned, and a read needs no look at any index.
 */
export class SparseDraft implements ChannelDraft {
  readonly before: Channel | undefined;
  readonly #first: SparseChannel;
  readonly #timeMs: number;
  readonly #reader: StoreReader;
  readonly #messages: Message[] = [];
  readonly #recalls = new Map<string, Offset>();
  readonly #changes = new Map<string, Change>();
  readonly #keyless: Change[] = [];
  /** What the store was asked for, since the room is checked before anything is changed. */
  readonly #looked = new Map<string, Found>();
  #channel: SparseChannel;
  #removals: Removals | undefined;
  #isTruncated = false;

  constructor(before: Channel | undefined, channel: SparseChannel, timeMs: number, reader: StoreReader) {
    this.before = before;
    this.#first = channel;
    this.#channel = channel;
    this.#timeMs = timeMs;
    this.#reader = reader;
  }

  get channel(): SparseChannel {
    return this.#channel;
  }

  get head(): Offset {
    return this.#channel.head;
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  get isEmpty(): boolean {
    const isSame = this.#messages.length === 0 && this.#recalls.size === 0;
    return isSame && this.#removals === undefined && !this.#isTruncated;
  }

  /** A value that takes another's place makes the store no larger, nor does a deletion: a full one takes both. */
  get isGrowing(): boolean {
    return this.#recalls.size > 0 || heldOf(this.#channel.sparse).bytes > heldOf(this.#first.sparse).bytes;
  }

  get isFreeing(): boolean {
    return this.#removals !== undefined || this.#changes.size > 0;
  }

  get keyCount(): number {
    return this.#recalls.size;
  }

  recall(key: string): Offset | undefined {
    return this.#recalls.get(key);
  }

  append(plan: AppendPlan, retentionOf: (channel: string) => Retention): void {
    const changes = new Map<string, Change>();
    const keyless: Change[] = [];
    let { sparse, totalBytes } = this.#channel;
    if (sparse.stage === "compact") this.#checkRoom(plan.messages, retentionOf(this.#channel.name));
    for (const message of plan.messages) {
      const change = { message, bytesBefore: totalBytes, stored: undefined };
      const { key } = message;
      if (key === undefined || sparse.stage === "bounded") {
        keyless.push(change);
      } else {
        const known = changes.get(key) ?? this.#changes.get(key);
        const { stored, newest } = known === undefined ? this.#stored(key) : newestOf(known);
        if (this.#isHeld(newest)) sparse = withBytes(sparse, !newest.isDeletion, newest.bytes, -1);
        changes.set(key, { ...change, stored });
      }
      if (sparse.rest.count === 0 && !isValue(sparse, message))
        sparse = { ...sparse, rest: { ...sparse.rest, timeMs: message.timeMs } };
      sparse = withMessage(sparse, message, 1);
      totalBytes += messageBytes(message);
    }
    for (const [key, offset] of plan.keys) this.#recalls.set(key, offset);
    for (const [key, change] of changes) this.#changes.set(key, change);
    for (const change of keyless) this.#keyless.push(change);
    for (const message of plan.messages) this.#messages.push(message);
    const head = plan.messages.at(-1)?.offset ?? this.#channel.head;
    this.#channel = { ...this.#channel, head, totalBytes, sparse };
  }

  truncate(upTo: Offset): void {
    const { head, earliest, sparse } = this.#channel;
    const last = Math.min(upTo, head);
    if (last < earliest) return;
    this.#isTruncated = true;
    const kept = last === head ? emptySparse(sparse.stage, sparse.edge, 0) : this.#without(last);
    const resumable = Math.max(sparse.resumable, last);
    this.#channel = { ...this.#channel, earliest: (last + 1) as Offset, sparse: { ...kept, resumable } };
  }

  retain(): void {
    // What is over its bounds is left out by whoever looks; here, only what that has dropped is removed.
  }

  removeBlocks(limit: number): number {
    if (this.before === undefined || limit <= 0) return 0;
    const found = findRemovals(this.#reader, this.#channel, limit);
    if (found === undefined) return 0;
    this.#removals = found;
    this.#channel = { ...this.#channel, floor: found.floor };
    return found.entries.length;
  }

  write(script: ScriptWriter): readonly Buffer[] {
    const { id, name, earliest } = this.#channel;
    // First: what is put below may stand where something is removed.
    for (const [table, key] of this.#removals?.entries ?? []) script.remove(table, key);
    for (const [key, { message, bytesBefore, stored }] of this.#changes) {
      const newest = newestKey(id, key);
      if (stored !== undefined) {
        script.remove("blocks", blockKey(id, stored.offset));
        if (stored.isDeletion) script.remove("rest", blockKey(id, stored.offset));
      }
      if (message.offset >= earliest) {
        writeSingle(script, id, message, bytesBefore);
        writeRecords(script, id, message, newest);
      } else if (stored !== undefined) {
        script.remove("newest", newest); // Truncated before it was ever written.
      }
    }
    const isRecorded = this.#channel.sparse.stage === "compact";
    for (const { message, bytesBefore } of this.#keyless) {
      if (message.offset < earliest) continue;
      writeSingle(script, id, message, bytesBefore);
      if (isRecorded) writeRecords(script, id, message, undefined);
    }
    if (this.#messages.length > 0 || this.#removals !== undefined || this.#isTruncated)
      script.put("channels", channelKey(name), encodeChannel(this.#channel));
    return writeRecalls(script, id, this.#recalls, this.#timeMs);
  }

  #checkRoom(messages: readonly Message[], retention: Retention): void {
    const { name, sparse } = this.#channel;
    checkRoom(name, retention, sparse.values, messages, (key) => {
      const known = this.#changes.get(key);
      const { newest } = known === undefined ? this.#stored(key) : newestOf(known);
      return this.#isHeld(newest) && !newest.isDeletion ? newest.bytes : undefined;
    });
  }

  #stored(key: string): Found {
    const known = this.#looked.get(key);
    if (known !== undefined) return known;
    const isNew = this.before === undefined;
    const stored = isNew ? undefined : this.#reader.newest(newestKey(this.#channel.id, key));
    const found = { stored, newest: stored };
    this.#looked.set(key, found);
    return found;
  }

  /** Whether it is held yet: the newest message of a key may have been truncated, or be a deletion that has gone. */
  #isHeld(newest: Newest | undefined): newest is Newest {
    if (newest === undefined) return false;
    const { earliest, sparse } = this.#channel;
    return newest.offset >= earliest && !(newest.isDeletion && newest.offset <= sparse.resumable);
  }

  /** What is held without the messages up to an offset, by looking at each of them. */
  #without(last: number): Sparse {
    const { id, earliest } = this.#channel;
    let { sparse } = this.#channel;
    const superseded = new Set<number>();
    for (const { stored } of this.#changes.values()) if (stored !== undefined) superseded.add(stored.offset);
    const drop = (message: Message): void => {
      if (message.offset <= last && !isHidden(this.#channel, message))
        sparse = withMessage(sparse, message, -1);
    };
    for (const block of this.#reader.blocksFrom(id, earliest)) {
      if (block.first > last) break;
      if (!superseded.has(block.first)) drop(block.only());
    }
    for (const { message } of [...this.#changes.values(), ...this.#keyless]) drop(message);
    return sparse;
  }
}

function newestOf({ message, stored }: Change): Found {
  const { offset, kind } = message;
  return { stored, newest: { offset, bytes: messageBytes(message), isDeletion: kind === "none" } };
}
