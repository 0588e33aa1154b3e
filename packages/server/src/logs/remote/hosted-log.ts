import type {
  AppendOptions,
  Appended,
  ChannelDescription,
  ChannelState,
  Log,
  LogPage,
  PageLimits,
  TailEvent,
  TailListener,
} from "@tidings/core";
import type { NewMessage, Offset } from "@tidings/protocol";
import type { Follower, LogHost } from "./host.ts";

type Host = Pick<LogHost, "follow" | "unfollow" | "announce">;

/** The log for the process that owns it: it follows beside the other processes, which learn of channels that are new. */
export class HostedLog implements Log, Follower {
  readonly #log: Log;
  readonly #host: Host;
  readonly #listeners = new Set<TailListener>();

  constructor(log: Log, host: Host) {
    this.#log = log;
    this.#host = host;
  }

  get isContiguous(): boolean {
    return this.#log.isContiguous;
  }

  get channelCount(): number {
    return this.#log.channelCount;
  }

  async append(channel: string, batch: readonly NewMessage[], options?: AppendOptions): Promise<Appended> {
    const isKnown = this.#log.has(channel);
    const appended = await this.#log.append(channel, batch, options);
    if (!isKnown && appended.offset > 0) this.#host.announce(channel);
    return appended;
  }

  broadcast(channel: string, messages: readonly NewMessage[]): Promise<void> {
    return this.#log.broadcast(channel, messages);
  }

  read(channel: string, after: Offset, limits: PageLimits): Promise<LogPage> {
    return this.#log.read(channel, after, limits);
  }

  offsetBeforeLast(channel: string, count: number): Promise<Offset> {
    return this.#log.offsetBeforeLast(channel, count);
  }

  offsetBeforeTime(channel: string, timeMs: number): Promise<Offset> {
    return this.#log.offsetBeforeTime(channel, timeMs);
  }

  describe(channel: string): Promise<ChannelDescription> {
    return this.#log.describe(channel);
  }

  has(channel: string): boolean {
    return this.#log.has(channel);
  }

  channels(options: Parameters<Log["channels"]>[0]): Promise<readonly ChannelDescription[]> {
    return this.#log.channels(options);
  }

  follow(channel: string): Promise<ChannelState> {
    return this.#host.follow(channel, this);
  }

  unfollow(channel: string): void {
    this.#host.unfollow(channel, this);
  }

  tail(listener: TailListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  truncate(channel: string, upTo?: Offset): Promise<ChannelState> {
    return this.#log.truncate(channel, upTo);
  }

  sweep(): Promise<void> {
    return this.#log.sweep();
  }

  close(): Promise<void> {
    this.#listeners.clear();
    return this.#log.close();
  }

  tell(event: TailEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  learn(): void {
    // The log knows its channels.
  }
}
