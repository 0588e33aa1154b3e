/**
 * A channel whose policy has changed is converted before anyone looks at it again, a bounded piece in each commit.
 *
 * To compact: from the newest block to the oldest, each is replaced by blocks of one message for those that are the newest
 * of their key or have none, and each key is recorded. Back: what was recorded of keys is removed; what is held stays,
 * and goes by the ordinary bounds from then on.
 */
import { type Message, messageBytes, type Offset, TidingsError } from "@tidings/protocol";
import { Block, writeSingle } from "../block.ts";
import { type Channel, emptySparse, encodeChannel, type Sparse } from "../channel.ts";
import type { ChannelDraft } from "../draft.ts";
import { blockKey, channelKey, newestKey } from "../keys.ts";
import type { ScriptWriter } from "../script.ts";
import type { StoreReader } from "../store-reader.ts";
import { type Entry, findRemovals } from "./clean.ts";
import { heldOf, isSparse, type SparseChannel, withMessage } from "./held.ts";
import { writeRecords } from "./records.ts";

/** What one commit converts, about: some ten milliseconds of work. */
const STEP_MESSAGES = 4_096;
const STEP_BYTES = 4_194_304;

/** The next piece of a channel's conversion; one that is under way is finished before another begins. */
export function planConversion(channel: Channel, reader: StoreReader): ConversionDraft {
  const isBack =
    isSparse(channel) && (channel.sparse.stage === "compact" || channel.sparse.stage === "clearing");
  return isBack ? planClearing(channel, reader) : planBuilding(channel, reader);
}

/** A channel of which a group converts a piece, and does nothing else. */
export class ConversionDraft implements ChannelDraft {
  readonly before: Channel;
  readonly channel: Channel;
  readonly messages: readonly Message[] = [];
  readonly isEmpty = false;
  readonly isGrowing = false;
  readonly isFreeing = true;
  readonly keyCount = 0;
  readonly #write: (script: ScriptWriter) => void;

  constructor(before: Channel, channel: Channel, write: (script: ScriptWriter) => void) {
    this.before = before;
    this.channel = channel;
    this.#write = write;
  }

  get head(): Offset {
    return this.channel.head;
  }

  recall(): undefined {
    return undefined;
  }

  /** Calls wait for the conversion; one that was let through before its policy changed has bad luck. */
  append(): never {
    throw convertingError(this.channel.name);
  }

  truncate(): never {
    throw convertingError(this.channel.name);
  }

  retain(): void {
    // Once it is converted.
  }

  removeBlocks(): number {
    return 0;
  }

  write(script: ScriptWriter): readonly Buffer[] {
    this.#write(script);
    script.put("channels", channelKey(this.channel.name), encodeChannel(this.channel));
    return [];
  }
}

function planBuilding(before: Channel, reader: StoreReader): ConversionDraft {
  const { id, head, earliest } = before;
  const begun = before.sparse?.stage === "building" ? before.sparse : undefined;
  const resumable = Math.max(before.sparse?.resumable ?? 0, earliest - 1);
  let sparse = begun ?? emptySparse("building", head + 1, resumable);
  const removed: number[] = [];
  const kept: {
    readonly message: Message;
    readonly bytesBefore: number;
    readonly key: Buffer | undefined;
  }[] = [];
  const seen = new Set<string>();
  let isDone = true;
  let [count, bytes] = [0, 0];
  for (const { first, value } of reader.blocksBefore(id, sparse.edge)) {
    if (count >= STEP_MESSAGES || bytes >= STEP_BYTES) {
      isDone = false;
      break;
    }
    sparse = { ...sparse, edge: first };
    bytes += value.length;
    const found = messagesOf(first, value, earliest);
    if (found === undefined) continue;
    removed.push(first);
    count += found.length;
    for (const { message, bytesBefore } of found.toReversed()) {
      const key = message.key === undefined ? undefined : newestKey(id, message.key);
      if (key !== undefined) {
        const name = key.toString("latin1");
        if (seen.has(name) || reader.newest(key) !== undefined) continue;
        seen.add(name);
      }
      kept.push({ message, bytesBefore, key });
      sparse = withMessage(sparse, message, 1);
    }
  }
  if (isDone) sparse = built(sparse);
  const channel = { ...before, floor: isDone ? earliest : before.floor, sparse };
  return new ConversionDraft(before, channel, (script) => {
    // First: a message that stays may stand where its block stood.
    for (const first of removed) script.remove("blocks", blockKey(id, first));
    for (const { message, bytesBefore, key } of kept) {
      writeSingle(script, id, message, bytesBefore);
      writeRecords(script, id, message, key);
    }
  });
}

/** Whether the rest is within its bounds is for whoever looks next, hence a time before all others. */
function built(sparse: Sparse): Sparse {
  return { ...sparse, stage: "compact", rest: { ...sparse.rest, timeMs: Number.NEGATIVE_INFINITY } };
}

/** A block's messages from an offset on; `undefined` for one that is damaged, which stays for those who read it. */
function messagesOf(
  first: Offset,
  value: Buffer,
  from: number,
): readonly { readonly message: Message; readonly bytesBefore: number }[] | undefined {
  let block: Block;
  try {
    block = new Block(first, value);
  } catch {
    return undefined;
  }
  let { bytesBefore } = block;
  const found: { readonly message: Message; readonly bytesBefore: number }[] = [];
  block.visit(first, (message) => {
    if (message.offset >= from) found.push({ message, bytesBefore });
    bytesBefore += messageBytes(message);
    return true;
  });
  return found;
}

function planClearing(before: SparseChannel, reader: StoreReader): ConversionDraft {
  const { id, head, sparse } = before;
  const clearing = { ...before, sparse: { ...sparse, stage: "clearing" as const } };
  // First what has gone: once nothing is recorded, nothing would tell it from what is held.
  const removals = findRemovals(reader, before, STEP_MESSAGES);
  if (removals !== undefined)
    return new ConversionDraft(before, { ...clearing, floor: removals.floor }, removing(removals.entries));
  const entries: Entry[] = reader.newestKeys(id, STEP_MESSAGES).map((key) => ["newest", key]);
  for (const { offset } of reader.restFrom(id, 0)) {
    if (entries.length >= STEP_MESSAGES) break;
    entries.push(["rest", blockKey(id, offset)]);
  }
  const isDone = entries.length < STEP_MESSAGES;
  const channel = isDone ? { ...before, sparse: bounded(sparse, head) } : clearing;
  return new ConversionDraft(before, channel, removing(entries));
}

/** All that is held goes by the ordinary bounds: a time before all others makes whoever looks next look closely. */
function bounded(sparse: Sparse, head: number): Sparse {
  const { messages: count, bytes } = heldOf(sparse);
  const rest = { count, bytes, timeMs: Number.NEGATIVE_INFINITY };
  return { ...emptySparse("bounded", head, sparse.resumable), rest };
}

function removing(entries: readonly Entry[]): (script: ScriptWriter) => void {
  return (script) => {
    for (const [table, key] of entries) script.remove(table, key);
  };
}

function convertingError(channel: string): TidingsError {
  return new TidingsError(
    "LOG_UNAVAILABLE",
    `the policy of channel "${channel}" has changed and what it holds is being converted; publish again.`,
  );
}
