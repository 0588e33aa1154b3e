import type { Appended, FlushListener, Hub, PublishWatch } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import type { Activity } from "./activity.ts";
import { type Quantiles, Values } from "./quantiles.ts";

/** About so many publishes are timed a second, however many there are: a clock read for each would be too dear. */
const TIMED_PER_SECOND = 100;
/** So many flushes may pass by before one is given up: each part of a channel with many readers has its own. */
const MAX_FLUSHES = 1_024;

/**
 * How long messages take from where the log is asked to append them to where their bytes are handed to the sinks of all live
 * readers, of some of them; and, while that is wanted, what is published on each channel.
 */
export class Deliveries implements PublishWatch {
  readonly #hub: Hub;
  readonly #activity: Activity;
  readonly #tookMs = new Values();
  /** Every so many publishes one is timed. */
  #stride = 1;
  #left = 1;
  #asked = 0;

  constructor(hub: Hub, activity: Activity) {
    this.#hub = hub;
    this.#activity = activity;
  }

  asked(): number {
    this.#asked++;
    if (--this.#left > 0) return 0;
    this.#left = this.#stride;
    return performance.now();
  }

  published(channel: string, messages: number, bytes: number, asked: number, appended?: Appended): void {
    this.#activity.add(channel, messages, bytes);
    if (asked === 0 || appended === undefined || this.#hub.readersOf(channel) === 0) return;
    new Way(this.#hub, channel, appended.offset, () => this.#tookMs.add(performance.now() - asked)).look();
  }

  /** What was measured since the last call; to be called about once a second. */
  take(): Quantiles | null {
    this.#stride = Math.max(1, Math.ceil(this.#asked / TIMED_PER_SECOND));
    this.#left = Math.min(this.#left, this.#stride);
    this.#asked = 0;
    return this.#tookMs.take();
  }
}

/** One message on its way through the hub. */
class Way implements FlushListener {
  readonly #hub: Hub;
  readonly #channel: string;
  readonly #offset: Offset;
  readonly #onArrived: () => void;
  #flushes = 0;

  constructor(hub: Hub, channel: string, offset: Offset, onArrived: () => void) {
    this.#hub = hub;
    this.#channel = channel;
    this.#offset = offset;
    this.#onArrived = onArrived;
  }

  look(): void {
    const settled = this.#hub.settledOf(this.#channel);
    // Nobody reads it any more.
    if (settled === undefined) return;
    // Connections with several channels write at the end of the flush: after this.
    if (settled >= this.#offset) queueMicrotask(this.#onArrived);
    else if (this.#flushes++ < MAX_FLUSHES) this.#hub.afterFlush(this);
  }

  flushed(): void {
    this.look();
  }
}
