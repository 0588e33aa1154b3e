import type { Retention } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import type { Arg, Reply } from "./connection.ts";
import type { Engine } from "./engine.ts";
import type { Keys } from "./keys.ts";
import type { CheckedOptions } from "./options.ts";
import { CHANNEL_SCRIPT } from "./script/index.ts";

/** Channels of which it is known what was last seen; those seen longest ago are forgotten first. */
const MAX_KNOWN = 20_000;

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

  async call(
    channel: string,
    operation: Operation,
    args: readonly Arg[] = [],
  ): Promise<{ readonly seen: Seen; readonly result: Reply }> {
    const { seen, result } = await this.callThen(channel, operation, args, []);
    return { seen, result };
  }

  /** `then`: what else to call right behind it, on the same connection. */
  async callThen(
    channel: string,
    operation: Operation,
    args: readonly Arg[],
    then: readonly (readonly Arg[])[],
    isTold = true,
  ): Promise<{ readonly seen: Seen; readonly result: Reply; readonly after: readonly Reply[] }> {
    const { losses } = this.#engine;
    const nowMs = this.#options.nowMs();
    const common = this.#common(channel, operation, nowMs, isTold);
    const answers = await this.#engine.run(
      CHANNEL_SCRIPT,
      this.#keys.all(channel, nowMs),
      [...common, ...args],
      then,
    );
    const [answer, ...after] = answers;
    const [state, result] = answer as readonly [readonly Reply[], Reply];
    const seen = decodeState(state);
    // It may have become the epoch of something.
    if (seen.epoch === this.#freshEpoch) this.#freshEpoch = this.#options.newEpoch();
    this.learn(channel, seen, losses);
    return { seen, result, after };
  }

  /** Takes up what was seen of a channel otherwise. */
  learn(channel: string, { epoch, head, tag }: Pick<Seen, "epoch" | "head" | "tag">, losses?: number): void {
    const known = this.#known.get(channel);
    if (known !== undefined && known.epoch === epoch && known.head > head) return;
    this.#known.delete(channel);
    this.#known.set(channel, { epoch, head, tag, losses: losses ?? known?.losses ?? this.#engine.losses });
    if (this.#known.size <= MAX_KNOWN) return;
    const oldest = this.#known.keys().next();
    if (oldest.done !== true) this.#known.delete(oldest.value);
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
