import {
  type Allocate,
  joinBatches,
  type Message,
  messageBytes,
  type Offset,
  type WireFormat,
} from "@tidings/protocol";
import { cutChunks } from "./chunk.ts";
import { Encoding, encodingKey } from "./encoding.ts";
import type { Filter } from "./filter.ts";
import { Few } from "./few.ts";
import { Lane } from "./lane.ts";
import type { ChannelState, PageLimits, TailEvent } from "./log.ts";
import { NewestEphemeral } from "./newest-ephemeral.ts";
import { RecentEnd, type RecentPage } from "./recent-end.ts";

/** How many flushes may wait. Above it readers go back to the log: the hub, too, is a cursor and not a queue. */
const MAX_PENDING_FLUSHES = 16;

export interface HubChannelOptions {
  readonly allocate: Allocate;
  readonly recentBytes: number;
  readonly maxFlushBytes: number;
  readonly maxFlushReaders: number;
  readonly nowMs: () => number;
}

/** What was handed to readers so far: one message to a thousand readers counts a thousand. */
export interface Traffic {
  messages: number;
  /** As they are encoded. */
  bytes: number;
}

/** Where a reader stands among a channel's ephemeral messages, which have no offsets. */
export interface EphemeralPlace {
  /** What the parts of one channel have in common for as long as the hub follows it. */
  readonly life: object;
  /** How many it was handed, or passed over. */
  readonly at: number;
}

/** What readers that were slow are given only the newest of, by key; kept messages of compact channels alone. */
export type Conflation = "nothing" | "ephemeral" | "everything";

/** One followed channel on this node, in one life of the log: what waits for the next flush, its recent end, its lanes. */
export class HubChannel {
  readonly name: string;
  readonly epoch: string;
  /** Since when nobody has read it, in milliseconds; kept by the hub's sweep. */
  idleSinceMs: number | undefined;
  /** The same channel again, for the readers that this one has no room for; kept by the hub. */
  overflow: HubChannel | undefined;
  #isAbandoned = false;
  readonly #options: HubChannelOptions;
  readonly #conflation: Conflation;
  /** From the first flush on: of 100,000 channels most are quiet. One for all its parts. */
  #recent: RecentEnd | undefined;
  readonly #lanes = new Few<Lane>();
  #head: Offset;
  #settled: Offset;
  #newest: Offset;
  #earliest: Offset;
  #pending: Message[] | undefined;
  #pendingBytes = 0;
  /** From the first time that anyone has to tell it from another. */
  #life: object | undefined;
  /** For readers that were behind, where the channel conflates; one for all its parts. */
  readonly #newestEphemeral: NewestEphemeral | undefined;
  /** How many ephemeral messages were flushed, or are being so. */
  #passedOn = 0;
  /** How many every live reader was handed at least. */
  #passedOnBefore = 0;
  /** One object for all that stand there: most readers never see an ephemeral message. */
  #ephemeralPlace: EphemeralPlace | undefined;

  constructor(
    name: string,
    state: ChannelState,
    options: HubChannelOptions,
    conflation: Conflation,
    of?: HubChannel,
  ) {
    this.name = name;
    this.epoch = state.epoch;
    this.#options = options;
    this.#conflation = conflation;
    if (of === undefined)
      this.#newestEphemeral = conflation === "nothing" ? undefined : new NewestEphemeral();
    else {
      this.#life = of.#ownLife;
      this.#newestEphemeral = of.#newestEphemeral;
    }
    this.#head = state.head;
    this.#settled = state.head;
    this.#newest = state.head;
    this.#earliest = state.earliest;
    if (of !== undefined) this.#recent = of.#share(this);
  }

  /** Where a reader becomes live: up to here, the channel was flushed or is being so. */
  get head(): Offset {
    return this.#head;
  }

  /** Where every live reader stands at least: the head, or during a flush the head before it. */
  get settled(): Offset {
    return this.#settled;
  }

  /** The newest offset that the tail has reported: the head, or above it while messages are pending. */
  get newest(): Offset {
    return this.#newest;
  }

  get hasPending(): boolean {
    return this.#pending !== undefined && this.#pending.length > 0;
  }

  /** Whether the hub has let it go: nothing will come here any more. */
  get isAbandoned(): boolean {
    return this.#isAbandoned;
  }

  /** Whether it has as many live readers as one flush is to write to. */
  get isFull(): boolean {
    return this.users >= this.#options.maxFlushReaders;
  }

  /** The same channel once more, standing where this one does, for readers that this one has no room for. */
  again(): HubChannel {
    const state = { epoch: this.epoch, head: this.#head, earliest: this.#earliest };
    const other = new HubChannel(this.name, state, this.#options, this.#conflation, this);
    other.#passedOn = this.#passedOn;
    other.#passedOnBefore = this.#passedOn;
    other.#newest = this.#newest;
    other.#pending = this.#pending?.slice();
    other.#pendingBytes = this.#pendingBytes;
    return other;
  }

  /** How many readers are live. */
  get users(): number {
    let users = 0;
    for (const lane of this.#lanes.values()) users += lane.members.size;
    return users;
  }

  lane(format: WireFormat, filter: Filter | undefined): Lane {
    const key = encodingKey(format, filter);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new Lane(new Encoding(format, filter));
      this.#lanes.add(key, lane);
    }
    return lane;
  }

  /** Where a reader stands among the ephemeral messages that becomes live now; `undefined` before the first of them. */
  get ephemeralPlace(): EphemeralPlace | undefined {
    if (this.#passedOn > 0 && this.#ephemeralPlace?.at !== this.#passedOn)
      this.#ephemeralPlace = { life: this.#ownLife, at: this.#passedOn };
    return this.#ephemeralPlace;
  }

  /** Where one that joined there stands as it falls behind: a flush that is under way may not have come to it. */
  ephemeralPlaceSince(place: EphemeralPlace | undefined): EphemeralPlace {
    return { life: this.#ownLife, at: Math.max(place?.at ?? 0, this.#passedOnBefore) };
  }

  get #ownLife(): object {
    this.#life ??= {};
    return this.#life;
  }

  /** Whether a reader that stands there was handed ephemeral messages that this part is yet to pass on. */
  isBefore(place: EphemeralPlace | undefined): boolean {
    return place !== undefined && place.life === this.#life && place.at > this.#passedOn;
  }

  /** The newest ephemeral message of each key, of those that were passed on since a reader fell behind. */
  missedSince({ life, at }: EphemeralPlace): readonly Message[] {
    // Of another life of this channel in the hub all is newer.
    const from = life === this.#life ? at : 0;
    return this.#newestEphemeral?.between(from, this.#passedOn, this.#options.nowMs()) ?? [];
  }

  /** Remembers ephemeral messages for those that are behind. Called once for all parts, ahead of {@link receive}. */
  remember(messages: readonly Message[]): void {
    this.#newestEphemeral?.add(messages, this.#options.nowMs());
  }

  /** The hub lets the channel go: readers that are behind must not hold on to what it remembers. */
  forgetEphemeral(): void {
    this.#newestEphemeral?.clear();
  }

  /** Takes what the log's tail reports, until the next flush; `false` where it cannot go on, and is to be let go. */
  receive(event: TailEvent): boolean {
    if (event.epoch !== this.epoch || event.isCut === true) return false;
    if (event.earliest > this.#earliest) this.#earliest = event.earliest;
    for (const message of event.messages) {
      // What was appended while the log began to follow may be reported again.
      if (message.offset > 0 && message.offset <= this.#newest) continue;
      if (message.offset > 0) this.#newest = message.offset;
      (this.#pending ??= []).push(message);
      this.#pendingBytes += messageBytes(message);
    }
    return this.#pendingBytes <= MAX_PENDING_FLUSHES * this.#options.maxFlushBytes;
  }

  /** Hands what is pending to every live reader, and adds what that was to `traffic`: once for each of them. */
  flush(traffic: Traffic): void {
    const { allocate } = this.#options;
    const before = this.#head;
    const chunks = cutChunks(
      this.#takePending(),
      before,
      { channel: this.name, epoch: this.epoch },
      allocate,
    );
    const recent = this.#recent ?? this.#newRecent();
    for (const chunk of chunks) {
      if (!chunk.isKept) {
        this.#passedOn += chunk.messages.length;
        continue;
      }
      // The head moves first: a reader that joins during the delivery stands after it.
      this.#head = chunk.last;
      recent.push(chunk);
    }
    for (const lane of this.#lanes.values()) {
      if (lane.members.size === 0) continue;
      const batch = joinBatches(
        chunks.flatMap((chunk) => recent.encode(chunk, lane.encoding)),
        allocate,
      );
      if (batch.ends.length === 0) continue;
      traffic.messages += lane.deliver(batch, before, this.#head);
      traffic.bytes += batch.bytes.length * lane.members.size;
    }
    this.#settled = this.#head;
    this.#passedOnBefore = this.#passedOn;
    recent.trim();
  }

  /** One page at most of what came after an offset, from what is at hand; `undefined` where only the log has it. */
  readRecent({ encoding }: Lane, after: Offset, limits: PageLimits): RecentPage | undefined {
    // What was dropped since is a gap, and the log tells it. What other parts have handed on already comes with the next flush.
    return after < this.#earliest - 1 ? undefined : this.#recent?.read(encoding, after, this.#head, limits);
  }

  /** Lets lanes go that have no live reader; answers whether there were any. */
  sweepLanes(): boolean {
    this.#newestEphemeral?.trim(this.#options.nowMs());
    let isFewer = false;
    for (const key of this.#lanes.keys()) {
      if (this.#lanes.get(key)?.members.size !== 0) continue;
      this.#lanes.delete(key);
      isFewer = true;
    }
    return isFewer;
  }

  /** The keys of its lanes' encodings. */
  get encodings(): Iterable<string> {
    return this.#lanes.keys();
  }

  /** Lets what no lane of any part wants any more go. */
  keepEncodings(keys: ReadonlySet<string>): void {
    this.#recent?.keepOnly(keys);
  }

  /** Sends every live reader back to the log. The hub must have let the channel go before: they come back at once. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#pending = undefined;
    this.#recent?.parts.delete(this);
    for (const lane of this.#lanes.values()) {
      for (const member of lane.members) member.fallBehind();
    }
  }

  #newRecent(): RecentEnd {
    const { recentBytes, allocate } = this.#options;
    this.#recent = new RecentEnd(this.#head, recentBytes, allocate, this.#conflation === "everything");
    this.#recent.parts.add(this);
    return this.#recent;
  }

  #share(part: HubChannel): RecentEnd {
    const recent = this.#recent ?? this.#newRecent();
    recent.parts.add(part);
    return recent;
  }

  /** One flush of what is pending; what is over waits for the next turn, so that sockets can drain. */
  #takePending(): readonly Message[] {
    const pending = this.#pending ?? [];
    const { maxFlushBytes } = this.#options;
    if (this.#pendingBytes <= maxFlushBytes) {
      this.#pending = undefined;
      this.#pendingBytes = 0;
      return pending;
    }
    let count = 0;
    let bytes = 0;
    while (count < pending.length && bytes < maxFlushBytes)
      bytes += messageBytes(pending[count++] as Message);
    this.#pending = pending.slice(count);
    this.#pendingBytes -= bytes;
    return pending.slice(0, count);
  }
}
