import type { Retention } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import type { Arg, Reply } from "./connection.ts";
import type { Engine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import type { CheckedOptions } from "./options.ts";
import { CHANNEL_SCRIPT, LOST_SCRIPT } from "./script/index.ts";

/** Channels of which it is known what was last seen; those seen longest ago are forgotten first. */
const MAX_KNOWN = 20_000;
/** Of these so many are compared by one call: a millisecond or two of the engine's time. */
const COMPARED_CHANNELS = 500;
/** Where the tag stands in what each call takes along. */
const TAG_PLACE = 9;

/** A channel as a call left it. */
export interface Seen {
  readonly epoch: string;
  readonly head: Offset;
  readonly earliest: Offset;
  readonly resumable: Offset | undefined;
  /** Of the call that appended the message at the head. */
  readonly tag: string;
  /** When the oldest message that may go by its age was appended, or earlier; `Infinity` where there is none. */
  readonly oldestMs: number;
}

interface Known extends Pick<Seen, "epoch" | "head" | "tag"> {
  /** How many servers had been lost when it was true. */
  readonly losses: number;
}

/** What a call brought. */
export interface Called {
  readonly seen: Seen;
  readonly result: Reply;
  /** How many replicas have what it did, as far as they were waited for. */
  readonly replicas: number;
}

export type Operation = "append" | "state" | "describe" | "read" | "last" | "time" | "truncate";

/**
 * Calls of one channel, and what this node knows by them. An engine that fell over may have lost its end and handed the
 * same offsets out again, which no offset shows. So each call takes along where this node saw the channel, and the first
 * one after a loss also the tag of the message there: one that is not the same gives the channel another epoch.
 */
export class ChannelCalls {
  readonly #engine: Engine;
  readonly #keys: Keys;
  readonly #options: CheckedOptions;
  readonly #known = new Map<string, Known>();
  #freshEpoch: string;

  constructor(engine: Engine, keys: Keys, options: CheckedOptions) {
    this.#engine = engine;
    this.#keys = keys;
    this.#options = options;
    this.#freshEpoch = options.newEpoch();
  }

  async call(channel: string, operation: Operation, args: readonly Arg[] = []): Promise<Called> {
    return this.#call(channel, operation, args, true, async (keys, all) => [
      await this.#engine.run(CHANNEL_SCRIPT, keys, all),
      0,
    ]);
  }

  /** An append that replicas have to confirm, and that is told to nobody by itself. */
  async appendConfirmed(channel: string, args: readonly Arg[]): Promise<Called> {
    const confirmKey = this.#keys.confirmed(channel);
    return this.#call(channel, "append", args, false, (keys, all) =>
      this.#engine.runConfirmed(CHANNEL_SCRIPT, keys, all, confirmKey),
    );
  }

  async #call(
    channel: string,
    operation: Operation,
    args: readonly Arg[],
    isTold: boolean,
    run: (
      keys: readonly string[],
      args: readonly Arg[],
    ) => Promise<readonly [answer: Reply, replicas: number]>,
  ): Promise<Called> {
    const { losses } = this.#engine;
    const nowMs = this.#options.nowMs();
    const common = this.#common(channel, operation, nowMs, isTold);
    const [answer, replicas] = await run(this.#keys.all(channel, nowMs), [...common, ...args]);
    const [state, result] = answer as readonly [readonly Reply[], Reply];
    const seen = decodeState(state);
    // It may have become the epoch of something.
    if (seen.epoch === this.#freshEpoch) this.#freshEpoch = this.#options.newEpoch();
    // Where a slot's server was lost meanwhile, it may be another one that answered, which was not told of what was seen.
    const isCompared = losses === this.#engine.losses || common[TAG_PLACE] !== "";
    this.learn(channel, seen, isCompared ? losses : undefined);
    return { seen, result, replicas };
  }

  /**
   * Takes up what was seen of a channel. Without `losses`, how many servers had been lost when it was compared with what was
   * known: it does not replace what was seen before a loss, and may be gone.
   */
  learn(channel: string, { epoch, head, tag }: Pick<Seen, "epoch" | "head" | "tag">, losses?: number): void {
    const known = this.#known.get(channel);
    if (known !== undefined && known.epoch === epoch && known.head > head) return;
    if (known !== undefined && losses === undefined && known.losses !== this.#engine.losses) return;
    this.#known.delete(channel);
    this.#known.set(channel, { epoch, head, tag, losses: losses ?? this.#engine.losses });
    if (this.#known.size <= MAX_KNOWN) return;
    const oldest = this.#known.keys().next();
    if (oldest.done !== true) this.#known.delete(oldest.value);
  }

  /**
   * Compares every channel that was seen before a loss, and that nobody has asked for since: who has read what is gone may be
   * at another node by now, and only this one knows. To be called with each return. Never rejects: what is lost again returns again.
   */
  async compareAll(): Promise<void> {
    const { losses } = this.#engine;
    const groups = new Map<string, (readonly [channel: string, known: Known])[]>();
    const uncertain = [...this.#known].filter(([, known]) => known.losses !== losses && known.head > 0);
    for (const [place, each] of uncertain.entries()) {
      // Of a cluster, one script may use keys of one slot only.
      const part = this.#engine.isCluster ? this.#keys.life(each[0]) : "";
      const group = `${part} ${Math.floor(place / COMPARED_CHANNELS)}`;
      groups.set(group, [...(groups.get(group) ?? []), each]);
    }
    for (const group of groups.values()) await this.#compare(group, losses).catch(() => undefined);
  }

  async #compare(
    group: readonly (readonly [channel: string, known: Known])[],
    losses: number,
  ): Promise<void> {
    const keys = group.flatMap(([channel]) => [this.#keys.state(channel), this.#keys.stream(channel)]);
    const args = group.flatMap(([, { epoch, head, tag }]) => [epoch, String(head), tag]);
    const answer = await this.#engine.run(LOST_SCRIPT, keys, args);
    const lost = new Set(answer as readonly number[]);
    for (const [place, [channel, known]] of group.entries()) {
      if (lost.has(place)) await this.call(channel, "state");
      else if (this.#known.get(channel) === known) this.#known.set(channel, { ...known, losses });
    }
  }

  #common(channel: string, operation: Operation, nowMs: number, isTold: boolean): readonly Arg[] {
    const { maxMessages, maxBytes, maxAgeMs, compact } = this.#options.retentionOf(channel);
    const known = this.#known.get(channel);
    const isCertain = known === undefined || known.losses === this.#engine.losses;
    return [
      operation,
      this.#freshEpoch,
      String(nowMs),
      bound(maxMessages),
      bound(maxBytes),
      bound(maxAgeMs),
      compact === true ? "1" : "0",
      known?.epoch ?? "",
      String(known?.head ?? 0),
      isCertain ? "" : known.tag,
      isTold ? this.#engine.publishCommand : "",
      this.#keys.topic(channel),
    ];
  }
}

/** As scripts take it: -1 for no bound. */
export function bound(value: Retention["maxMessages"]): string {
  return Number.isFinite(value) ? String(value) : "-1";
}

function decodeState([epoch, head, earliest, resumable, tag, oldestMs]: readonly Reply[]): Seen {
  return {
    epoch: String(epoch),
    head: head as Offset,
    earliest: earliest as Offset,
    resumable: resumable === -1 ? undefined : (resumable as Offset),
    tag: String(tag),
    oldestMs: oldestMs === -1 ? Number.POSITIVE_INFINITY : (oldestMs as number),
  };
}
