import {
  IDEMPOTENCY_MS,
  type Message,
  messageBytes,
  type NewMessage,
  type Offset,
  TidingsError,
  toOffset,
} from "@tidings/protocol";
import { planAppend } from "./append-plan.ts";
import type {
  AppendOptions,
  Appended,
  ChannelDescription,
  ChannelState,
  Log,
  LogOptions,
  LogPage,
  PageLimits,
  TailListener,
} from "./log.ts";

/** One channel: a ring of messages, of which those before `start` are gone. */
interface Ring {
  head: Offset;
  messages: (Message | undefined)[];
  start: number;
  bytes: number;
  /** Oldest first, as a Map keeps them, so that forgetting stops at the first that is still fresh. */
  readonly keys: Map<string, { readonly offset: Offset; readonly untilMs: number }>;
}

/** The log in memory: ordered and bounded like every other, gone with the process. A new one is a new epoch. */
export class MemoryLog implements Log {
  readonly isContiguous = true;
  readonly #options: LogOptions;
  readonly #epoch: string;
  readonly #rings = new Map<string, Ring>();
  /** Followed channels, each with the earliest that the tail was last told: a read drops what is over its age too. */
  readonly #followed = new Map<string, Offset>();
  readonly #listeners = new Set<TailListener>();
  #isClosed = false;

  constructor(options: LogOptions) {
    this.#options = options;
    this.#epoch = options.newEpoch();
  }

  async append(
    channel: string,
    batch: readonly NewMessage[],
    options: AppendOptions = {},
  ): Promise<Appended> {
    this.#checkOpen();
    const timeMs = this.#options.nowMs();
    const existing = this.#rings.get(channel);
    const at = { epoch: this.#epoch, head: existing?.head ?? toOffset(0), timeMs };
    const plan = planAppend(channel, at, batch, options, (key) => recall(existing, key, timeMs));
    if (plan.messages.length === 0 && plan.keys.length === 0)
      return { epoch: this.#epoch, offset: plan.offset, appended: 0 };

    const ring = existing ?? this.#create(channel);
    for (const message of plan.messages) {
      ring.messages.push(message);
      ring.bytes += messageBytes(message);
      ring.head = message.offset;
    }
    forget(ring, timeMs);
    for (const [key, offset] of plan.keys) ring.keys.set(key, { offset, untilMs: timeMs + IDEMPOTENCY_MS });
    this.#trim(channel, ring, timeMs);
    this.#tell(channel, ring, plan.messages);
    return { epoch: this.#epoch, offset: plan.offset, appended: plan.messages.length };
  }

  async broadcast(channel: string, messages: readonly NewMessage[]): Promise<void> {
    this.#checkOpen();
    const timeMs = this.#options.nowMs();
    const ephemeral = messages.map(({ idempotencyKey: _, ...message }) => ({
      ...message,
      timeMs,
      offset: toOffset(0),
    }));
    this.#tell(channel, this.#rings.get(channel), ephemeral);
  }

  async read(channel: string, after: Offset, limits: PageLimits): Promise<LogPage> {
    this.#checkOpen();
    const ring = this.#fresh(channel);
    const state = this.#state(ring);
    const messages: Message[] = [];
    if (ring !== undefined) {
      let bytes = 0;
      for (let at = ring.start + Math.max(0, after + 1 - state.earliest); at < ring.messages.length; at++) {
        const message = ring.messages[at] as Message;
        bytes += messageBytes(message);
        if (messages.length > 0 && (messages.length >= limits.maxMessages || bytes > limits.maxBytes)) break;
        messages.push(message);
      }
    }
    return { ...state, messages };
  }

  async offsetBeforeLast(channel: string, count: number): Promise<Offset> {
    this.#checkOpen();
    const { head, earliest } = this.#state(this.#fresh(channel));
    return toOffset(Math.max(earliest - 1, head - count));
  }

  async describe(channel: string): Promise<ChannelDescription> {
    this.#checkOpen();
    return this.#describe(channel);
  }

  async channels(options: {
    prefix: string;
    after: string;
    limit: number;
  }): Promise<readonly ChannelDescription[]> {
    this.#checkOpen();
    const names = [...this.#rings.keys()].filter(
      (name) => name.startsWith(options.prefix) && name > options.after,
    );
    return names
      .sort()
      .slice(0, options.limit)
      .map((name) => this.#describe(name));
  }

  async follow(channel: string): Promise<ChannelState> {
    this.#checkOpen();
    const state = this.#state(this.#fresh(channel));
    if (!this.#followed.has(channel)) this.#followed.set(channel, state.earliest);
    return state;
  }

  unfollow(channel: string): void {
    this.#followed.delete(channel);
  }

  tail(listener: TailListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async truncate(channel: string, upTo?: Offset): Promise<ChannelState> {
    this.#checkOpen();
    const ring = this.#fresh(channel);
    if (ring !== undefined) {
      while (ring.start < ring.messages.length && earliestOf(ring) <= (upTo ?? ring.head)) dropFirst(ring);
      compact(ring);
      this.#tell(channel, ring, []);
    }
    return this.#state(ring);
  }

  async sweep(): Promise<void> {
    if (this.#isClosed) return;
    const nowMs = this.#options.nowMs();
    for (const [channel, ring] of this.#rings) {
      forget(ring, nowMs);
      this.#trim(channel, ring, nowMs);
      this.#tell(channel, ring, []);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#followed.clear();
    this.#rings.clear();
  }

  #create(channel: string): Ring {
    const ring: Ring = { head: toOffset(0), messages: [], start: 0, bytes: 0, keys: new Map() };
    this.#rings.set(channel, ring);
    return ring;
  }

  /** The channel without what is over its age, so that a read never shows it. */
  #fresh(channel: string): Ring | undefined {
    const ring = this.#rings.get(channel);
    if (ring !== undefined) this.#trim(channel, ring, this.#options.nowMs());
    return ring;
  }

  #trim(channel: string, ring: Ring, nowMs: number): void {
    const { maxMessages, maxBytes, maxAgeMs } = this.#options.retentionOf(channel);
    for (let first = ring.messages[ring.start]; first !== undefined; first = ring.messages[ring.start]) {
      const held = ring.messages.length - ring.start;
      if (held <= maxMessages && ring.bytes <= maxBytes && nowMs - first.timeMs <= maxAgeMs) break;
      dropFirst(ring);
    }
    compact(ring);
  }

  #state(ring: Ring | undefined): ChannelState {
    return { epoch: this.#epoch, head: ring?.head ?? toOffset(0), earliest: earliestOf(ring) };
  }

  #describe(channel: string): ChannelDescription {
    const ring = this.#fresh(channel);
    const messages = ring === undefined ? 0 : ring.messages.length - ring.start;
    return { channel, ...this.#state(ring), messages, bytes: ring?.bytes ?? 0 };
  }

  #tell(channel: string, ring: Ring | undefined, messages: readonly Message[]): void {
    const told = this.#followed.get(channel);
    const earliest = earliestOf(ring);
    if (told === undefined || (messages.length === 0 && told === earliest)) return;
    this.#followed.set(channel, earliest);
    const event = { channel, epoch: this.#epoch, earliest, messages };
    for (const listener of this.#listeners) listener(event);
  }

  #checkOpen(): void {
    if (this.#isClosed)
      throw new TidingsError("LOG_UNAVAILABLE", "the log is closed; the server is going down.");
  }
}

function earliestOf(ring: Ring | undefined): Offset {
  return toOffset(ring === undefined ? 1 : ring.head - (ring.messages.length - ring.start) + 1);
}

function dropFirst(ring: Ring): void {
  ring.bytes -= messageBytes(ring.messages[ring.start] as Message);
  ring.messages[ring.start] = undefined;
  ring.start++;
}

/** Gives the room before `start` back, once it is as much as what is held: each message is moved once on average. */
function compact(ring: Ring): void {
  if (ring.start < 64 || ring.start * 2 < ring.messages.length) return;
  ring.messages = ring.messages.slice(ring.start);
  ring.start = 0;
}

function recall(ring: Ring | undefined, key: string, nowMs: number): Offset | undefined {
  const known = ring?.keys.get(key);
  return known !== undefined && known.untilMs > nowMs ? known.offset : undefined;
}

function forget(ring: Ring, nowMs: number): void {
  for (const [key, { untilMs }] of ring.keys) {
    if (untilMs > nowMs) return;
    ring.keys.delete(key);
  }
}
