import { type Bodies, messageOf } from "./bodies.ts";
import type { Engine } from "./engine.ts";
import { decodeEntry, type Entry, ENTRY_HEADER, previousOf, tagOf } from "./entry.ts";
import { Replica } from "./replica.ts";
import type { StoredMessage } from "./stream.ts";
import type { Subjects } from "./subjects.ts";
import type { Message } from "@tidings/protocol";

/** The entries of channels as the stream has them, in order. */
export class Chain {
  readonly #engine: Engine;
  readonly #subjects: Subjects;
  readonly #bodies: Bodies;

  constructor(engine: Engine, subjects: Subjects, bodies: Bodies) {
    this.#engine = engine;
    this.#subjects = subjects;
    this.#bodies = bodies;
  }

  /** The newest entry of a channel, as the stream's leader has it. */
  last(channel: string): Promise<StoredMessage | undefined> {
    return this.#engine.call((stream) => stream.last(this.#subjects.log(channel)));
  }

  /** Whether something else is in the place of the newest entry that a replica took; nothing may be: what is old is let go. */
  async isOther(channel: string, { tagSeq, tag }: Replica): Promise<boolean> {
    const found = await this.#engine.call((stream) => stream.held(tagSeq));
    return (
      found !== undefined && (found.subject !== this.#subjects.log(channel) || tagOfStored(found) !== tag)
    );
  }

  /** Each entry behind those of a replica, up to `last`, the newest as the stream's leader has it. */
  async *after(
    channel: string,
    { lastSeq, tag }: Replica,
    last: StoredMessage,
    isHeadersOnly: boolean,
  ): AsyncGenerator<StoredMessage> {
    const { isReplicated } = this.#engine;
    const subject = this.#subjects.log(channel);
    // Mostly it is just one; where entries may be void, one before it may be the one that is not.
    const only = lastSeq === 0 || isReplicated ? undefined : entryAt(last);
    if (only !== undefined && !("complete" in only) && only.previous === tag) return yield last;
    let known = { seq: lastSeq, tag };
    let isReading = lastSeq > 0 && !isReplicated;
    while (known.seq < last.seq) {
      // A consumer may be at a server that is behind the leader, and on its way to us a message may be lost. Where there seems
      // to be a hole, and where to begin, the leader is asked.
      if (isReading) {
        isReading = false;
        for await (const message of this.#engine.from(subject, known.seq + 1, isHeadersOnly)) {
          isReading = previousOf(message.header(ENTRY_HEADER)) !== known.tag;
          if (isReading) break;
          known = { seq: message.seq, tag: tagOfStored(message) };
          yield message;
          // Another node may write faster than this one reads: it would never come to the end of what comes meanwhile.
          if (known.seq >= last.seq) return;
        }
        if (known.seq >= last.seq) return;
      } else isReading = known.seq === 0 && !isReplicated;
      const from = known.seq + 1;
      const next = await this.#engine.call((stream) => stream.next(subject, from));
      if (next === undefined) return;
      known = { seq: next.seq, tag: tagOfStored(next) };
      yield next;
    }
  }

  /** What all entries of a channel make of it. */
  async whole(channel: string): Promise<Replica> {
    let replica = new Replica(this.#engine.life);
    const { losses } = this.#engine;
    const last = await this.last(channel);
    const messages = last === undefined ? [] : this.after(channel, replica, last, true);
    for await (const message of messages) {
      const entry = await this.entryOf(message);
      if (replica.isVoid(entry)) {
        replica.pass(entry);
        continue;
      }
      // Where one is missing, what was before it cannot be told from what is not.
      if (replica.isCut(entry)) replica = new Replica(entry.epoch).after(replica);
      replica.apply(entry);
    }
    replica.losses = losses;
    return replica;
  }

  async entryOf(message: StoredMessage): Promise<Entry> {
    const entry = entryAt(message);
    if (entry === undefined)
      throw new Error(`message ${message.seq} on ${message.subject} is none of this log`);
    return "complete" in entry ? entry.complete(await this.#bodies.start(entry.place)) : entry;
  }

  /** What an entry appends. */
  async messagesOf(entry: Entry, { data }: { readonly data: Uint8Array }): Promise<readonly Message[]> {
    const { change } = entry;
    if (change.type !== "append") return [];
    return hasParts(entry) ? this.#bodies.read(change.items) : recordsOf(entry, data);
  }
}

/** The messages of an entry whose body came with it. */
export function recordsOf({ change }: Entry, data: Uint8Array): readonly Message[] {
  if (change.type !== "append") return [];
  // What the hub keeps must not hold on to all that was received with it.
  const own = Buffer.allocUnsafeSlow(data.length);
  own.set(data);
  return change.items.map((item) => messageOf(item, own, 0));
}

/** `undefined` for what is none: a subject is anybody's who may publish there. */
export function entryAt({
  header,
  seq,
}: Pick<StoredMessage, "header" | "seq">): ReturnType<typeof decodeEntry> | undefined {
  try {
    return decodeEntry(header(ENTRY_HEADER), seq);
  } catch {
    return undefined;
  }
}

export function hasParts({ change }: Entry): boolean {
  return (
    (change.type === "append" || change.type === "snapshot") && (change.items[0]?.place.parts.length ?? 0) > 0
  );
}

export function tagOfStored({ header, seq }: StoredMessage): string {
  return tagOf(header(ENTRY_HEADER)) ?? `none ${seq}`;
}
