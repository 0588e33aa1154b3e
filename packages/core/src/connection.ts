import {
  type Allocate,
  type Batch,
  type Cursor,
  errorFrame,
  formatCursor,
  type ServerFrame,
  TidingsError,
} from "@tidings/protocol";
import { Few } from "./few.ts";
import { eventFilter } from "./filter.ts";
import { type Gap, gapFrame } from "./gap.ts";
import type { FlushListener, Hub } from "./hub.ts";
import type { PageLimits } from "./log.ts";
import { Attendance } from "./presence/attendance.ts";
import type { Presence } from "./presence/presence.ts";
import { Reader, type ReaderOptions, type ReaderSink } from "./reader.ts";
import type { Start } from "./start.ts";
import type { StreamCodec } from "./stream-codec.ts";

/** From so many bytes on a part is written as it is: to copy it costs more than one more part of a write. */
const UNCOPIED_BYTES = 2_048;

/** Where a connection's bytes go: a socket, an HTTP response. */
export interface Output {
  /** Whether it holds as many bytes as it should; `Connection.resume` is to be called once it does not. */
  readonly isBlocked: boolean;
  /** Takes the bytes; they are shared, so it MUST NOT change them. One that is gone takes them and drops them. */
  write(bytes: Uint8Array): void;
  /** Takes several at once, as one write. */
  writeAll(parts: readonly Uint8Array[]): void;
}

export interface Subscribe {
  readonly channel: string;
  readonly start: Start;
  readonly events?: readonly string[] | undefined;
  readonly onGap?: "continue" | "fail";
  /** Whether to be told of the channel's presence too. */
  readonly presence?: boolean | undefined;
  /** Of the request, for its answer. */
  readonly id?: string | undefined;
}

/** What an output is told beside. */
export interface ConnectionOutput extends Output {
  /** A reader was told that messages are missing. */
  missed?(channel: string, gap: Gap): void;
  /** A subscription failed after it was opened; told to the peer already. */
  lost?(channel: string, error: unknown): void;
  /** The output threw, and the connection is closed. */
  broken?(error: unknown): void;
}

/** What connections have in common: one object for all of a kind, since most of them do nothing most of the time. */
export interface ConnectionOptions {
  readonly hub: Hub;
  readonly maxChannels: number;
  /** What its presence is in; without it the connection has none. */
  readonly presence?: Presence | undefined;
  /** How much of the log one reader hands on at a time: what a connection that never reads costs, about. */
  readonly pageLimits: PageLimits;
  /** Makes what failed fit for a peer's eyes; what is not a TidingsError is hidden behind `INTERNAL`. */
  readonly toError: (error: unknown) => TidingsError;
}

/** The readers of a connection that are not live. */
class Behind extends Set<Reader> {
  readonly sinceMs: number;
  /** Since when the output takes nothing of what they have to hand on. */
  waitsSinceMs: number | undefined;

  constructor(sinceMs: number) {
    super();
    this.sinceMs = sinceMs;
  }
}

interface Settle {
  readonly opened: (cursor: Cursor) => void;
  readonly failed: (error: unknown) => void;
}

/** A reader of a connection, and what the connection has to know of it. */
class Subscription extends Reader {
  readonly id: string | undefined;
  readonly presence: boolean;
  /** Whether `caught-up` is still to be told: after the start, and after a gap. */
  tellsCaughtUp = true;
  /** Until it has begun. */
  settle: Settle | undefined;

  constructor(
    hub: Hub,
    options: ReaderOptions,
    connection: Connection,
    { id, presence = false }: Subscribe,
    settle: Settle,
  ) {
    super(hub, options, connection);
    this.id = id;
    this.presence = presence;
    this.settle = settle;
  }
}

/**
 * Several readers with one output, one per channel: an SSE, NDJSON or WebSocket connection. It drives those that are
 * catching up, a page after the other, and what one turn brings on all channels goes out as one write.
 */
export class Connection implements ReaderSink, FlushListener {
  readonly #options: ConnectionOptions;
  readonly #output: ConnectionOutput;
  #codec: StreamCodec;
  readonly #subscriptions = new Few<Subscription>();
  /** There while any is: nearly always all are live. */
  #behind: Behind | undefined;
  #isDriving = false;
  /** There while there is anything to write. */
  #gathered: Uint8Array[] | undefined;
  #gatheredBytes = 0;
  /** Whether any cursor has moved since the position was written. */
  #hasMoved = false;
  #isClosed = false;
  /** There once presence is asked for: most connections never do. */
  #attendance: Attendance | undefined;
  #isPresenceNext = false;

  constructor(options: ConnectionOptions, codec: StreamCodec, output: ConnectionOutput) {
    this.#options = options;
    this.#codec = codec;
    this.#output = output;
  }

  /** Also for the readers: what they handed over in this turn counts too. */
  get isBlocked(): boolean {
    return this.#output.isBlocked || this.#gatheredBytes >= this.#options.pageLimits.maxBytes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get channels(): readonly string[] {
    return [...this.#subscriptions.keys()];
  }

  /** How many of the channels are not live at this moment. */
  get behind(): number {
    return this.#behind?.size ?? 0;
  }

  /** Those that are not live, and since when any has not been, in milliseconds since 1970; `undefined` where all are. */
  get lagging():
    | {
        readonly readers: Iterable<Reader>;
        readonly sinceMs: number;
        readonly waitsSinceMs: number | undefined;
      }
    | undefined {
    const behind = this.#behind;
    if (behind === undefined || behind.size === 0) return undefined;
    return { readers: behind, sinceMs: behind.sinceMs, waitsSinceMs: behind.waitsSinceMs };
  }

  get readers(): Iterable<Reader> {
    return this.#subscriptions.values();
  }

  /** Whether it reads a channel. */
  has(channel: string): boolean {
    return this.#subscriptions.get(channel) !== undefined;
  }

  /** How many channels it reads. */
  get size(): number {
    return this.#subscriptions.size;
  }

  /**
   * Its part in presence.
   *
   * @throws {TidingsError} `PRESENCE_FORBIDDEN` where it has none, `CONNECTION_UNKNOWN` once it is closed
   */
  get attendance(): Attendance {
    const { presence, maxChannels } = this.#options;
    if (this.#isClosed)
      throw new TidingsError("CONNECTION_UNKNOWN", "the connection has ended; connect again.");
    if (presence === undefined)
      throw new TidingsError("PRESENCE_FORBIDDEN", "there is no presence on this connection.");
    this.#attendance ??= new Attendance({
      presence,
      maxChannels,
      codec: this.#codec,
      isBlocked: () => this.isBlocked,
      write: (bytes) => {
        const { isFlushing } = this.#options.hub;
        // Shared by all listeners, so it is not to be joined with anything where it need not be.
        if (this.#gathered === undefined && !isFlushing && !this.#isClosed) return this.#write(bytes);
        this.#put(bytes);
        if (!isFlushing) this.#writeGathered();
      },
    });
    return this.#attendance;
  }

  /** Every channel's cursor, of those that are known yet. */
  *cursors(): Iterable<readonly [string, Cursor]> {
    for (const { channel, cursor } of this.#subscriptions.values()) {
      if (cursor !== undefined) yield [channel, cursor];
    }
  }

  /** Writes in another way from now on. Readers keep the format they began with, so it is to be called before them. */
  useCodec(codec: StreamCodec): void {
    this.#codec = codec;
  }

  /**
   * Begins to read a channel. Resolves with where it began, once `ok` is on its way, ahead of the messages.
   *
   * @throws {TidingsError} `ALREADY_SUBSCRIBED`, `TOO_MANY_CHANNELS`, `CURSOR_GONE`, `NOT_SUBSCRIBED` where it or
   *   the connection was ended first, `PRESENCE_FORBIDDEN`, or what the log met
   */
  async subscribe(request: Subscribe): Promise<Cursor> {
    const { channel, start, events, onGap = "continue", presence = false } = request;
    const { hub, pageLimits, maxChannels } = this.#options;
    if (this.#isClosed) throw endedError(channel);
    if (this.#subscriptions.get(channel) !== undefined) {
      throw new TidingsError(
        "ALREADY_SUBSCRIBED",
        `this connection reads channel "${channel}" already; unsubscribe first to read it anew.`,
      );
    }
    if (this.#subscriptions.size >= maxChannels) {
      throw new TidingsError(
        "TOO_MANY_CHANNELS",
        `this connection reads ${maxChannels} channels, as many as it may; open another one.`,
      );
    }
    if (presence) this.attendance.check(channel);
    const { format } = this.#codec;
    const filter = eventFilter(events);
    const options = { channel, start, format, filter, limits: pageLimits, onGap };
    return new Promise<Cursor>((opened, failed) => {
      const subscription = new Subscription(hub, options, this, request, { opened, failed });
      this.#subscriptions.add(channel, subscription);
      this.fellBehind(subscription);
    });
  }

  /** Ends a channel; answers where it stood, or `undefined` where it was not read. */
  unsubscribe(channel: string): { readonly cursor: Cursor | undefined } | undefined {
    const subscription = this.#subscriptions.get(channel);
    if (subscription === undefined) return undefined;
    this.#end(subscription);
    return { cursor: subscription.cursor };
  }

  /**
   * Ends the readers, and the memberships in presence, that may not go on; answers the channels of the readers. Nothing of
   * them is written from then on.
   */
  narrow(may: (right: "subscribe" | "presence", channel: string) => boolean): readonly string[] {
    const ended = [...this.#subscriptions.values()].filter(
      ({ channel, presence }) => !may("subscribe", channel) || (presence && !may("presence", channel)),
    );
    for (const subscription of ended) this.#end(subscription);
    this.#attendance?.narrow((channel) => may("presence", channel));
    return ended.map(({ channel }) => channel);
  }

  /** Writes a frame of the connection itself: at once, or with the flush that is under way. */
  send(frame: ServerFrame): void {
    this.sendBytes(this.#codec.frame(frame));
  }

  /** Writes several of them, in one go: one by one, thousands take as many writes. */
  sendAll(frames: readonly ServerFrame[]): void {
    for (const frame of frames) this.#put(this.#codec.frame(frame));
    if (!this.#options.hub.isFlushing) this.#writeGathered();
  }

  /** The same for a frame that is encoded already: one whose payload passes as it is. */
  sendBytes(bytes: Uint8Array): void {
    this.#put(bytes);
    if (!this.#options.hub.isFlushing) this.#writeGathered();
  }

  /** The output has room again. */
  resume(): void {
    // In turn: neither the presence of a crowd nor a long catching-up may keep the other waiting for ever.
    this.#isPresenceNext = !this.#isPresenceNext;
    if (this.#isPresenceNext) this.#attendance?.resume();
    void this.#drive();
  }

  /**
   * Ends all readers. What they handed over is written; nothing is afterwards. With `hasLeft` the client said that it
   * goes: its members leave at once, and are not waited for.
   */
  close({ hasLeft = false }: { readonly hasLeft?: boolean } = {}): void {
    if (this.#isClosed) return;
    this.#attendance?.end(hasLeft);
    this.#isClosed = true;
    this.#writeGathered();
    for (const subscription of this.#subscriptions.values()) this.#end(subscription);
  }

  opened(subscription: Subscription, cursor: Cursor): void {
    const { id, settle, presence, channel } = subscription;
    this.#tell({ type: "ok", ...(id === undefined ? {} : { id }), channel, cursor: formatCursor(cursor) });
    if (presence) this.#attendance?.listen(channel);
    settle?.opened(cursor);
    subscription.settle = undefined;
  }

  batch(_reader: Reader, batch: Batch): void {
    this.#hasMoved = true;
    this.#put(batch.bytes);
  }

  gap(subscription: Subscription, gap: Gap): void {
    subscription.tellsCaughtUp = true;
    this.#tell(gapFrame(subscription.channel, gap));
    this.#output.missed?.(subscription.channel, gap);
  }

  caughtUp(subscription: Subscription): void {
    if (!subscription.tellsCaughtUp) return;
    subscription.tellsCaughtUp = false;
    const { channel, cursor } = subscription;
    this.#tell({ type: "caught-up", channel, cursor: formatCursor(cursor as Cursor) });
  }

  fellBehind(reader: Reader): void {
    this.#behind ??= new Behind(this.#options.hub.nowMs());
    this.#behind.add(reader);
    void this.#drive();
  }

  failed(subscription: Subscription, error: unknown): void {
    const { settle, id, channel } = subscription;
    this.#forget(subscription);
    if (settle !== undefined) return settle.failed(error);
    this.send(errorFrame(this.#options.toError(error), { id, channel }));
    this.#output.lost?.(channel, error);
  }

  flushed(): void {
    this.#writeGathered();
    this.#attendance?.resume();
    // It may have been what was gathered that blocked.
    if (this.#behind !== undefined) void this.#drive();
  }

  /** A frame that comes with a cursor. */
  #tell(frame: ServerFrame): void {
    this.#hasMoved = true;
    this.#put(this.#codec.frame(frame));
  }

  #put(bytes: Uint8Array): void {
    if (this.#isClosed || bytes.length === 0) return;
    const { hub } = this.#options;
    // On one channel a flush is one batch: written as it comes, for gathering it costs three times as much (60 ns a
    // reader). Never past what was gathered before it.
    const isWhole = this.#subscriptions.size === 1 && this.#codec.position === undefined;
    if (isWhole && hub.isFlushing && this.#gathered === undefined) return this.#write(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gathered !== undefined) return void this.#gathered.push(bytes);
    this.#gathered = [bytes];
    hub.afterFlush(this);
  }

  #writeGathered(): void {
    const parts = this.#gathered;
    if (parts === undefined) return;
    this.#gathered = undefined;
    this.#gatheredBytes = 0;
    const codec = this.#codec;
    if (this.#hasMoved && codec.position !== undefined) parts.push(codec.position(this.cursors()));
    this.#hasMoved = false;
    const [only, ...more] = joinSmall(parts, this.#options.hub.allocate);
    if (only === undefined) return;
    if (more.length === 0) return this.#write(only);
    try {
      this.#output.writeAll([only, ...more]);
    } catch (error) {
      this.#break(error);
    }
  }

  #write(bytes: Uint8Array): void {
    try {
      this.#output.write(bytes);
    } catch (error) {
      this.#break(error);
    }
  }

  /** The readers of other connections must not suffer from this one's output. */
  #break(error: unknown): void {
    this.close();
    this.#output.broken?.(error);
  }

  /** Takes readers that are behind on, in turn, for as long as there is room. */
  async #drive(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    for (let reader = this.#next(); reader !== undefined; reader = this.#next()) {
      await reader.step();
      // Back to the end, so that each has its turn.
      this.#behind?.delete(reader);
      if (reader.state === "catching-up") this.#behind?.add(reader);
    }
    if (this.#behind?.size === 0) this.#behind = undefined;
    this.#isDriving = false;
    this.#attendance?.resume();
  }

  #next(): Reader | undefined {
    if (this.#behind === undefined) return undefined;
    if (!this.#output.isBlocked) this.#behind.waitsSinceMs = undefined;
    else this.#behind.waitsSinceMs ??= this.#options.hub.nowMs();
    if (this.isBlocked) return undefined;
    const [next] = this.#behind;
    return next;
  }

  #end(subscription: Subscription): void {
    subscription.stop();
    this.#forget(subscription);
    subscription.settle?.failed(endedError(subscription.channel));
  }

  #forget(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.channel);
    this.#behind?.delete(subscription);
    if (this.#behind?.size === 0) this.#behind = undefined;
    this.#attendance?.unlisten(subscription.channel);
  }
}

/** Parts as they are written: small neighbours as one, and large ones as they are, which others may be given too. */
function joinSmall(parts: readonly Uint8Array[], allocate: Allocate): readonly Uint8Array[] {
  const joined: Uint8Array[] = [];
  for (let from = 0, to = 0; from < parts.length; from = to) {
    for (to = from; to < parts.length && (parts[to] as Uint8Array).length < UNCOPIED_BYTES;) to++;
    if (to - from > 1) joined.push(join(parts.slice(from, to), allocate));
    else {
      to = from + 1;
      joined.push(parts[from] as Uint8Array);
    }
  }
  return joined;
}

function join(parts: readonly Uint8Array[], allocate: Allocate): Uint8Array {
  const joined = allocate(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function endedError(channel: string): TidingsError {
  return new TidingsError("NOT_SUBSCRIBED", `channel "${channel}" was ended before its reading had begun.`);
}
