import type { Channel } from "./channel.ts";

/** Channels as they were last seen, the one used longest ago forgotten first: the store has them all. */
export class ChannelCache {
  readonly #limit: number;
  readonly #channels = new Map<string, Channel>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  get(name: string): Channel | undefined {
    const channel = this.#channels.get(name);
    // A Map keeps the order of insertion, so moving to the end is what makes its first the one used longest ago.
    if (channel !== undefined) this.set(channel);
    return channel;
  }

  /** As {@link ChannelCache.get}, without counting as a use. */
  peek(name: string): Channel | undefined {
    return this.#channels.get(name);
  }

  set(channel: Channel): void {
    this.#channels.delete(channel.name);
    this.#channels.set(channel.name, channel);
    if (this.#channels.size <= this.#limit) return;
    const oldest = this.#channels.keys().next();
    if (oldest.done !== true) this.#channels.delete(oldest.value);
  }

  clear(): void {
    this.#channels.clear();
  }
}
