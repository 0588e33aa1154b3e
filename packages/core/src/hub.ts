import { type Allocate, type Offset, TidingsError } from "@tidings/protocol";
import {
  type Conflation,
  type EphemeralPlace,
  HubChannel,
  type HubChannelOptions,
  type Traffic,
} from "./hub-channel.ts";
import type { Log, TailEvent } from "./log.ts";
import { Pages } from "./pages.ts";

export interface HubOptions {
  readonly log: Log;
  /** Calls back after the work of this turn of the event loop: what is appended until then is one flush. */
  readonly defer: (callback: () => void) => void;
  readonly nowMs: () => number;
  readonly allocate?: Allocate;
  /**
   * How much of a channel's end stays at hand for readers that come back, in bytes of messages and of their
   * encodings in all formats. Default 524,288 (512 KiB).
   */
  readonly recentBytes?: number;
  /**
   * How much of what was read from the log last stays encoded, on all channels together, for readers that come back to the
   * same places further back, in bytes. Default 4,194,304 (4 MiB).
   */
  readonly pageBytes?: number;
  /** How much one flush hands to a reader, in bytes, about; what is over waits for the next turn. Default 1,048,576 (1 MiB). */
  readonly maxFlushBytes?: number;
  /**
   * How many readers of a channel one flush writes to. A write to each is what a flush costs, so a channel with more
   * readers is kept in parts that are flushed in turn: what is published while one part is written to goes out with the
   * next, and the event loop is never held for long. With 2,000 readers and 1,000 messages a second the median way of a
   * message was 9 ms in parts of 256, and 25 ms undivided. Default 256.
   */
  readonly maxFlushReaders?: number;
  /**
   * What a reader of a channel that fell behind is given only the newest of, for each key: `nothing`, `ephemeral` messages,
   * or `everything`, the kept ones of a compact channel too. Default: nothing.
   */
  readonly conflationOf?: (channel: string) => Conflation;
  /** How long a channel that nobody reads is still followed, in milliseconds. Default 5,000. */
  readonly lingerMs?: number;
}

/** Something that finishes its output once a flush is over. MUST NOT throw. */
export interface FlushListener {
  flushed(): void;
}

/** One node's switchboard, from the log's tail to readers. */
export class Hub {
  readonly log: Log;
  readonly allocate: Allocate;
  readonly pages: Pages;
  /** Milliseconds since 1970. */
  readonly nowMs: () => number;
  readonly #defer: (callback: () => void) => void;
  readonly #lingerMs: number;
  readonly #conflationOf: (channel: string) => Conflation;
  readonly #channelOptions: HubChannelOptions;
  readonly #channels = new Map<string, HubChannel>();
  readonly #opening = new Map<string, Promise<void>>();
  /** What the tail reported of channels that are being opened. */
  readonly #early = new Map<string, TailEvent[]>();
  readonly #endTail: () => void;
  #dirty = new Set<HubChannel>();
  #finishing: FlushListener[] = [];
  #isScheduled = false;
  #isFlushing = false;
  #isClosed = false;
  /** Handed to live readers. */
  readonly live: Traffic = { messages: 0, bytes: 0 };
  /** Handed to readers that were catching up. */
  readonly replayed: Traffic = { messages: 0, bytes: 0 };
  /** How many readers are catching up; kept by the readers. */
  behind = 0;

  constructor(options: HubOptions) {
    this.log = options.log;
    this.allocate = options.allocate ?? ((size) => new Uint8Array(size));
    this.pages = new Pages(options.pageBytes ?? 4_194_304, this.allocate);
    this.#defer = options.defer;
    this.nowMs = options.nowMs;
    this.#lingerMs = options.lingerMs ?? 5_000;
    this.#conflationOf = options.conflationOf ?? (() => "nothing");
    this.#channelOptions = {
      allocate: this.allocate,
      recentBytes: options.recentBytes ?? 524_288,
      maxFlushBytes: options.maxFlushBytes ?? 1_048_576,
      maxFlushReaders: options.maxFlushReaders ?? 256,
      nowMs: options.nowMs,
    };
    this.#endTail = this.log.tail((event) => this.#receive(event));
  }

  /** Whether a flush is under way: what is written then may be one write with what comes next. */
  get isFlushing(): boolean {
    return this.#isFlushing;
  }

  /** How many channels are followed. */
  get size(): number {
    return this.#channels.size;
  }

  /**
   * The channel, if it is followed now: of its parts the first that has room for one more reader. Parts are flushed in
   * turn, and one that lags would hand the reader ephemeral messages again that it was handed before `place`.
   */
  get(name: string, place?: EphemeralPlace): HubChannel | undefined {
    let last: HubChannel | undefined;
    let ahead: HubChannel | undefined;
    for (const part of partsOf(this.#channels.get(name))) {
      const isBefore = part.isBefore(place);
      if (!part.isFull && !isBefore) return part;
      if (!isBefore) ahead ??= part;
      last = part;
    }
    if (last === undefined) return undefined;
    last.overflow = this.#extend(ahead ?? last);
    return last.overflow;
  }

  /** The channels that are followed, by name. */
  get followed(): Iterable<string> {
    return this.#channels.keys();
  }

  /** The newest offset of a channel that the tail has told of; `undefined` where it is not followed. */
  newestOf(name: string): Offset | undefined {
    return this.#channels.get(name)?.newest;
  }

  /** Up to where all live readers of a channel were handed everything; `undefined` where it is not followed. */
  settledOf(name: string): Offset | undefined {
    let settled: Offset | undefined;
    for (const part of partsOf(this.#channels.get(name)))
      if (settled === undefined || part.settled < settled) settled = part.settled;
    return settled;
  }

  /** How many readers of a channel are live. */
  readersOf(name: string): number {
    let readers = 0;
    for (const part of partsOf(this.#channels.get(name))) readers += part.users;
    return readers;
  }

  /**
   * Follows a channel, if it is not followed already. It may be let go again before the caller gets to use it.
   * `epoch` is the one that the log has just shown, where the caller has seen it.
   *
   * @throws {TidingsError} `LOG_UNAVAILABLE` once the hub is closed, and what the log met
   */
  async open(name: string, epoch?: string): Promise<void> {
    if (this.#isClosed) throw closedError();
    const channel = this.#channels.get(name);
    if (channel !== undefined) {
      if (epoch === undefined || epoch === channel.epoch) return;
      // The tail is yet to tell of another life: a reader of that one would come back here again and again.
      this.#letGo(channel);
    }
    let opening = this.#opening.get(name);
    if (opening === undefined) {
      opening = this.#follow(name).finally(() => this.#opening.delete(name));
      this.#opening.set(name, opening);
    }
    await opening;
  }

  /** Has `listener.flushed()` called at the end of the flush that is under way, or else of the next; once for each call. */
  afterFlush(listener: FlushListener): void {
    this.#finishing.push(listener);
    if (!this.#isFlushing) this.#schedule();
  }

  /** Lets channels and lanes go that nobody has read for a while. To be called about once a second. */
  sweep(): void {
    const nowMs = this.nowMs();
    for (const channel of this.#channels.values()) {
      let isFewer = false;
      for (const part of partsOf(channel)) {
        isFewer = part.sweepLanes() || isFewer;
        // One that nobody reads any more goes at once; readers find room in those before it.
        for (; part.overflow?.users === 0; isFewer = true) part.overflow = this.#drop(part.overflow);
      }
      if (isFewer)
        channel.keepEncodings(new Set([...partsOf(channel)].flatMap(({ encodings }) => [...encodings])));
      if (this.readersOf(channel.name) > 0) channel.idleSinceMs = undefined;
      else {
        channel.idleSinceMs ??= nowMs;
        if (nowMs - channel.idleSinceMs >= this.#lingerMs) this.#letGo(channel);
      }
    }
  }

  /** Follows nothing more. Readers that are left go back to the log, and end if it is closed too. */
  close(): void {
    this.#isClosed = true;
    this.#endTail();
    for (const channel of this.#channels.values()) this.#letGo(channel);
  }

  async #follow(name: string): Promise<void> {
    const early: TailEvent[] = [];
    this.#early.set(name, early);
    try {
      const state = await this.log.follow(name);
      if (this.#isClosed) {
        this.log.unfollow(name);
        throw closedError();
      }
      const channel = new HubChannel(name, state, this.#channelOptions, this.#conflationOf(name));
      this.#channels.set(name, channel);
      for (const event of early) {
        // The ephemeral ones were for those who were live then: nobody. An event of another life than the answer's
        // has the channel let go again, and followed anew by those who come back to it.
        this.#pass(channel, { ...event, messages: event.messages.filter((message) => message.offset > 0) });
      }
    } finally {
      this.#early.delete(name);
    }
  }

  #receive(event: TailEvent): void {
    const channel = this.#channels.get(event.channel);
    if (channel === undefined) this.#early.get(event.channel)?.push(event);
    else this.#pass(channel, event);
  }

  #extend(channel: HubChannel): HubChannel {
    const part = channel.again();
    if (part.hasPending) {
      this.#dirty.add(part);
      this.#schedule();
    }
    return part;
  }

  #pass(channel: HubChannel, event: TailEvent): void {
    channel.remember(event.messages);
    for (const part of partsOf(channel)) {
      if (!part.receive(event)) return this.#letGo(channel);
      if (!part.hasPending) continue;
      this.#dirty.add(part);
      this.#schedule();
    }
  }

  /** Readers that are live go on from the log, and have the channel followed anew. */
  #letGo(channel: HubChannel): void {
    const parts = [...partsOf(this.#channels.get(channel.name))];
    if (!parts.includes(channel)) return;
    this.#channels.delete(channel.name);
    this.log.unfollow(channel.name);
    channel.forgetEphemeral();
    for (const part of parts) this.#drop(part);
  }

  /** Answers what came behind it. */
  #drop(part: HubChannel): HubChannel | undefined {
    this.#dirty.delete(part);
    part.abandon();
    return part.overflow;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#defer(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    this.#isFlushing = true;
    const dirty = [...this.#dirty];
    let isFull = false;
    for (const channel of dirty) {
      // A full part is enough for one flush: the others have their turn after what else there is to do.
      if (isFull && channel.isFull) continue;
      isFull ||= channel.isFull;
      if (!this.#dirty.delete(channel)) continue;
      try {
        channel.flush(this.live);
      } catch {
        // What cannot be encoded ends, by way of the log, those who would read it, and nobody else.
        this.#letGo(channel);
        continue;
      }
      if (channel.hasPending) this.#dirty.add(channel);
    }
    this.#isFlushing = false;
    const finishing = this.#finishing;
    this.#finishing = [];
    for (const listener of finishing) listener.flushed();
    if (this.#dirty.size > 0) this.#schedule();
  }
}

/** A channel and those that take over the readers it has no room for. */
function* partsOf(channel: HubChannel | undefined): Generator<HubChannel, void> {
  for (let part = channel; part !== undefined; part = part.overflow) yield part;
}

function closedError(): TidingsError {
  return new TidingsError("LOG_UNAVAILABLE", "the hub is closed; the server is going down.");
}
