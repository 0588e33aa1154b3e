import { setTimeout as delay } from "node:timers/promises";
import type { HostPort } from "../redis-url.ts";
import { type Arg, Connection, type Info, type Reply } from "./connection.ts";
import { awayError } from "./faults.ts";
import type { CheckedOptions } from "./options.ts";

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2_000;
/** Functions that the scripts need came with it (`XTRIM … MINID`). */
const OLDEST = [6, 2] as const;

export interface LinkOptions {
  readonly options: CheckedOptions;
  /** Where the server is now. */
  readonly locate: () => Promise<HostPort>;
  /** How it is called where people read it. */
  readonly name: string;
  readonly onNote: (topic: string, body: Buffer) => void;
  /** Called with each new connection, before others may use it. */
  readonly onUp: (link: Link) => Promise<void>;
  readonly onDown: () => void;
}

/** The way to one server: a connection for as long as there is one, and another as soon as may be. */
export class Link {
  readonly name: string;
  readonly #options: LinkOptions;
  readonly #closing = new AbortController();
  readonly #ready = new Set<() => void>();
  #connection: Connection | undefined;
  #at: HostPort | undefined;
  #isUp = false;
  #reason = "not connected yet";
  #running: Promise<void> | undefined;
  #awaySinceMs = performance.now();
  #wasUp = false;
  #isSevenOrLater = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.name = options.name;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Where it leads, or led last. */
  get at(): HostPort | undefined {
    return this.#at;
  }

  /** Why it is not up. */
  get reason(): string {
    return this.#reason;
  }

  /** Whether the server knows subscriptions that stay within a hash slot's own servers. */
  get isSevenOrLater(): boolean {
    return this.#isSevenOrLater;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Waits until it is up, `ms` at most; answers whether it is. */
  async whenUp(ms: number): Promise<boolean> {
    if (this.#isUp || ms === 0 || this.#closing.signal.aborted) return this.#isUp;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#ready.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#ready.add(done);
    });
    return this.#isUp;
  }

  /** Calls the server, also while the link is coming up. */
  async call(args: readonly Arg[]): Promise<Reply> {
    return this.#open().call(args);
  }

  /** Calls the server, and tells how many replicas have then what it has; see `Confirmations.confirm`. */
  async callConfirmed(
    args: readonly Arg[],
    key: string,
  ): Promise<readonly [answer: Reply, replicas: number]> {
    // The same one for both: another server's replicas say nothing of this one's.
    const connection = this.#open();
    const answer = await connection.call(args);
    const replicas = await connection.confirm(key).catch((error: unknown) => {
      // Not as it is: where the slot is being moved, the call, which was done, would be made again.
      throw new Error("it could not be asked what replicas have", { cause: error });
    });
    return [answer, replicas];
  }

  async subscribe(topics: readonly string[], isSharded: boolean): Promise<void> {
    await this.#open().subscribe(topics, isSharded);
  }

  async unsubscribe(topic: string, isSharded: boolean): Promise<void> {
    await this.#connection?.unsubscribe(topic, isSharded);
  }

  async ping(): Promise<void> {
    await this.#open().ping();
  }

  /** Gives the connection up for another: the server is not what it was. */
  renew(reason: string): void {
    this.#connection?.end(reason);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#connection?.end("the log is closed");
    for (const done of this.#ready) done();
    await this.#running;
  }

  #open(): Connection {
    if (this.#connection === undefined) throw awayError(this.name, this.#reason);
    return this.#connection;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await this.#connect();
        failures = 0;
        this.#reason = (await this.#connection?.ended) ?? this.#reason;
      } catch (error) {
        this.#reason = error instanceof Error ? error.message : String(error);
      }
      this.#down();
      if (signal.aborted) return;
      const mostMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10));
      // Anywhere in it: nodes that lost the engine together must not come back together.
      await delay(Math.random() * mostMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async #connect(): Promise<void> {
    const { options, locate, onNote, onUp } = this.#options;
    this.#at = await locate();
    const { connection, info } = await Connection.open({
      address: options.address,
      at: this.#at,
      timeoutMs: options.timeoutMs,
      ca: options.ca,
      replicas: options.replicas,
      onNote,
    });
    if (this.#closing.signal.aborted) return connection.end("the log is closed");
    this.#connection = connection;
    try {
      this.#checkServer(info);
      await onUp(this);
    } catch (error) {
      connection.end("it could not be made use of");
      throw error;
    }
    this.#up();
  }

  #up(): void {
    this.#isUp = true;
    const awayMs = Math.round(performance.now() - this.#awaySinceMs);
    if (this.#wasUp) this.#options.options.onEvent({ type: "back", server: this.name, awayMs });
    this.#wasUp = true;
    for (const done of this.#ready) done();
  }

  #down(): void {
    this.#connection = undefined;
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#awaySinceMs = performance.now();
    this.#options.onDown();
    if (!this.#closing.signal.aborted)
      this.#options.options.onEvent({ type: "lost", server: this.name, reason: this.#reason });
  }

  /** @throws {Error} when a log cannot be kept there */
  #checkServer(info: Info): void {
    const version = info.get("redis_version") ?? "";
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
      throw new Error(`it is version ${version}, and ${OLDEST.join(".")} is the oldest that will do`);
    this.#isSevenOrLater = major >= 7;
    if (info.get("role") === "slave") throw new Error("it is a replica, and only a master takes messages");
    if (this.#wasUp) return;
    const { onEvent } = this.#options.options;
    const settings = (problem: string): void => onEvent({ type: "settings", server: this.name, problem });
    const policy = info.get("maxmemory_policy") ?? "noeviction";
    if (policy.startsWith("allkeys"))
      settings(`maxmemory-policy is ${policy}: Redis may evict messages; set it to noeviction`);
    if (info.get("aof_enabled") === "0")
      settings("appendonly is off: a restart of Redis loses messages, and readers are told a gap");
  }
}
