import type { Message, NewMessage, Offset } from "@tidings/protocol";

/** How much of a channel is kept. A message goes when any of the three is exceeded; `Infinity` sets one aside. */
export interface Retention {
  /** Default 10,000. */
  readonly maxMessages: number;
  /** Bytes as `messageBytes` counts them. Default 67,108,864 (64 MiB). */
  readonly maxBytes: number;
  /** Milliseconds since a message was appended. Default 86,400,000 (24 h). */
  readonly maxAgeMs: number;
  /**
   * Keep the newest message of each key: the channel's **values**. Default false. Then
   * - a message with a key goes as soon as a newer one of its key is appended, also one of the same batch: readers of the
   *   log find it neither in pages nor in counts. The tail is told of every message all the same;
   * - a value never goes by count, bytes or age. An append that would bring the values above `maxMessages` or `maxBytes`,
   *   and brings them above what they were, is refused as a whole with `CHANNEL_FULL` (see `checkRoom`);
   * - a message of kind `none` deletes its key: the value goes, and the deletion is held in its place, so that readers
   *   learn of it. Deletions, and messages without a key, are the **rest**: the three bounds hold for it alone, the
   *   oldest of it going first. A deletion that is over its age counts as gone, and not as replaced, when its key is
   *   set again;
   * - a channel that held messages before is compacted by its next append or sweep. One that is `compact` no longer
   *   keeps what it holds under the ordinary bounds, all of it together.
   */
  readonly compact?: boolean;
}

export const DEFAULT_RETENTION: Retention = {
  maxMessages: 10_000,
  maxBytes: 67_108_864,
  maxAgeMs: 86_400_000,
};

/** What a log asks of whoever opens it. */
export interface LogOptions {
  /** The retention that holds for a channel; asked at each append and sweep, so it should be cheap. */
  readonly retentionOf: (channel: string) => Retention;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly nowMs: () => number;
  /** A fresh epoch: 1–32 of `a-z 0-9`, never the same twice. */
  readonly newEpoch: () => string;
}

export interface AppendOptions {
  /** Append only if this is the channel's head, else `CONFLICT`. */
  readonly ifOffset?: Offset;
  /** Append only in this life of the log, else `CONFLICT`. */
  readonly ifEpoch?: string;
  /** Of the batch as one: a repeat within five minutes appends nothing and answers as the first did. */
  readonly idempotencyKey?: string;
}

export interface Appended {
  readonly epoch: string;
  /** Of the batch's last message; of its first append, where that was a repeat. */
  readonly offset: Offset;
  /** How many messages were appended now; 0 when all of them were repeats. */
  readonly appended: number;
}

/** Where a channel's log begins and ends. */
export interface ChannelState {
  readonly epoch: string;
  /** Offset of the newest message ever appended; 0 when there was none. */
  readonly head: Offset;
  /**
   * Every message ever appended at this offset or above is still held; `head + 1` when none is, 1 when nothing was lost.
   * Of a compact channel: reading after `earliest - 1` gives its whole state. Only a truncation moves it there (and
   * ordinary retention, while the channel was not compact or is so no longer).
   */
  readonly earliest: Offset;
  /**
   * Of a channel that is or was compact, and only of such a one: the highest offset of a message that is gone and was
   * not replaced by a newer one of its key: a deletion, one without a key, what a truncation dropped; `earliest - 1`
   * where there is none. Whoever stands there or above comes to the right state by reading on, as does who begins at
   * `earliest - 1` with nothing. Others may have missed the deletion of a key they know.
   */
  readonly resumable?: Offset;
}

export interface ChannelDescription extends ChannelState {
  readonly channel: string;
  /** How many messages are held: of a compact channel, values and rest. */
  readonly messages: number;
  /** As `messageBytes` counts them. */
  readonly bytes: number;
}

export interface PageLimits {
  readonly maxMessages: number;
  /** As `messageBytes` counts them; the first message is given whatever its size. */
  readonly maxBytes: number;
}

export interface LogPage extends ChannelState {
  /**
   * In order, all with an offset above the one asked for; empty only where none is held there: at the head, or on a
   * compact channel below a head that is gone.
   */
  readonly messages: readonly Message[];
}

/** What was appended, dropped or lost on one followed channel. */
export interface TailEvent {
  readonly channel: string;
  readonly epoch: string;
  readonly earliest: Offset;
  /** In order. Ephemeral ones have offset 0. None where only `earliest` or `epoch` changed. */
  readonly messages: readonly Message[];
  /**
   * Messages before these were not reported, and will not be: a node that was cut from its log came back too late for them.
   * Whoever is live goes back to the log, and is told there what is gone. Default false.
   */
  readonly isCut?: boolean;
}

export type TailListener = (event: TailEvent) => void;

/**
 * Where messages live: every channel's ordered, append-only record. Implemented once per log room; the list
 * `describeLog` of the testing package holds each to it. A channel needs no creation: one that nobody wrote to has
 * head 0 and earliest 1.
 */
export interface Log {
  /** Whether offsets leave no holes on channels that were never compact, so that the messages between two of them can be counted. */
  readonly isContiguous: boolean;

  /**
   * Appends a batch as one: all of it or nothing, at offsets above all before, with nothing in between.
   * MUST NOT resolve before the batch would survive what the log promises, and a message MUST NOT reach the tail
   * before that either: what a subscriber has seen, the log has. On the node that appends, the tail MUST be told before
   * the promise resolves, so that who subscribes after it gets only what comes next. Idempotency keys are checked
   * before conditions.
   *
   * @throws {TidingsError} `CONFLICT`, `CHANNEL_FULL`, `LOG_FULL`, `LOG_UNAVAILABLE`; nothing was appended then
   */
  append(channel: string, batch: readonly NewMessage[], options?: AppendOptions): Promise<Appended>;

  /** Hands messages to the tail of every node and keeps none of them: they get offset 0. */
  broadcast(channel: string, messages: readonly NewMessage[]): Promise<void>;

  /** The messages after an offset, from the earliest held on where that is later. */
  read(channel: string, after: Offset, limits: PageLimits): Promise<LogPage>;

  /** The offset after which the newest `count` messages held stand; that before the earliest where no more are held. */
  offsetBeforeLast(channel: string, count: number): Promise<Offset>;

  /**
   * The offset just before the first message held that was appended at `timeMs` (milliseconds since 1970) or later: the head where
   * all are older, `earliest - 1` where none is. Times go up with offsets for as long as the clock does; where it was set
   * back there are several such places, and this is one of them. MUST take no longer for it than for a few pages.
   */
  offsetBeforeTime(channel: string, timeMs: number): Promise<Offset>;

  describe(channel: string): Promise<ChannelDescription>;

  /** Whether a channel was ever written to, as far as that is known at once; `true` where it is not. MUST be cheap. */
  has(channel: string): boolean;

  /** How many channels were ever written to, as far as that is known at once. */
  readonly channelCount: number;

  /** The channels that were ever written to, by name, from the first name above `after`. */
  channels(options: {
    readonly prefix: string;
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly ChannelDescription[]>;

  /**
   * Begins to report a channel to the tail. Every append above the `head` answered is reported, in order, once (but for what
   * `TailEvent.isCut` says); what was reported before it resolved may be reported at or below that head.
   */
  follow(channel: string): Promise<ChannelState>;
  unfollow(channel: string): void;

  /** Listens to all followed channels; the answer ends it. Listeners MUST NOT throw. */
  tail(listener: TailListener): () => void;

  /**
   * Drops all messages up to and with `upTo` (default: the head). Head and epoch stay; the tail is told. On a compact
   * channel values go too, and `resumable` becomes `upTo` at least: who stands below is told a gap. Who stands above
   * keeps what they know, as on every channel: what readers are to forget is deleted, not truncated.
   */
  truncate(channel: string, upTo?: Offset): Promise<ChannelState>;

  /** Drops what is over its age. Called about once a second; a log may also do so on its own. */
  sweep(): Promise<void>;

  /** Waits for appends under way, then lets everything go. Calls after it reject with `LOG_UNAVAILABLE`. */
  close(): Promise<void>;
}
