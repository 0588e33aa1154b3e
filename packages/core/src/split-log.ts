import type { NewMessage, Offset } from "@tidings/protocol";
import type {
  AppendOptions,
  Appended,
  ChannelDescription,
  ChannelState,
  Log,
  LogPage,
  PageLimits,
  TailListener,
} from "./log.ts";

export interface SplitLogOptions {
  readonly main: Log;
  /** Where the channels live that `isAside` names. */
  readonly aside: Log;
  /** MUST always say the same of a channel. */
  readonly isAside: (channel: string) => boolean;
}

/**
 * Two logs as one: each channel lives in one of them, by its name. What a node tells of itself need not outlive it, say, and
 * must not wake the disk of a log that is durable. Each of the two has its epoch.
 */
export class SplitLog implements Log {
  readonly main: Log;
  readonly aside: Log;
  readonly #isAside: (channel: string) => boolean;

  constructor({ main, aside, isAside }: SplitLogOptions) {
    this.main = main;
    this.aside = aside;
    this.#isAside = isAside;
  }

  get isContiguous(): boolean {
    return this.main.isContiguous && this.aside.isContiguous;
  }

  get channelCount(): number {
    return this.main.channelCount + this.aside.channelCount;
  }

  append(channel: string, batch: readonly NewMessage[], options?: AppendOptions): Promise<Appended> {
    return this.#of(channel).append(channel, batch, options);
  }

  broadcast(channel: string, messages: readonly NewMessage[]): Promise<void> {
    return this.#of(channel).broadcast(channel, messages);
  }

  read(channel: string, after: Offset, limits: PageLimits): Promise<LogPage> {
    return this.#of(channel).read(channel, after, limits);
  }

  offsetBeforeLast(channel: string, count: number): Promise<Offset> {
    return this.#of(channel).offsetBeforeLast(channel, count);
  }

  offsetBeforeTime(channel: string, timeMs: number): Promise<Offset> {
    return this.#of(channel).offsetBeforeTime(channel, timeMs);
  }

  describe(channel: string): Promise<ChannelDescription> {
    return this.#of(channel).describe(channel);
  }

  has(channel: string): boolean {
    return this.#of(channel).has(channel);
  }

  async channels(options: {
    readonly prefix: string;
    readonly after: string;
    readonly limit: number;
  }): Promise<readonly ChannelDescription[]> {
    const [main, aside] = await Promise.all([this.main.channels(options), this.aside.channels(options)]);
    // Nearly always: those aside are few, and have their place in the alphabet.
    if (aside.length === 0) return main;
    return [...main, ...aside]
      .sort((one, other) => (one.channel < other.channel ? -1 : 1))
      .slice(0, options.limit);
  }

  follow(channel: string): Promise<ChannelState> {
    return this.#of(channel).follow(channel);
  }

  unfollow(channel: string): void {
    this.#of(channel).unfollow(channel);
  }

  tail(listener: TailListener): () => void {
    const ends = [this.main.tail(listener), this.aside.tail(listener)];
    return () => ends.forEach((end) => end());
  }

  truncate(channel: string, upTo?: Offset): Promise<ChannelState> {
    return this.#of(channel).truncate(channel, upTo);
  }

  async sweep(): Promise<void> {
    await Promise.all([this.main.sweep(), this.aside.sweep()]);
  }

  async close(): Promise<void> {
    await Promise.all([this.main.close(), this.aside.close()]);
  }

  #of(channel: string): Log {
    return this.#isAside(channel) ? this.aside : this.main;
  }
}
