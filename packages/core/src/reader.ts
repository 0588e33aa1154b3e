import {
  type Batch,
  type Cursor,
  encodeBatch,
  type Offset,
  toOffset,
  type WireFormat,
} from "@tidings/protocol";
import { applyFilter, type Filter } from "./filter.ts";
import { findGap, type Gap, goneError, markBeginning, markBegun, moveTo } from "./gap.ts";
import type { Hub } from "./hub.ts";
import type { EphemeralPlace, HubChannel } from "./hub-channel.ts";
import type { Lane, LaneMember } from "./lane.ts";
import type { LogPage, PageLimits } from "./log.ts";
import { findLast, type Start } from "./start.ts";

/**
 * Where a reader is:
 * - `catching-up`: {@link Reader.step} takes it on from its own cursor, a page at a time, whenever its sink has room;
 * - `live`: a member of its lane, standing at the channel's head, given the lane's shared bytes;
 * - `done`: for good; its cursor stays readable.
 */
export type ReaderState = "catching-up" | "live" | "done";

/** Where a reader's messages go. Calls come in the order of the stream, `opened` first; none after the reader is done. */
export interface ReaderSink {
  /** Whether it would rather have no more for now. A live reader that meets it goes back to its cursor. */
  readonly isBlocked: boolean;
  /** Where the reader stands as it begins. */
  opened(reader: Reader, cursor: Cursor): void;
  /** Messages, encoded; shared with other readers, so never to be written to. */
  batch(reader: Reader, batch: Batch): void;
  gap(reader: Reader, gap: Gap): void;
  /** It has everything there is, and is live (or done, where it was to stop at the head). */
  caughtUp(reader: Reader): void;
  /** It left its lane and has to be driven again, by {@link Reader.step}, once the sink has room: at once, if it has. */
  fellBehind(reader: Reader): void;
  /** It ended by itself: it failed, or refused to pass over a gap. */
  failed(reader: Reader, error: unknown): void;
}

export interface ReaderOptions {
  readonly channel: string;
  readonly start: Start;
  readonly format: WireFormat;
  readonly filter?: Filter | undefined;
  /** How much one step may read. */
  readonly limits: PageLimits;
  /** `fail`: end with `CURSOR_GONE` instead of going on after a gap. Default `continue`. */
  readonly onGap?: "continue" | "fail";
  /** Be done at the head instead of becoming live. Default false. */
  readonly stopsAtHead?: boolean;
}

/** A cursor and a sink. Every transport is one; every transition of its state is in this file. */
export class Reader implements LaneMember {
  readonly #hub: Hub;
  readonly #options: ReaderOptions;
  readonly #sink: ReaderSink;
  #state: ReaderState = "catching-up";
  /** Of a live reader there is none: {@link cursor} tells where it is. */
  #cursor: Cursor | undefined;
  #handedUpTo: Offset = toOffset(0);
  /** Whether the cursor is known to be one of this log: it was checked, or the log itself gave it. */
  #isChecked = false;
  #isOpened = false;
  #isAtHead = false;
  /** Where it stands among the channel's ephemeral messages, once it was live; none where it was there before the first. */
  #ephemeral: EphemeralPlace | undefined;
  /** Both set while it is live. */
  #place: HubChannel | undefined;
  #lane: Lane | undefined;

  constructor(hub: Hub, options: ReaderOptions, sink: ReaderSink) {
    this.#hub = hub;
    this.#options = options;
    this.#sink = sink;
    if (options.start.at === "cursor") this.#cursor = options.start.cursor;
    hub.behind++;
  }

  get channel(): string {
    return this.#options.channel;
  }

  get state(): ReaderState {
    return this.#state;
  }

  /** Everything up to here has been handed to the sink; `undefined` until a start that the log decides is known. */
  get cursor(): Cursor | undefined {
    if (this.#place === undefined) return this.#cursor;
    const { epoch, settled } = this.#place;
    return { epoch, offset: toOffset(Math.max(settled, this.#handedUpTo)) };
  }

  /** Whether there was nothing more when it last looked. */
  get isAtHead(): boolean {
    return this.#isAtHead;
  }

  get lane(): Lane | undefined {
    return this.#lane;
  }

  /** Whether its sink would rather have no more: a slow client costs a cursor, not a queue. */
  get isBlocked(): boolean {
    try {
      return this.#sink.isBlocked;
    } catch (error) {
      // One broken sink must not cost the other readers of the lane their messages.
      this.#fail(error);
      return true;
    }
  }

  get handedUpTo(): Offset {
    return this.#handedUpTo;
  }

  /**
   * catching-up → catching-up, live or done: hands one page at most to the sink. Whoever drives the reader calls it,
   * one call at a time, while the reader is catching up and the sink has room. Never rejects.
   */
  async step(): Promise<void> {
    if (this.#state !== "catching-up") return;
    try {
      if (!this.#stepInHub()) await this.#stepInLog();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** live → live. */
  receive(batch: Batch, after: Offset): void {
    try {
      // First the cursor: the sink may ask for it.
      this.#handedUpTo = after;
      this.#sink.batch(this, batch);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** live → catching-up, from where it is. */
  fallBehind(): void {
    if (this.#state !== "live") return;
    this.#isAtHead = false;
    this.#ephemeral = this.#place?.ephemeralPlaceSince(this.#ephemeral);
    this.#leave("catching-up");
    try {
      this.#sink.fellBehind(this);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** any → done. The sink hears nothing more. */
  stop(): void {
    this.#leave("done");
  }

  /** Goes on within what the hub has at hand, at once; `false` where only the log can tell. */
  #stepInHub(): boolean {
    const { start, format, filter, limits, stopsAtHead } = this.#options;
    // A reader that stops at the head wants the log's: the hub's may be a moment behind.
    const channel = stopsAtHead === true ? undefined : this.#hub.get(this.channel, this.#ephemeral);
    if (channel === undefined) return false;
    if (this.#cursor === undefined) {
      if (start.at !== "latest") return false;
      this.#cursor = { epoch: channel.epoch, offset: channel.newest };
      this.#isChecked = true;
    }
    const { epoch, offset } = this.#cursor;
    // A cursor above all that the tail reported may be one that the log gave out a moment ago, or one that never was.
    if (epoch !== channel.epoch || (offset > channel.newest && !this.#isChecked)) return false;
    const isBehind = offset < channel.head;
    const near = isBehind ? channel.readRecent(channel.lane(format, filter), offset, limits) : undefined;
    if (isBehind && near === undefined) return false;
    this.#isChecked = true;
    this.#open(this.#cursor);
    if (near !== undefined) this.#handAll(near.batches, moveTo(this.#cursor, near.offset));
    this.#isAtHead = this.#cursor.offset >= channel.head;
    if (this.#isCatchingUp() && this.#isAtHead) this.#join(channel);
    return true;
  }

  async #stepInLog(): Promise<void> {
    const { start, limits, filter, format, stopsAtHead } = this.#options;
    if (this.#cursor === undefined && start.at === "latest" && stopsAtHead !== true) {
      // The head at which the hub begins to follow is where it begins.
      await this.#hub.open(this.channel);
      return;
    }
    const page = await this.#readPage(start, limits);
    if (!this.#isCatchingUp() || !this.#settle(page, start)) return;
    const last = page.messages.at(-1);
    // A page without messages leads to the head, which a compact channel may not hold any more.
    const cursor = moveTo(this.#cursor as Cursor, last?.offset ?? page.head);
    const source = { channel: this.channel, epoch: page.epoch };
    this.#handAll([this.#hub.pages.encode(format, filter, page, source)], cursor);
    this.#isAtHead = cursor.offset >= page.head;
    if (!this.#isCatchingUp() || !this.#isAtHead) return;
    if (stopsAtHead === true) {
      this.#sink.caughtUp(this);
      this.stop();
    } else await this.#hub.open(this.channel, page.epoch);
  }

  async #readPage(start: Start, limits: PageLimits): Promise<LogPage> {
    const { log } = this.#hub;
    if (this.#cursor !== undefined) return log.read(this.channel, this.#cursor.offset, limits);
    if (start.at === "last") {
      const after = await findLast(log, this.channel, start.count, this.#options.filter, limits);
      return log.read(this.channel, after, limits);
    }
    if (start.at === "time")
      return log.read(this.channel, await log.offsetBeforeTime(this.channel, start.timeMs), limits);
    if (start.at === "latest") {
      const { head } = await log.describe(this.channel);
      return log.read(this.channel, head, limits);
    }
    return log.read(this.channel, toOffset(0), limits);
  }

  /** Makes the cursor one of the page's log, telling a gap; `false` where the page is not what comes after it. */
  #settle(page: LogPage, start: Start): boolean {
    if (this.#cursor === undefined) {
      // Where the page begins: nothing was promised before, so nothing is missing.
      const first = page.messages[0]?.offset ?? toOffset(page.head + 1);
      const offset = toOffset((start.at === "earliest" ? page.earliest : first) - 1);
      this.#cursor = markBegun({ epoch: page.epoch, offset }, page.resumable);
    }
    const gap = findGap(this.#cursor, page, this.#hub.log.isContiguous);
    this.#isChecked = true;
    if (gap === undefined) {
      this.#open(this.#cursor);
      this.#cursor = markBeginning(this.#cursor, page);
      return true;
    }
    if (this.#options.onGap === "fail") {
      this.#fail(goneError(this.channel, gap));
      return false;
    }
    this.#open(gap.from);
    if (!this.#isCatchingUp()) return false;
    this.#cursor = markBeginning(gap.to, page);
    this.#sink.gap(this, gap);
    // Of a compact channel the gap may lead back to the beginning, which is not what was read.
    return this.#isCatchingUp() && gap.reason === "expired" && gap.to.offset > gap.from.offset;
  }

  #open(cursor: Cursor): void {
    if (this.#isOpened) return;
    this.#isOpened = true;
    this.#sink.opened(this, cursor);
  }

  /** Hands a page over; `cursor` is where it ends. */
  #handAll(batches: readonly Batch[], cursor: Cursor): void {
    for (const batch of batches) {
      if (!this.#isCatchingUp()) return;
      const last = batch.offsets.at(-1);
      if (last === undefined) continue;
      // First the cursor: the sink may ask for it.
      this.#cursor = moveTo(cursor, last);
      this.#hub.replayed.messages += batch.ends.length;
      this.#hub.replayed.bytes += batch.bytes.length;
      this.#sink.batch(this, batch);
    }
    // What a filter left out at the end is handed over too.
    if (this.#isCatchingUp()) this.#cursor = cursor;
  }

  /** catching-up → live, in one synchronous step at the channel's head: no window for a loss or a repeat. */
  #join(channel: HubChannel): void {
    if (this.#ephemeral !== undefined) this.#handMissed(channel, this.#ephemeral);
    // A sink that was called since may have had the channel let go: nothing would ever come there.
    if (!this.#isCatchingUp() || channel.isAbandoned) return;
    const lane = channel.lane(this.#options.format, this.#options.filter);
    this.#handedUpTo = (this.#cursor as Cursor).offset;
    // Where it is now is told by the channel.
    this.#cursor = undefined;
    this.#place = channel;
    this.#lane = lane;
    this.#ephemeral = channel.ephemeralPlace;
    lane.members.add(this);
    this.#state = "live";
    this.#hub.behind--;
    this.#sink.caughtUp(this);
  }

  /** The newest ephemeral messages that were passed on while it was behind. */
  #handMissed(channel: HubChannel, place: EphemeralPlace): void {
    const { format, filter } = this.#options;
    const missed = applyFilter(filter, channel.missedSince(place));
    this.#ephemeral = channel.ephemeralPlace;
    if (missed.length === 0) return;
    const source = { channel: this.channel, epoch: channel.epoch };
    this.#sink.batch(this, encodeBatch(format, missed, source, this.#hub.allocate));
  }

  /** Keeps the cursor, and is no longer live. */
  #leave(state: "catching-up" | "done"): void {
    this.#hub.behind += Number(state === "catching-up") - Number(this.#state === "catching-up");
    this.#cursor = this.cursor;
    this.#lane?.members.delete(this);
    this.#lane = undefined;
    this.#place = undefined;
    this.#state = state;
  }

  // A method, since sinks may stop the reader in any call, which the compiler cannot see.
  #isCatchingUp(): boolean {
    return this.#state === "catching-up";
  }

  #fail(error: unknown): void {
    if (this.#state === "done") return;
    this.stop();
    try {
      this.#sink.failed(this, error);
    } catch {
      // A sink that cannot even be told: its reader has ended, and nobody else may suffer.
    }
  }
}
