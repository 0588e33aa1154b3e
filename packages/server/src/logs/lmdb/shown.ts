import type { Retention } from "@tidings/core";
import type { Channel } from "./channel.ts";
import { ChannelCache } from "./channel-cache.ts";
import { isSparse } from "./compact/held.ts";
import { isConverted, retainSparse } from "./compact/window.ts";
import type { ChannelDraft } from "./draft.ts";
import type { CheckedOptions } from "./options.ts";
import { locate } from "./read-messages.ts";
import type { StoreReader } from "./store-reader.ts";
import { applyRetention } from "./window.ts";

/** Channels as readers are shown them: as of the last commit that was answered, without what is over its age by now. */
export class ShownChannels {
  /** What is being committed: until it is, readers are shown what stood before, whatever LMDB would show them. */
  underWay: ReadonlyMap<string, ChannelDraft> = new Map();
  readonly #options: CheckedOptions;
  readonly #cache: ChannelCache;

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#cache = new ChannelCache(options.maxCachedChannels);
  }

  /** As readers are shown it now; a sweep only makes room. */
  get(name: string, reader: StoreReader): Channel | undefined {
    const known = this.#cache.get(name) ?? this.#stored(name, reader);
    if (known === undefined) return undefined;
    let kept = known;
    try {
      kept = this.#retained(known, this.#options.retentionOf(name), reader);
    } catch {
      // A damaged block: whoever reads it is told, and the channel goes on for everyone else.
    }
    this.#cache.set(kept);
    return kept;
  }

  /** Whether it was ever written to. */
  has(name: string, reader: StoreReader): boolean {
    if (this.#cache.peek(name) !== undefined) return true;
    try {
      return this.#stored(name, reader) !== undefined;
    } catch {
      return true; // What cannot be read is told to those who read it.
    }
  }

  /** Takes up what was committed. */
  set(channel: Channel): void {
    this.#cache.set(channel);
  }

  /** Forgets all that was read of a store. */
  clear(): void {
    this.#cache.clear();
  }

  /** Whether a channel is kept as its policy says. It is not when that has changed, until it is converted. */
  isConverted(name: string, reader: StoreReader): boolean {
    try {
      const known = this.#cache.peek(name) ?? this.#stored(name, reader);
      return known === undefined || isConverted(known, this.#options.retentionOf(name));
    } catch {
      return true; // What cannot be read is told to those who read it.
    }
  }

  /**
   * Whether a channel leaves offsets out and a commit of it is under way: LMDB may have the newer message of a key then,
   * which nobody is shown yet, and not the older one any more.
   */
  isInFlux(name: string): boolean {
    return this.underWay.get(name)?.channel.sparse !== undefined;
  }

  #stored(name: string, reader: StoreReader): Channel | undefined {
    const draft = this.underWay.get(name);
    return draft === undefined ? reader.channel(name) : draft.before;
  }

  #retained(channel: Channel, retention: Retention, reader: StoreReader): Channel {
    const nowMs = this.#options.nowMs();
    if (isSparse(channel))
      return this.isInFlux(channel.name) ? channel : retainSparse(channel, retention, nowMs, reader);
    // Bounds that a compact channel has for its keys would drop what is not converted yet.
    if (retention.compact === true) return channel;
    return applyRetention(channel, retention, nowMs, (offset) => locate(reader, channel, offset));
  }
}
