import type { TailEvent, TailListener } from "@tidings/core";
import type { Message, Offset } from "@tidings/protocol";
import type { Msg, Subscription } from "@nats-io/transport-node";
import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Bodies } from "./bodies.ts";
import { Chain, entryAt, hasParts, recordsOf, tagOfStored } from "./chain.ts";
import type { Engine } from "./engine.ts";
import { decodeEntry, type Draft, encodeEntry, type Entry, ENTRY_HEADER } from "./entry.ts";
import { decodeEphemeral, EPHEMERAL_HEADER } from "./ephemeral.ts";
import { StaleError } from "./faults.ts";
import type { Names } from "./names.ts";
import type { CheckedOptions } from "./options.ts";
import { Replica } from "./replica.ts";
import type { StoredMessage } from "./stream.ts";
import type { Subjects } from "./subjects.ts";

/** Channels that nobody follows are kept up to so many, and so many messages; those used longest ago are forgotten first. */
const MAX_REPLICAS = 10_000;
const MAX_ITEMS = 2_000_000;
/** How often a channel is looked at again that changes while it is. */
const MAX_TRIES = 20;
/** How many channels that this node did not write to one sweep looks at. */
const SWEEP_CHANNELS = 20;
/** A leader that has not all yet is asked again after this, in milliseconds. */
const BEHIND_MS = 50;
const EMPTY = Buffer.alloc(0);
const WHOLE = { maxMessages: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };

interface Followed {
  readonly subscription: Subscription;
  /** The newest entry that something was heard of. */
  heard: number;
  /** What the listeners were told last; `undefined` until it was answered where they begin. */
  told: { readonly epoch: string; readonly earliest: Offset } | undefined;
}

/**
 * Every channel that this node uses, as its entries made it. An entry is appended only behind the one that its writer saw
 * last, so all nodes come to the same. What is told of new entries brings followed channels up to date; the stream is
 * the truth, and is read where an entry is missing.
 */
export class Channels {
  readonly #engine: Engine;
  readonly #subjects: Subjects;
  readonly #options: CheckedOptions;
  readonly #bodies: Bodies;
  readonly #chain: Chain;
  readonly #names: Names;
  readonly #listeners = new Set<TailListener>();
  readonly #followed = new Map<string, Followed>();
  /** In the order of their last use. */
  readonly #replicas = new Map<string, Replica>();
  readonly #syncs = new Map<
    string,
    { readonly done: Promise<Replica>; next: Promise<Replica> | undefined }
  >();
  /** Since the last sweep. */
  readonly #written = new Set<string>();
  #sweptTo = "";
  #life = "";

  constructor(engine: Engine, subjects: Subjects, options: CheckedOptions, bodies: Bodies, names: Names) {
    this.#engine = engine;
    this.#subjects = subjects;
    this.#options = options;
    this.#bodies = bodies;
    this.#chain = new Chain(engine, subjects, bodies);
    this.#names = names;
  }

  get followed(): readonly string[] {
    return [...this.#followed.keys()];
  }

  isFollowed(channel: string): boolean {
    return this.#followed.has(channel);
  }

  listen(listener: TailListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Channels that were seen before the engine was lost, and not since: something of them may be gone. */
  get uncertain(): readonly string[] {
    const { losses } = this.#engine;
    return [...this.#replicas]
      .filter(([, replica]) => replica.losses !== losses && replica.lastSeq > 0)
      .map(([channel]) => channel);
  }

  /** What is known of a channel, without asking; it may be behind. Without an epoch of its own where nothing is. */
  known(channel: string): Replica | undefined {
    const replica = this.#find(channel);
    return replica?.losses === this.#engine.losses ? replica : undefined;
  }

  /** Compares a channel with the stream, and reads what is new. Begins after it was called. */
  sync(channel: string): Promise<Replica> {
    const running = this.#syncs.get(channel);
    if (running === undefined) return this.#startSync(channel);
    running.next ??= running.done.catch(() => undefined).then(() => this.sync(channel));
    return running.next;
  }

  /** A channel that is taken to have no entry yet, where nothing is known of it: an append finds out. */
  async begin(channel: string): Promise<Replica> {
    if (this.#find(channel) !== undefined) return this.sync(channel);
    const replica = this.#adopt(channel, new Replica(this.#engine.life));
    replica.losses = this.#engine.losses;
    return replica;
  }

  /**
   * Appends an entry behind the last one that `replica` has; resolves once the listeners were told.
   *
   * @throws {StaleError} another one is there; nothing was appended
   * @throws {TidingsError} `LOG_UNAVAILABLE`, `LOG_FULL`
   */
  async write(
    channel: string,
    replica: Replica,
    change: Draft["change"],
    timeMs: number,
    epoch: string = replica.epoch,
  ): Promise<void> {
    const tag = randomBytes(6).toString("base64url");
    const { base, lastSeq } = replica;
    const { header, body } = encodeEntry({ epoch, timeMs, tag, previous: replica.tag, base, change });
    const partBytes = this.#engine.maxPartBytes;
    try {
      const parts = await this.#bodies.writeParts(channel, tag, body, partBytes);
      const text = header(parts, partBytes);
      const data = parts.length === 0 ? body : EMPTY;
      const seq = await this.#engine.call((stream) =>
        stream.publish(this.#subjects.log(channel), data, {
          header: [ENTRY_HEADER, text],
          expected: lastSeq,
        }),
      );
      const read = decodeEntry(text, seq);
      const entry = "complete" in read ? read.complete(body) : read;
      this.#written.add(channel);
      if (this.#engine.isReplicated && change.type !== "reset") {
        // A leader that is new may not have all yet.
        for (let tries = 0; (await this.sync(channel)).lastSeq < seq; tries++)
          if (tries === MAX_TRIES) throw new Error("what was stored cannot be read yet");
          else await delay(BEHIND_MS);
        if (this.#find(channel)?.hasTaken(tag) !== true) throw new StaleError("the entry is void");
        return;
      }
      if (replica.lastSeq < seq && replica.isNext(entry))
        this.#apply(channel, replica, entry, change.type === "append" ? change.messages : []);
      // Another took its place meanwhile; while one is being mended, nobody may wait for that here.
      const current = this.#find(channel);
      if (change.type !== "reset" && (current?.lastSeq ?? seq) < seq) await this.sync(channel);
    } catch (error) {
      if (error instanceof StaleError) throw error;
      // It may have been appended all the same.
      replica.losses = -1;
      throw this.#engine.fault(error);
    }
  }

  /** Begins to tell the listeners of a channel; answers where it stands. */
  async follow(channel: string): Promise<Replica> {
    if (!this.#followed.has(channel)) {
      // First: what is appended after the look is heard of.
      const subscription = await this.#engine.listen(this.#subjects.told(channel), (message) =>
        this.#hear(channel, message),
      );
      if (this.#followed.has(channel)) subscription.unsubscribe();
      else this.#followed.set(channel, { subscription, heard: 0, told: undefined });
    }
    try {
      const synced = await this.sync(channel);
      // What is told from here on is what this one is not yet.
      const replica = this.#find(channel) ?? this.#adopt(channel, synced);
      replica.retain(this.#options.retentionOf(channel), this.#options.nowMs());
      const followed = this.#followed.get(channel);
      if (followed === undefined || followed.told !== undefined) return replica;
      const { epoch, earliest } = replica.state;
      followed.told = { epoch, earliest };
      if (followed.heard > replica.lastSeq) this.#syncLater(channel);
      return replica;
    } catch (error) {
      if (this.#followed.get(channel)?.told === undefined) this.unfollow(channel);
      throw this.#engine.fault(error);
    }
  }

  unfollow(channel: string): void {
    this.#followed.get(channel)?.subscription.unsubscribe();
    this.#followed.delete(channel);
  }

  /** Tells what of a followed channel is over its age. */
  retain(channel: string): void {
    const replica = this.#replicas.get(channel);
    if (replica === undefined || this.#followed.get(channel)?.told === undefined) return;
    this.#tell(channel, replica, []);
  }

  /**
   * An entry that should be held up to `offset` is not in the stream: another node let it go, or it was lost, which is told as
   * another life of the channel.
   */
  async mend(channel: string, offset: Offset): Promise<void> {
    const replica = await this.sync(channel);
    const first = await this.#engine.call((stream) => stream.next(this.#subjects.log(channel), 1));
    const letGo = first === undefined ? 0 : (await this.#chain.entryOf(first)).base.head;
    if (offset <= letGo) {
      replica.ring.truncate(letGo as Offset);
      this.#tell(channel, replica, []);
      return;
    }
    const { newEpoch, nowMs } = this.#options;
    await this.write(channel, replica, { type: "truncate", upTo: offset }, nowMs(), newEpoch()).catch(
      (error: unknown) => {
        if (!(error instanceof StaleError)) throw error;
      },
    );
  }

  /**
   * Writes a keyed channel anew, where most of what the stream has of it is not held any more; to be called when nothing is
   * appended here. Another node's append, and the next sweep tries again.
   */
  async compact(channel: string): Promise<void> {
    const replica = await this.sync(channel);
    const { retentionOf, nowMs } = this.#options;
    const timeMs = nowMs();
    const retention = retentionOf(channel);
    replica.retain(retention, timeMs);
    if (!replica.isSparse) return;
    const messages = await this.#bodies.read(replica.ring.read(0 as Offset, WHOLE));
    const change = { type: "snapshot", messages, isCompact: retention.compact === true } as const;
    await this.write(channel, replica, change, timeMs).catch((error: unknown) => {
      if (!(error instanceof StaleError)) throw error;
    });
  }

  /** Of the channels in use, those that {@link Channels.compact} is for. */
  get sparse(): readonly string[] {
    return [...this.#written].filter((channel) => this.#replicas.get(channel)?.isSparse === true);
  }

  /**
   * Lets entries go that no message and no idempotency key needs: of channels that this node wrote to, and a few others
   * each time, which may have messages that are over their age.
   */
  async letGo(): Promise<void> {
    const others = this.#names.list("", this.#sweptTo, SWEEP_CHANNELS);
    this.#sweptTo = others.length < SWEEP_CHANNELS ? "" : (others.at(-1) ?? "");
    for (const channel of others) if (!this.#written.has(channel)) await this.sync(channel);
    const channels = new Set([...this.#written, ...others]);
    this.#written.clear();
    for (const channel of channels) await this.#letGo(channel);
  }

  async #letGo(channel: string): Promise<void> {
    const replica = this.#replicas.get(channel);
    if (replica === undefined || replica.lastSeq === 0) return;
    const { retentionOf, nowMs } = this.#options;
    replica.retain(retentionOf(channel), nowMs());
    const keepFrom = replica.keepFrom(nowMs());
    if (keepFrom > replica.firstSeq) {
      await this.#engine.call((stream) => stream.purge(this.#subjects.log(channel), keepFrom));
      replica.firstSeq = keepFrom;
    }
    const partsFrom = replica.partsFrom(keepFrom, nowMs());
    if (partsFrom > 0)
      await this.#engine.call((stream) => stream.purge(this.#subjects.bulk(channel), partsFrom));
  }

  clear(): void {
    this.#listeners.clear();
    this.#followed.clear();
    this.#replicas.clear();
  }

  #startSync(channel: string): Promise<Replica> {
    const done = this.#sync(channel)
      .catch((error: unknown) => {
        throw this.#engine.fault(error);
      })
      .finally(() => this.#syncs.delete(channel));
    this.#syncs.set(channel, { done, next: undefined });
    return done;
  }

  /** In the background: the next check tries again. */
  #syncLater(channel: string): void {
    this.sync(channel).catch(() => undefined);
  }

  async #sync(channel: string): Promise<Replica> {
    for (let tries = 0; ; tries++) {
      const { losses } = this.#engine;
      const replica = this.#find(channel) ?? this.#adopt(channel, new Replica(this.#engine.life));
      // As it is now: more may be heard while the leader is asked.
      const { lastSeq, lastTag } = replica;
      const last = await this.#chain.last(channel);
      const isLost =
        isBehind(last, lastSeq, lastTag) ||
        (lastSeq > 0 && replica.losses !== losses && (await this.#chain.isOther(channel, replica)));
      if (!isLost) {
        const isNew = last !== undefined && last.seq > lastSeq;
        const read = isNew ? await this.#read(channel, replica, last) : replica;
        if (read !== undefined) {
          read.losses = losses;
          return read;
        }
      }
      if (tries === MAX_TRIES) throw new Error("the channel changed again and again");
      await this.#recover(channel, this.#find(channel) ?? replica);
    }
  }

  /**
   * Brings a replica up to the newest entry, and tells the listeners. Answers another where entries between were let go, and
   * nothing where what the replica has was lost.
   */
  async #read(channel: string, known: Replica, last: StoredMessage): Promise<Replica | undefined> {
    const isTold = this.#followed.get(channel)?.told !== undefined;
    let replica = known;
    const messages = this.#chain.after(channel, known, last, !isTold);
    for await (const message of messages) {
      if (message.seq <= replica.lastSeq) continue;
      const entry = await this.#chain.entryOf(message);
      const added = isTold ? await this.#chain.messagesOf(entry, message) : [];
      if (message.seq <= replica.lastSeq) continue;
      // A leader that has not what this replica has gives the same sequence numbers out again: such an entry looks as if it were
      // void, or as if those between had been let go.
      if (replica.isCut(entry) && (await this.#chain.isOther(channel, replica))) return undefined;
      if (message.seq <= replica.lastSeq) continue;
      const isCut = replica.isCut(entry);
      if (isCut && replica.isVoid(entry)) {
        replica.pass(entry);
        continue;
      }
      if (isCut && this.#find(channel) === replica) {
        replica = new Replica(entry.epoch).after(known);
        replica.losses = known.losses;
        this.#replicas.set(channel, replica);
      }
      this.#apply(channel, replica, entry, added, isCut);
    }
    return replica;
  }

  /** What was there is not: another life of the channel, which an entry tells all nodes. */
  async #recover(channel: string, lost: Replica): Promise<void> {
    const replica = await this.#chain.whole(channel);
    // Another node may have been first; a server that was only behind is found by what it refuses.
    const isOver = lost.hasHad(replica.epoch);
    replica.after(lost);
    if (isOver) {
      const { newEpoch, nowMs } = this.#options;
      try {
        await this.write(channel, replica, { type: "reset" }, nowMs(), newEpoch());
        // Where several servers keep the stream, the entry may be void: what was taken for lost is looked for again.
        if (this.#engine.isReplicated) return;
      } catch (error) {
        if (error instanceof StaleError) return;
        throw error;
      }
    }
    if (this.#replicas.get(channel) !== replica && this.#replicas.has(channel)) this.#adopt(channel, replica);
    this.#tell(channel, replica, []);
  }

  #hear(channel: string, message: Msg): void {
    const followed = this.#followed.get(channel);
    if (followed === undefined) return;
    const { headers, data } = message;
    const ephemeral = decodeEphemeral(headers?.get(EPHEMERAL_HEADER) ?? "", data);
    if (ephemeral.length > 0) this.#tellEphemeral(channel, ephemeral);
    const seq = Number(headers?.get("Nats-Sequence") ?? "");
    if (headers === undefined || seq === 0) return;
    followed.heard = Math.max(followed.heard, seq);
    const replica = this.#find(channel);
    if (replica === undefined || followed.told === undefined || seq <= replica.lastSeq) return;
    const entry = entryAt({ header: (name) => headers.get(name), seq });
    const isBehind =
      this.#engine.isReplicated || Number(headers.get("Nats-Last-Sequence")) !== replica.lastSeq;
    if (isBehind || entry === undefined || "complete" in entry || !replica.isNext(entry) || hasParts(entry)) {
      this.#syncLater(channel);
      return;
    }
    this.#apply(channel, replica, entry, recordsOf(entry, data));
  }

  #tellEphemeral(channel: string, messages: readonly Message[]): void {
    const replica = this.#replicas.get(channel);
    if (replica !== undefined && this.#followed.get(channel)?.told !== undefined)
      this.#emit({ channel, epoch: replica.epoch, earliest: replica.ring.earliest, messages });
  }

  #apply(
    channel: string,
    replica: Replica,
    entry: Entry,
    messages: readonly Message[],
    isCut: boolean = false,
  ): void {
    replica.apply(entry);
    this.#names.note(channel);
    if (this.#replicas.get(channel) === replica) this.#tell(channel, replica, messages, isCut);
  }

  #tell(channel: string, replica: Replica, messages: readonly Message[], isCut: boolean = false): void {
    const followed = this.#followed.get(channel);
    if (followed?.told === undefined) return;
    replica.retain(this.#options.retentionOf(channel), this.#options.nowMs());
    const { epoch, earliest } = replica.state;
    const { told } = followed;
    if (messages.length === 0 && !isCut && told.epoch === epoch && told.earliest === earliest) return;
    followed.told = { epoch, earliest };
    const event = { channel, epoch, earliest, messages };
    this.#emit(isCut ? { ...event, isCut } : event);
  }

  #emit(event: TailEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        // A fault of the program's own, to be seen as one; it must not keep publishers from their answers.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  #find(channel: string): Replica | undefined {
    // The stream was made anew: all is gone.
    if (this.#life !== this.#engine.life) this.#forgetAll();
    const replica = this.#replicas.get(channel);
    if (replica === undefined) return undefined;
    this.#replicas.delete(channel);
    this.#replicas.set(channel, replica);
    return replica;
  }

  #forgetAll(): void {
    this.#life = this.#engine.life;
    this.#replicas.clear();
    for (const channel of this.#followed.keys()) {
      const replica = this.#adopt(channel, new Replica(this.#life));
      this.#tell(channel, replica, []);
    }
  }

  #adopt(channel: string, replica: Replica): Replica {
    this.#replicas.delete(channel);
    this.#replicas.set(channel, replica);
    let items = 0;
    if (this.#replicas.size % 100 === 0) for (const { ring } of this.#replicas.values()) items += ring.size;
    for (const [name, { ring }] of this.#replicas) {
      if (this.#replicas.size <= MAX_REPLICAS && items <= MAX_ITEMS) break;
      if (this.#followed.has(name) || name === channel) continue;
      this.#replicas.delete(name);
      items -= ring.size;
    }
    return replica;
  }
}

/** Whether the newest entry that is known is not there: `last` is what the stream's leader has. */
function isBehind(last: StoredMessage | undefined, lastSeq: number, lastTag: string): boolean {
  if (last === undefined || last.seq < lastSeq) return lastSeq > 0;
  return last.seq === lastSeq && tagOfStored(last) !== lastTag;
}
