import { setTimeout as pause } from "node:timers/promises";
import type { StreamEvent, TransportDriver, TransportStream } from "../transport/types.ts";
import { epochOf, type History, offsetOf } from "./history.ts";
import type { Servers } from "./servers.ts";

/** Before another try, in milliseconds. */
const RETRY_MS = 20;
/** One that has not read what is there for so long, in milliseconds, has lost it. */
const LOST_MS = 60_000;
/** What a server says that cannot serve now: another try, or another server. */
const AWAY: ReadonlySet<string> = new Set(["LOG_UNAVAILABLE", "DRAINING"]);

export interface TrackedReaderOptions {
  readonly driver: TransportDriver;
  /** Asked for each connection, so that of several servers another one is gone to. */
  readonly servers: Servers;
  /** A driver of one channel reads the first of them. */
  readonly channels: readonly string[];
  /** After how many messages it leaves its server by itself, to go on at the next one. Default never. */
  readonly leavesAfter?: (() => number) | undefined;
  /** Whether the log may lose something, and say so: the reader then forgets what it was told is gone. Default false. */
  readonly mayBeTold?: boolean | undefined;
}

/** A client of one transport that reads from the beginning and goes on from its cursors wherever it comes to next. */
export class TrackedReader {
  readonly name: string;
  readonly channels: readonly string[];
  /** By channel, what was read: the message's name at the index of its offset. */
  readonly read: ReadonlyMap<string, string[]>;
  /** What must not be: a repeat, a hole, another life that nobody told of, an error; a gap where nothing may be lost. */
  readonly faults: string[] = [];
  /** Connections, or sequences of polls. */
  reconnects = 0;
  /** How many of them were to another URL than the one before. */
  moves = 0;
  /** How often it was told that something is lost. */
  gaps = 0;
  readonly #epochs = new Map<string, string>();
  readonly #options: TrackedReaderOptions;
  #stream: TransportStream | undefined;
  #url = "";
  #left = Infinity;
  #hasEnded = false;
  readonly #begun = Promise.withResolvers<void>();
  #onProgress: () => void = () => undefined;

  constructor(options: TrackedReaderOptions) {
    const { driver, channels } = options;
    this.name = driver.name;
    this.channels = driver.isMulti ? channels : channels.slice(0, 1);
    this.read = new Map(this.channels.map((channel) => [channel, [""]]));
    this.#options = options;
  }

  /** Resolves with its first message. */
  get hasBegun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Reads until {@link end}. */
  async run(): Promise<void> {
    const { servers, leavesAfter = () => Infinity } = this.#options;
    while (!this.#hasEnded) {
      const url = await servers.next();
      if (url !== this.#url && this.#url !== "") this.moves++;
      this.#url = url;
      this.#left = leavesAfter();
      try {
        const stream = await this.#open(url);
        this.#stream = stream;
        this.reconnects++;
        // It was told to end while this one was being opened.
        if (this.#hasEnded) stream.cut();
        for (let event = await stream.next(); event !== undefined; event = await stream.next()) {
          this.#take(event);
          if (this.#left <= 0) break;
        }
      } catch {
        // The server is gone, or its log; the next life is waited for.
        await pause(RETRY_MS);
      }
    }
    this.#stream?.cut();
  }

  /** Resolves once each channel was read to its end, in the life that it is in, or was not for a minute: then with a fault. */
  async reached(history: History): Promise<void> {
    const behind = (): readonly string[] =>
      this.channels.filter((channel) => {
        const { epoch, names = [] } = history.get(channel) ?? {};
        const isLong = (this.read.get(channel)?.length ?? 0) >= names.length;
        return !isLong || (names.length > 1 && this.#epochs.get(channel) !== epoch);
      });
    if (behind().length === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      for (const channel of behind())
        this.#fault(`${channel}: it stands at ${this.#position(channel)}, and nothing comes`);
      resolve();
    }, LOST_MS);
    this.#onProgress = () => {
      if (behind().length === 0 || this.faults.length > 0) resolve();
    };
    this.#onProgress();
    await promise;
    clearTimeout(timer);
  }

  end(): void {
    this.#hasEnded = true;
    this.#stream?.cut();
  }

  async #open(url: string): Promise<TransportStream> {
    const { driver } = this.#options;
    if (this.#stream !== undefined) return this.#stream.reopen(url);
    return driver.open(url, { channels: this.channels, since: "earliest" });
  }

  #take(event: StreamEvent): void {
    if (event.type === "message") {
      const { channel, cursor = "" } = event;
      const names = this.read.get(channel) ?? [];
      const offset = offsetOf(cursor);
      if (offset !== names.length) this.#fault(`${channel}: after ${this.#position(channel)} came ${cursor}`);
      this.#stand(channel, cursor);
      names[offset] = JSON.parse(event.data) as string;
      this.#left--;
      this.#begun.resolve();
    } else if (event.type === "opened") {
      this.#stand(event.channel, event.cursor);
    } else if (event.type === "position") {
      for (const [channel, cursor] of event.cursors) this.#stand(channel, cursor);
    } else if (event.type === "error" && AWAY.has(event.code)) {
      this.#stream?.cut();
      throw new Error(`the server says ${event.code}`);
    } else if (event.type === "gap" && this.#options.mayBeTold === true) {
      this.#fallBack(event);
    } else if (event.type === "gap" || event.type === "error") {
      this.#fault(JSON.stringify(event));
    }
    this.#onProgress();
  }

  /** Another life begins with a gap, or it is a loss that nobody told of. */
  #stand(channel: string, cursor: string): void {
    const epoch = epochOf(cursor);
    const before = this.#epochs.get(channel);
    if (before !== undefined && before !== epoch)
      this.#fault(`${channel}: after ${this.#position(channel)} came ${cursor}, and no gap`);
    this.#epochs.set(channel, epoch);
  }

  /** Forgets what is gone: in another life all is given anew, and one that was ahead goes on at the head. */
  #fallBack(gap: Extract<StreamEvent, { type: "gap" }>): void {
    const { channel, reason, from, to } = gap;
    const names = this.read.get(channel) ?? [];
    const isOther = epochOf(to) !== epochOf(from);
    const isSound =
      reason === "epoch" ? isOther && offsetOf(to) === 0 : !isOther && offsetOf(to) < offsetOf(from);
    if (reason === "expired" || !isSound || from !== this.#position(channel))
      this.#fault(`at ${this.#position(channel)}: ${JSON.stringify(gap)}`);
    names.length = Math.min(names.length, offsetOf(to) + 1);
    this.#epochs.set(channel, epochOf(to));
    this.gaps++;
  }

  /** As a cursor. */
  #position(channel: string): string {
    return `${this.#epochs.get(channel) ?? ""}.${(this.read.get(channel)?.length ?? 1) - 1}`;
  }

  #fault(what: string): void {
    if (this.faults.length < 10) this.faults.push(what);
  }
}
