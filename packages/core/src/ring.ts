import { IDEMPOTENCY_MS, type Message, type Offset } from "@tidings/protocol";
import type { PageLimits, Retention } from "./log.ts";

/** What a ring has to know of a message: a log may keep the rest elsewhere. */
export type Held = Pick<Message, "offset" | "timeMs" | "kind" | "key">;

/** What is held of one channel, in memory: whole messages, or where they are. */
export interface Ring<T extends Held = Message> {
  readonly head: Offset;
  readonly earliest: Offset;
  /** As in `ChannelState`. */
  readonly resumable: Offset | undefined;
  /** How many messages are held. */
  readonly size: number;
  readonly bytes: number;
  readonly keys: RecentKeys;
  add(messages: readonly T[]): void;
  /** Drops what the retention does not keep. */
  trim(retention: Retention, nowMs: number): void;
  truncate(upTo: Offset): void;
  read(after: Offset, limits: PageLimits): readonly T[];
  offsetBeforeLast(count: number): Offset;
  offsetBeforeTime(timeMs: number): Offset;
}

/** The idempotency keys of one channel. */
export class RecentKeys {
  /**
   * Oldest first, as a Map keeps them, so that forgetting stops at the first that is still fresh. There while any is: an
   * empty one takes a fifth of what an idle channel costs.
   */
  #known: Map<string, { readonly offset: Offset; readonly untilMs: number }> | undefined;

  recall(key: string, nowMs: number): Offset | undefined {
    const known = this.#known?.get(key);
    return known !== undefined && known.untilMs > nowMs ? known.offset : undefined;
  }

  remember(keys: readonly (readonly [key: string, offset: Offset])[], nowMs: number): void {
    this.forget(nowMs);
    if (keys.length === 0) return;
    this.#known ??= new Map();
    for (const [key, offset] of keys) this.#known.set(key, { offset, untilMs: nowMs + IDEMPOTENCY_MS });
  }

  forget(nowMs: number): void {
    if (this.#known === undefined) return;
    for (const [key, { untilMs }] of this.#known) {
      if (untilMs > nowMs) return;
      this.#known.delete(key);
    }
    this.#known = undefined;
  }
}
