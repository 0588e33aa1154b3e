import { type AppendPlan, type Retention } from "@tidings/core";
import { IDEMPOTENCY_MS, type Message, messageBytes, type Offset } from "@tidings/protocol";
import { sliceIntoBlocks, writeBlock } from "./block.ts";
import { type Anchor, type Channel, encodeChannel } from "./channel.ts";
import {
  BLOCK_KEY_BYTES,
  blockKey,
  channelKey,
  encodeRecall,
  idempotencyKey,
  writeBlockKey,
} from "./keys.ts";
import type { ScriptWriter } from "./script.ts";
import { applyRetention } from "./window.ts";

/** Blocks that hold nothing any more are left until there are so many messages below, so that looking for them is rare. */
const SLACK_MESSAGES = 64;

/** What a draft asks of the store. */
export interface DraftStore {
  readonly locate: (channel: Channel, offset: number) => Anchor;
  readonly blockStarts: (channelId: number, from: number, limit: number) => readonly Offset[];
}

/** What a group makes of one channel. */
export interface ChannelDraft {
  /** As readers are shown it until the group is committed; `undefined` for a channel that is new. */
  readonly before: Channel | undefined;
  readonly channel: Channel;
  /** Of the channel. Asked for with each append, which the channel as a whole would be made anew for. */
  readonly head: Offset;
  /** What the tail is told. */
  readonly messages: readonly Message[];
  readonly isEmpty: boolean;
  /** Whether it makes the store larger, so that a full one has to refuse it. */
  readonly isGrowing: boolean;
  /** Whether it leaves room behind. */
  readonly isFreeing: boolean;
  readonly keyCount: number;
  /** The offset of an idempotency key that an append of this same group brought. */
  recall(key: string): Offset | undefined;
  /** @throws {TidingsError} `CHANNEL_FULL` */
  append(plan: AppendPlan, retentionOf: (channel: string) => Retention): void;
  /** Drops all up to an offset; the head at most. */
  truncate(upTo: Offset): void;
  retain(retention: Retention): void;
  /** Removes what nobody is shown any more, at most `limit` blocks; answers how many. */
  removeBlocks(limit: number, isThorough: boolean): number;
  /** Writes what the store is to do; answers the idempotency keys that it is to remember. */
  write(script: ScriptWriter): readonly Buffer[];
}

/** One channel whose offsets have no holes. */
export class Draft implements ChannelDraft {
  /** As the store has it; `undefined` for a channel that is new. */
  readonly before: Channel | undefined;
  readonly #store: DraftStore;
  readonly #timeMs: number;
  readonly #first: Channel;
  readonly #messages: Message[] = [];
  readonly #keys = new Map<string, Offset>();
  /** Without the messages that were appended since it was asked for. */
  #channel: Channel;
  #newBytes = 0;
  #removed: readonly number[] = [];
  #isTruncated = false;

  constructor(before: Channel | undefined, channel: Channel, timeMs: number, store: DraftStore) {
    this.before = before;
    this.#first = channel;
    this.#channel = channel;
    this.#timeMs = timeMs;
    this.#store = store;
  }

  get channel(): Channel {
    const { head } = this;
    if (head === this.#channel.head) return this.#channel;
    const { head: before, earliest, totalBytes, anchor } = this.#channel;
    this.#channel = {
      ...this.#channel,
      head,
      totalBytes: totalBytes + this.#newBytes,
      anchor:
        earliest > before ? { offset: before + 1, bytesBefore: totalBytes, timeMs: this.#timeMs } : anchor,
    };
    this.#newBytes = 0;
    return this.#channel;
  }

  get head(): Offset {
    return this.#messages.at(-1)?.offset ?? this.#channel.head;
  }

  get messages(): readonly Message[] {
    return this.#messages;
  }

  get isEmpty(): boolean {
    return (
      this.#messages.length === 0 && this.#keys.size === 0 && this.#removed.length === 0 && !this.#isTruncated
    );
  }

  get isGrowing(): boolean {
    return this.#messages.length > 0 || this.#keys.size > 0;
  }

  get isFreeing(): boolean {
    return this.#removed.length > 0;
  }

  get keyCount(): number {
    return this.#keys.size;
  }

  recall(key: string): Offset | undefined {
    return this.#keys.get(key);
  }

  append(plan: AppendPlan): void {
    for (const [key, offset] of plan.keys) this.#keys.set(key, offset);
    for (const message of plan.messages) {
      this.#messages.push(message);
      this.#newBytes += messageBytes(message);
    }
  }

  truncate(upTo: Offset): void {
    const { head, earliest } = this.channel;
    const next = Math.min(upTo, head) + 1;
    if (next <= earliest) return;
    this.#isTruncated = true;
    this.#channel = { ...this.#channel, earliest: next as Offset };
  }

  retain(retention: Retention): void {
    this.#channel = applyRetention(this.channel, retention, this.#timeMs, (offset) => this.#locate(offset));
  }

  /**
   * Only below what was earliest before this group: until it is committed, readers are given what they were given
   * until now.
   */
  removeBlocks(limit: number, isThorough: boolean): number {
    const { before } = this;
    if (before === undefined || limit <= 0) return 0;
    if (before.earliest - before.floor < (isThorough ? 1 : SLACK_MESSAGES)) return 0;
    const starts = this.#store.blockStarts(before.id, before.floor, limit + 1);
    // A block ends where the next one begins, the last one at the head.
    const isGone = (index: number): boolean => (starts[index + 1] ?? before.head + 1) <= before.earliest;
    let count = 0;
    while (count < Math.min(starts.length, limit) && isGone(count)) count++;
    const floor = starts[count] ?? before.head + 1;
    this.#removed = starts.slice(0, count);
    this.#channel = { ...this.channel, floor };
    return count;
  }

  write(script: ScriptWriter): readonly Buffer[] {
    const { channel } = this;
    const { id, name } = channel;
    for (const first of this.#removed) script.remove("blocks", blockKey(id, first));
    if (this.#messages.length > 0) {
      let bytesBefore = this.#first.totalBytes;
      for (const slice of sliceIntoBlocks(this.#messages)) {
        const at = script.begin("blocks", BLOCK_KEY_BYTES, slice.bytes);
        writeBlockKey(script.buffer, at, id, (this.#messages[slice.from] as Message).offset);
        bytesBefore = writeBlock(script.buffer, at + BLOCK_KEY_BYTES, this.#messages, slice, bytesBefore);
      }
    }
    if (this.#messages.length > 0 || this.#removed.length > 0 || this.#isTruncated) {
      script.put("channels", channelKey(name), encodeChannel(channel));
    }
    return writeRecalls(script, id, this.#keys, this.#timeMs);
  }

  #locate(offset: number): Anchor {
    if (offset <= this.#first.head) return this.#store.locate(this.#first, offset);
    let bytesBefore = this.#first.totalBytes;
    for (const message of this.#messages) {
      if (message.offset >= offset) break;
      bytesBefore += messageBytes(message);
    }
    return { offset, bytesBefore, timeMs: this.#timeMs };
  }
}

/** Remembers idempotency keys; answers where. */
export function writeRecalls(
  script: ScriptWriter,
  channelId: number,
  keys: ReadonlyMap<string, Offset>,
  timeMs: number,
): readonly Buffer[] {
  const untilMs = timeMs + IDEMPOTENCY_MS;
  return Array.from(keys, ([key, offset]) => {
    const bytes = idempotencyKey(channelId, key);
    script.put("keys", bytes, encodeRecall(offset, untilMs));
    return bytes;
  });
}
