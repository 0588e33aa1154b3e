import { type Message, type NewMessage, type Offset, TidingsError, toOffset } from "@tidings/protocol";
import { planAppend } from "./append-plan.ts";
import { checkRoom } from "./check-room.ts";
import type {
  AppendOptions,
  Appended,
  ChannelDescription,
  ChannelState,
  Log,
  LogOptions,
  LogPage,
  PageLimits,
  Retention,
  TailListener,
} from "./log.ts";
import { KeyedMessages, PlainMessages } from "./message-rings.ts";
import type { Ring } from "./ring.ts";
import { Slab } from "./slab.ts";

const NO_VALUES = { count: 0, bytes: 0 };
/** How many channels one sweep looks at, which takes a millisecond; the next one goes on behind them. */
const SWEEP_CHANNELS = 1_000;

/** The log in memory: ordered and bounded like every other, gone with the process. A new one is a new epoch. */
export class MemoryLog implements Log {
  readonly isContiguous = true;
  readonly #options: LogOptions;
  readonly #epoch: string;
  /** None ever goes before the log is closed. */
  readonly #rings = new Map<string, Ring>();
  readonly #firsts = new Slab();
  /** Of all rings, in order, but for those that were made since. */
  #names: readonly string[] = [];
  #newNames: string[] = [];
  /** Followed channels, each with the earliest that the tail was last told: a read drops what is over its age too. */
  readonly #followed = new Map<string, Offset>();
  readonly #listeners = new Set<TailListener>();
  #sweeping: Iterator<string> = this.#rings.keys();
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
    const retention = this.#options.retentionOf(channel);
    const existing = this.#find(channel, retention);
    // A deletion that is over its age has gone, and must not be taken for one that is replaced now.
    if (retention.compact === true) existing?.trim(retention, timeMs);
    const at = { epoch: this.#epoch, head: existing?.head ?? toOffset(0), timeMs };
    const plan = planAppend(channel, at, batch, options, (key) => existing?.keys.recall(key, timeMs));
    if (plan.messages.length === 0 && plan.keys.length === 0)
      return { epoch: this.#epoch, offset: plan.offset, appended: 0 };

    if (retention.compact === true) checkKeyed(channel, retention, existing, plan.messages);
    const ring = existing ?? this.#create(channel, retention);
    ring.add(plan.messages);
    if (plan.keys.length > 0) ring.keys.remember(plan.keys, timeMs);
    ring.trim(retention, timeMs);
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
    return { ...this.#state(ring), messages: ring?.read(after, limits) ?? [] };
  }

  async offsetBeforeLast(channel: string, count: number): Promise<Offset> {
    this.#checkOpen();
    return this.#fresh(channel)?.offsetBeforeLast(count) ?? toOffset(0);
  }

  async offsetBeforeTime(channel: string, timeMs: number): Promise<Offset> {
    this.#checkOpen();
    return this.#fresh(channel)?.offsetBeforeTime(timeMs) ?? toOffset(0);
  }

  async describe(channel: string): Promise<ChannelDescription> {
    this.#checkOpen();
    return this.#describe(channel);
  }

  has(channel: string): boolean {
    return this.#rings.has(channel);
  }

  get channelCount(): number {
    return this.#rings.size;
  }

  async channels(options: {
    prefix: string;
    after: string;
    limit: number;
  }): Promise<readonly ChannelDescription[]> {
    this.#checkOpen();
    const { prefix, after, limit } = options;
    const names = this.#sortedNames();
    const from = after >= prefix ? firstAbove(names, after) : firstAbove(names, prefix, true);
    const found: ChannelDescription[] = [];
    for (let at = from; at < names.length && found.length < limit; at++) {
      const name = names[at] as string;
      if (!name.startsWith(prefix)) break;
      found.push(this.#describe(name));
    }
    return found;
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
      ring.truncate(upTo ?? ring.head);
      this.#tell(channel, ring, []);
    }
    return this.#state(ring);
  }

  async sweep(): Promise<void> {
    if (this.#isClosed) return;
    const nowMs = this.#options.nowMs();
    for (let left = Math.min(this.#rings.size, SWEEP_CHANNELS); left > 0; left--) {
      let next = this.#sweeping.next();
      if (next.done === true) next = (this.#sweeping = this.#rings.keys()).next();
      const channel = next.value as string;
      const ring = this.#fresh(channel, nowMs) as Ring;
      ring.keys.forget(nowMs);
      this.#tell(channel, ring, []);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    this.#followed.clear();
    this.#rings.clear();
    this.#names = [];
    this.#newNames = [];
  }

  /** Put in order only when they are asked for, and once: to walk 100,000 channels by pages would else sort them for each. */
  #sortedNames(): readonly string[] {
    if (this.#newNames.length > 0) this.#names = [...this.#names, ...this.#newNames].sort();
    this.#newNames = [];
    return this.#names;
  }

  #create(channel: string, { compact }: Retention): Ring {
    const ring = compact === true ? new KeyedMessages() : new PlainMessages(this.#firsts);
    this.#rings.set(channel, ring);
    this.#newNames.push(channel);
    return ring;
  }

  /** The channel as its retention wants it kept. */
  #find(channel: string, { compact }: Retention): Ring | undefined {
    const ring = this.#rings.get(channel);
    if (ring instanceof KeyedMessages) ring.keep(compact === true);
    if (compact !== true || !(ring instanceof PlainMessages)) return ring;
    const keyed = new KeyedMessages(ring);
    this.#rings.set(channel, keyed);
    return keyed;
  }

  /** The channel without what is over its age, so that a read never shows it. */
  #fresh(channel: string, nowMs: number = this.#options.nowMs()): Ring | undefined {
    if (!this.#rings.has(channel)) return undefined;
    const retention = this.#options.retentionOf(channel);
    const ring = this.#find(channel, retention);
    ring?.trim(retention, nowMs);
    return ring;
  }

  #state(ring: Ring | undefined): ChannelState {
    const state = {
      epoch: this.#epoch,
      head: ring?.head ?? toOffset(0),
      earliest: ring?.earliest ?? toOffset(1),
    };
    return ring?.resumable === undefined ? state : { ...state, resumable: ring.resumable };
  }

  #describe(channel: string): ChannelDescription {
    const ring = this.#fresh(channel);
    return { channel, ...this.#state(ring), messages: ring?.size ?? 0, bytes: ring?.bytes ?? 0 };
  }

  #tell(channel: string, ring: Ring | undefined, messages: readonly Message[]): void {
    const told = this.#followed.get(channel);
    const earliest = ring?.earliest ?? toOffset(1);
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

/** Where the names begin that are above one, or with `orSame` that one too. */
function firstAbove(names: readonly string[], name: string, orSame = false): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = names[middle] as string;
    if (at > name || (orSame && at === name)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** @throws {TidingsError} `CHANNEL_FULL` */
function checkKeyed(
  channel: string,
  retention: Retention,
  ring: Ring | undefined,
  messages: readonly Message[],
): void {
  const keyed = ring instanceof KeyedMessages ? ring : undefined;
  checkRoom(channel, retention, keyed?.values ?? NO_VALUES, messages, (key) => keyed?.valueBytes(key));
}
