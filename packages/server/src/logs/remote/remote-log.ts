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
import { messageBytes, type NewMessage, type Offset, TidingsError } from "@tidings/protocol";
import { keptMessages, messageParts } from "./message.ts";
import type { Peer } from "../../peer/index.ts";

/** How many names of channels one answer has. */
const NAMES_AT_ONCE = 1_000;

export interface RemoteLogOptions {
  /** Bytes of appends that may wait for the other process; more are refused with `LOG_UNAVAILABLE`. Default 67,108,864 (64 MiB). */
  readonly maxPendingBytes?: number;
}

/**
 * The log of another process of this machine, behind a socket. It promises what that one does. The names of all channels are
 * held here too, about 100 bytes each, so that {@link Log.has} need not ask.
 */
export class RemoteLog implements Log {
  readonly isContiguous: boolean;
  readonly #peer: Peer;
  readonly #maxPendingBytes: number;
  readonly #names = new Set<string>();
  readonly #followed = new Set<string>();
  readonly #listeners = new Set<TailListener>();
  readonly #appending = new Set<Promise<unknown>>();
  #pendingBytes = 0;
  #closing: Promise<void> | undefined;

  /**
   * @param peer whose other end a `LogHost` is attached to
   * @throws {TidingsError} `LOG_UNAVAILABLE`
   */
  static async open(peer: Peer, options: RemoteLogOptions = {}): Promise<RemoteLog> {
    const { head } = await peer.call("open", []);
    const log = new RemoteLog(peer, head as boolean, options);
    await log.#loadNames();
    return log;
  }

  private constructor(peer: Peer, isContiguous: boolean, { maxPendingBytes = 67_108_864 }: RemoteLogOptions) {
    this.#peer = peer;
    this.isContiguous = isContiguous;
    this.#maxPendingBytes = maxPendingBytes;
    peer.handle("name", ([channel]) => {
      this.#names.add(channel as string);
      return {};
    });
    peer.handle("tail", ([about], parts) => {
      this.#tell({ ...(about as Omit<TailEvent, "messages">), messages: keptMessages(parts) });
      return {};
    });
  }

  append(channel: string, batch: readonly NewMessage[], options: AppendOptions = {}): Promise<Appended> {
    return this.#pending(batch, async () => {
      const { head } = await this.#call("append", [channel, options], messageParts(batch));
      const appended = head as Appended;
      if (appended.offset > 0) this.#names.add(channel);
      return appended;
    });
  }

  broadcast(channel: string, messages: readonly NewMessage[]): Promise<void> {
    return this.#pending(messages, async () => {
      await this.#call("broadcast", [channel], messageParts(messages));
    });
  }

  async read(channel: string, after: Offset, limits: PageLimits): Promise<LogPage> {
    const { head, parts } = await this.#call("read", [channel, after, limits]);
    return { ...(head as ChannelState), messages: keptMessages(parts) };
  }

  async offsetBeforeLast(channel: string, count: number): Promise<Offset> {
    return (await this.#call("before-last", [channel, count])).head as Offset;
  }

  async offsetBeforeTime(channel: string, timeMs: number): Promise<Offset> {
    return (await this.#call("before-time", [channel, timeMs])).head as Offset;
  }

  async describe(channel: string): Promise<ChannelDescription> {
    return (await this.#call("describe", [channel])).head as ChannelDescription;
  }

  has(channel: string): boolean {
    // Of a log that is closed, what is called next says so.
    return this.#closing !== undefined || this.#names.has(channel);
  }

  get channelCount(): number {
    return this.#names.size;
  }

  async channels(options: Parameters<Log["channels"]>[0]): Promise<readonly ChannelDescription[]> {
    return (await this.#call("channels", [options])).head as readonly ChannelDescription[];
  }

  async follow(channel: string): Promise<ChannelState> {
    this.#followed.add(channel);
    try {
      return (await this.#call("follow", [channel])).head as ChannelState;
    } catch (error) {
      this.#followed.delete(channel);
      throw error;
    }
  }

  unfollow(channel: string): void {
    if (this.#followed.delete(channel)) this.#peer.tell("unfollow", [channel]);
  }

  tail(listener: TailListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async truncate(channel: string, upTo?: Offset): Promise<ChannelState> {
    return (await this.#call("truncate", [channel, upTo ?? null])).head as ChannelState;
  }

  async sweep(): Promise<void> {
    if (this.#closing === undefined) await this.#call("sweep", []);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#appending);
    this.#listeners.clear();
    this.#followed.clear();
    this.#peer.close();
    await this.#peer.ended;
  }

  async #loadNames(): Promise<void> {
    for (let after = ""; ;) {
      const { head } = await this.#call("names", [after, NAMES_AT_ONCE]);
      const names = head as readonly string[];
      for (const name of names) this.#names.add(name);
      if (names.length < NAMES_AT_ONCE) return;
      after = names.at(-1) as string;
    }
  }

  async #call(
    name: string,
    args: readonly unknown[],
    parts?: readonly Uint8Array[],
  ): ReturnType<Peer["call"]> {
    if (this.#closing !== undefined)
      throw new TidingsError("LOG_UNAVAILABLE", "the log is closed; the server is going down.");
    return this.#peer.call(name, args, parts);
  }

  async #pending<T>(batch: readonly NewMessage[], append: () => Promise<T>): Promise<T> {
    const bytes = batch.reduce((sum, message) => sum + messageBytes(message), 0);
    if (this.#pendingBytes > 0 && this.#pendingBytes + bytes > this.#maxPendingBytes)
      throw new TidingsError(
        "LOG_UNAVAILABLE",
        `more than ${this.#maxPendingBytes} bytes wait for the process that owns the log, which is slower than what is ` +
          "published; publish again later.",
      );
    this.#pendingBytes += bytes;
    const appending = append();
    this.#appending.add(appending);
    try {
      return await appending;
    } finally {
      this.#appending.delete(appending);
      this.#pendingBytes -= bytes;
    }
  }

  #tell(event: TailEvent): void {
    // What was on its way when the channel was let go.
    if (!this.#followed.has(event.channel)) return;
    for (const listener of this.#listeners) listener(event);
  }
}
