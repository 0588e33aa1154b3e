import type { NewMessage, Offset } from "@tidings/protocol";
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
} from "../../src/index.ts";

/**
 * A log whose answers come when the test says so, as those of a log far away do: a look at the log is taken when it
 * is asked or when it answers, and the tail reports as late as the test likes. All of it is within the contract.
 */
export class LogDouble implements Log {
  readonly isContiguous = true;
  /** While set, answers wait for {@link LogDouble.release}. */
  isSlow = false;
  /** While set, what the tail has to report waits for {@link LogDouble.report}. */
  isLate = false;
  /** Whether a slow call looks at the log at once, and not when it answers. */
  looksAtOnce = (): boolean => true;
  /** What the next calls of a name reject with. */
  readonly failures = new Map<string, Error>();
  readonly calls: string[] = [];
  readonly #followed = new Set<string>();
  readonly #listeners = new Set<TailListener>();
  readonly #waiting: (() => void)[] = [];
  #unreported: TailEvent[] = [];
  #inner: Log;
  #endTail: () => void = () => undefined;

  constructor(inner: Log) {
    this.#inner = inner;
    this.#listen();
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get unreported(): number {
    return this.#unreported.length;
  }

  get followed(): ReadonlySet<string> {
    return this.#followed;
  }

  /** Lets one call that waits go on. */
  release(at = 0): void {
    const [go] = this.#waiting.splice(at, 1);
    go?.();
  }

  /** Reports the oldest event of the tail that waits. */
  report(): void {
    const event = this.#unreported.shift();
    if (event !== undefined) this.#pass(event);
  }

  /** Loses what the tail has to report, as a connection does that is cut. */
  lose(): void {
    this.#unreported = [];
  }

  /** Tells the tail something, as the log would. */
  tell(event: TailEvent): void {
    if (!this.#followed.has(event.channel)) return;
    if (this.isLate || this.#unreported.length > 0) this.#unreported.push(event);
    else this.#pass(event);
  }

  /** Begins another life: everything is lost but what the new log holds. */
  async restart(inner: Log): Promise<void> {
    this.#endTail();
    this.#inner = inner;
    this.#listen();
    for (const channel of this.#followed) {
      const { epoch, earliest } = await inner.follow(channel);
      this.tell({ channel, epoch, earliest, messages: [] });
    }
  }

  append(channel: string, batch: readonly NewMessage[], options?: AppendOptions): Promise<Appended> {
    return this.#inner.append(channel, batch, options);
  }

  broadcast(channel: string, messages: readonly NewMessage[]): Promise<void> {
    return this.#inner.broadcast(channel, messages);
  }

  read(channel: string, after: Offset, limits: PageLimits): Promise<LogPage> {
    return this.#later("read", () => this.#inner.read(channel, after, limits));
  }

  offsetBeforeLast(channel: string, count: number): Promise<Offset> {
    return this.#later("offsetBeforeLast", () => this.#inner.offsetBeforeLast(channel, count));
  }

  offsetBeforeTime(channel: string, timeMs: number): Promise<Offset> {
    return this.#later("offsetBeforeTime", () => this.#inner.offsetBeforeTime(channel, timeMs));
  }

  describe(channel: string): Promise<ChannelDescription> {
    return this.#later("describe", () => this.#inner.describe(channel));
  }

  has(channel: string): boolean {
    return this.#inner.has(channel);
  }

  get channelCount(): number {
    return this.#inner.channelCount;
  }

  channels(options: {
    prefix: string;
    after: string;
    limit: number;
  }): Promise<readonly ChannelDescription[]> {
    return this.#inner.channels(options);
  }

  follow(channel: string): Promise<ChannelState> {
    return this.#later("follow", () => {
      this.#followed.add(channel);
      // What it reports later is above the head that it answers now.
      const due = this.#unreported.filter((event) => event.channel === channel);
      this.#unreported = this.#unreported.filter((event) => event.channel !== channel);
      for (const event of due) this.#pass(event);
      return this.#inner.follow(channel);
    });
  }

  unfollow(channel: string): void {
    this.calls.push("unfollow");
    this.#followed.delete(channel);
    // What is followed anew begins with the head that is answered then.
    this.#unreported = this.#unreported.filter((event) => event.channel !== channel);
    this.#inner.unfollow(channel);
  }

  tail(listener: TailListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  truncate(channel: string, upTo?: Offset): Promise<ChannelState> {
    return this.#inner.truncate(channel, upTo);
  }

  sweep(): Promise<void> {
    return this.#inner.sweep();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #listen(): void {
    this.#endTail = this.#inner.tail((event) => this.tell(event));
  }

  #pass(event: TailEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #later<T>(name: string, look: () => Promise<T>): Promise<T> {
    this.calls.push(name);
    const failure = this.failures.get(name);
    const answer = (): Promise<T> => (failure === undefined ? look() : Promise.reject(failure));
    if (!this.isSlow) return answer();
    const early = this.looksAtOnce() ? answer() : undefined;
    // Nobody may be listening yet when it is released.
    early?.catch(() => undefined);
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        (early ?? answer()).then(resolve, reject);
      });
    });
  }
}
