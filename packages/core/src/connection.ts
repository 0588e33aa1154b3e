import {
  type Allocate,
  type Batch,
  type Cursor,
  errorFrame,
  formatCursor,
  type ServerFrame,
  TidingsError,
} from "@tidings/protocol";
import { eventFilter } from "./filter.ts";
import { type Gap, gapFrame } from "./gap.ts";
import type { FlushListener, Hub } from "./hub.ts";
import type { PageLimits } from "./log.ts";
import { Attendance } from "./presence/attendance.ts";
import type { Presence } from "./presence/presence.ts";
import { Reader, type ReaderSink } from "./reader.ts";
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

export interface ConnectionOptions {
  readonly hub: Hub;
  readonly output: Output;
  readonly codec: StreamCodec;
  readonly maxChannels: number;
  /** What its presence is in; without it the connection has none. */
  readonly presence?: Presence | undefined;
  /** How much of the log one reader hands on at a time: what a connection that never reads costs, about. */
  readonly pageLimits: PageLimits;
  /** A subscription failed after it was opened; told to the peer already. */
  readonly onLost?: (channel: string, error: unknown) => void;
  /** The output threw, and the connection is closed. */
  readonly onBroken?: (error: unknown) => void;
  /** Makes what failed fit for a peer's eyes; what is not a TidingsError is hidden behind `INTERNAL`. */
  readonly toError: (error: unknown) => TidingsError;
}

interface Subscription {
  readonly reader: Reader;
  readonly id: string | undefined;
  readonly presence: boolean;
  /** Whether `caught-up` is still to be told: after the start, and after a gap. */
  tellsCaughtUp: boolean;
  settle:
    | { readonly opened: (cursor: Cursor) => void; readonly failed: (error: unknown) => void }
    | undefined;
}

/**
 * Several readers with one output, one per channel: an SSE, NDJSON or WebSocket connection. It drives those that are
 * catching up, a page after the other, and what one turn brings on all channels goes out as one write.
 */
export class Connection implements ReaderSink, FlushListener {
  readonly #options: ConnectionOptions;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #behind = new Set<Reader>();
  #isDriving = false;
  #gathered: Uint8Array[] = [];
  #gatheredBytes = 0;
  /** Whether any cursor has moved since the position was written. */
  #hasMoved = false;
  #isClosed = false;
  /** There once presence is asked for: most connections never do. */
  #attendance: Attendance | undefined;
  #isPresenceNext = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Also for the readers: what they handed over in this turn counts too. */
  get isBlocked(): boolean {
    return this.#options.output.isBlocked || this.#gatheredBytes >= this.#options.pageLimits.maxBytes;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get channels(): readonly string[] {
    return [...this.#subscriptions.keys()];
  }

  /** How many of the channels are not live at this moment. */
  get behind(): number {
    return this.#behind.size;
  }

  /**
   * Its part in presence.
   *
   * @throws {TidingsError} `PRESENCE_FORBIDDEN` where it has none, `CONNECTION_UNKNOWN` once it is closed
   */
  get attendance(): Attendance {
    const { presence, maxChannels, codec } = this.#options;
    if (this.#isClosed)
      throw new TidingsError("CONNECTION_UNKNOWN", "the connection has ended; connect again.");
    if (presence === undefined)
      throw new TidingsError("PRESENCE_FORBIDDEN", "there is no presence on this connection.");
    this.#attendance ??= new Attendance({
      presence,
      maxChannels,
      codec,
      isBlocked: () => this.isBlocked,
      write: (bytes) => {
        const { isFlushing } = this.#options.hub;
        // Shared by all listeners, so it is not to be joined with anything where it need not be.
        if (this.#gathered.length === 0 && !isFlushing && !this.#isClosed) return this.#write(bytes);
        this.#put(bytes);
        if (!isFlushing) this.#writeGathered();
      },
    });
    return this.#attendance;
  }

  /** Every channel's cursor, of those that are known yet. */
  *cursors(): Iterable<readonly [string, Cursor]> {
    for (const [channel, { reader }] of this.#subscriptions) {
      if (reader.cursor !== undefined) yield [channel, reader.cursor];
    }
  }

  /**
   * Begins to read a channel. Resolves with where it began, once `ok` is on its way, ahead of the messages.
   *
   * @throws {TidingsError} `ALREADY_SUBSCRIBED`, `TOO_MANY_CHANNELS`, `CURSOR_GONE`, `NOT_SUBSCRIBED` where it or
   *   the connection was ended first, `PRESENCE_FORBIDDEN`, or what the log met
   */
  async subscribe({ channel, start, events, onGap, id, presence = false }: Subscribe): Promise<Cursor> {
    const { hub, codec, pageLimits, maxChannels } = this.#options;
    if (this.#isClosed) throw endedError(channel);
    if (this.#subscriptions.has(channel)) {
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
    const filter = eventFilter(events);
    const reader = new Reader(
      hub,
      { channel, start, format: codec.format, filter, limits: pageLimits, onGap: onGap ?? "continue" },
      this,
    );
    const opened = new Promise<Cursor>((resolve, reject) => {
      const settle = { opened: resolve, failed: reject };
      this.#subscriptions.set(channel, { reader, id, presence, tellsCaughtUp: true, settle });
    });
    this.fellBehind(reader);
    return opened;
  }

  /** Ends a channel; answers where it stood, or `undefined` where it was not read. */
  unsubscribe(channel: string): { readonly cursor: Cursor | undefined } | undefined {
    const subscription = this.#subscriptions.get(channel);
    if (subscription === undefined) return undefined;
    this.#end(channel, subscription);
    return { cursor: subscription.reader.cursor };
  }

  /** Writes a frame of the connection itself: at once, or with the flush that is under way. */
  send(frame: ServerFrame): void {
    this.sendBytes(this.#options.codec.frame(frame));
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
    for (const [channel, subscription] of this.#subscriptions) this.#end(channel, subscription);
  }

  opened(reader: Reader, cursor: Cursor): void {
    const subscription = this.#of(reader);
    const { id, settle, presence } = subscription;
    this.#tell({
      type: "ok",
      ...(id === undefined ? {} : { id }),
      channel: reader.channel,
      cursor: formatCursor(cursor),
    });
    if (presence) this.#attendance?.listen(reader.channel);
    settle?.opened(cursor);
    subscription.settle = undefined;
  }

  batch(_reader: Reader, batch: Batch): void {
    this.#hasMoved = true;
    this.#put(batch.bytes);
  }

  gap(reader: Reader, gap: Gap): void {
    this.#of(reader).tellsCaughtUp = true;
    this.#tell(gapFrame(reader.channel, gap));
  }

  caughtUp(reader: Reader): void {
    const subscription = this.#of(reader);
    if (!subscription.tellsCaughtUp) return;
    subscription.tellsCaughtUp = false;
    this.#tell({ type: "caught-up", channel: reader.channel, cursor: formatCursor(reader.cursor as Cursor) });
  }

  fellBehind(reader: Reader): void {
    this.#behind.add(reader);
    void this.#drive();
  }

  failed(reader: Reader, error: unknown): void {
    const { settle, id } = this.#of(reader);
    this.#subscriptions.delete(reader.channel);
    this.#behind.delete(reader);
    this.#attendance?.unlisten(reader.channel);
    if (settle !== undefined) return settle.failed(error);
    this.send(errorFrame(this.#options.toError(error), { id, channel: reader.channel }));
    this.#options.onLost?.(reader.channel, error);
  }

  flushed(): void {
    this.#writeGathered();
    this.#attendance?.resume();
    // It may have been what was gathered that blocked.
    if (this.#behind.size > 0) void this.#drive();
  }

  /** A frame that comes with a cursor. */
  #tell(frame: ServerFrame): void {
    this.#hasMoved = true;
    this.#put(this.#options.codec.frame(frame));
  }

  #put(bytes: Uint8Array): void {
    if (this.#isClosed || bytes.length === 0) return;
    const { hub, codec } = this.#options;
    // On one channel a flush is one batch: written as it comes, for gathering it costs three times as much (60 ns a
    // reader). Never past what was gathered before it.
    const isWhole = this.#subscriptions.size === 1 && codec.position === undefined;
    if (isWhole && hub.isFlushing && this.#gathered.length === 0) return this.#write(bytes);
    this.#gathered.push(bytes);
    this.#gatheredBytes += bytes.length;
    if (this.#gathered.length === 1) hub.afterFlush(this);
  }

  #writeGathered(): void {
    const parts = this.#gathered;
    if (parts.length === 0) return;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    const { codec, hub } = this.#options;
    if (this.#hasMoved && codec.position !== undefined) parts.push(codec.position(this.cursors()));
    this.#hasMoved = false;
    const [only, ...more] = joinSmall(parts, hub.allocate);
    if (only === undefined) return;
    if (more.length === 0) return this.#write(only);
    try {
      this.#options.output.writeAll([only, ...more]);
    } catch (error) {
      this.#break(error);
    }
  }

  #write(bytes: Uint8Array): void {
    try {
      this.#options.output.write(bytes);
    } catch (error) {
      this.#break(error);
    }
  }

  /** The readers of other connections must not suffer from this one's output. */
  #break(error: unknown): void {
    this.close();
    this.#options.onBroken?.(error);
  }

  /** Takes readers that are behind on, in turn, for as long as there is room. */
  async #drive(): Promise<void> {
    if (this.#isDriving) return;
    this.#isDriving = true;
    for (let reader = this.#next(); reader !== undefined; reader = this.#next()) {
      await reader.step();
      // Back to the end, so that each has its turn.
      this.#behind.delete(reader);
      if (reader.state === "catching-up") this.#behind.add(reader);
    }
    this.#isDriving = false;
    this.#attendance?.resume();
  }

  #next(): Reader | undefined {
    if (this.isBlocked) return undefined;
    const [next] = this.#behind;
    return next;
  }

  #of(reader: Reader): Subscription {
    return this.#subscriptions.get(reader.channel) as Subscription;
  }

  #end(channel: string, { reader, settle }: Subscription): void {
    reader.stop();
    this.#subscriptions.delete(channel);
    this.#behind.delete(reader);
    this.#attendance?.unlisten(channel);
    settle?.failed(endedError(channel));
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
