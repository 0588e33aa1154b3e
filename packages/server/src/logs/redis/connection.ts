import { createClient, RESP_TYPES } from "@redis/client";
import { readFileSync } from "node:fs";
import type { HostPort, RedisAddress } from "../redis-url.ts";
import { Confirmations } from "./confirmations.ts";

/** What the engine answers: texts are bytes. */
export type Reply = number | Buffer | null | readonly Reply[];
export type Arg = string | Buffer;

export interface ConnectionOptions {
  readonly address: RedisAddress;
  readonly at: HostPort;
  readonly timeoutMs: number;
  readonly ca: string | null;
  /** How many replicas {@link Connection.confirm} waits for. Default 0: it is not called. */
  readonly replicas?: number;
  readonly onNote: (topic: string, body: Buffer) => void;
}

/** What a server says of itself (`INFO`). */
export type Info = ReadonlyMap<string, string>;

/** Errors after which this connection is of no more use: the server has become something else. */
const USELESS = /^(?:READONLY|MASTERDOWN|LOADING|NOAUTH|NOPERM this user has no permissions to access)/;

function client({ address, at, timeoutMs, ca }: ConnectionOptions) {
  const { username, password, database, isTls } = address;
  const common = { ...at, connectTimeout: timeoutMs, reconnectStrategy: false as const };
  return createClient({
    socket: isTls ? { ...common, tls: true, ...(ca === null ? {} : { ca: readFileSync(ca) }) } : common,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    disableOfflineQueue: true,
    maintNotifications: "disabled",
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
}

/**
 * Two connections to one server, one for calls and one for what it tells by itself: output that waits for a slow receiver is
 * bounded more strictly by Redis where there are subscriptions, and large pages must not run into that bound. Where replicas
 * have to confirm, a third one waits for them. When one ends, all do, so that what one was told holds for what another one
 * asked; they are never opened again: whoever holds them opens others, where the engine is by then.
 */
export class Connection {
  /** Resolves with the reason once it is of no more use. */
  readonly ended: Promise<string>;
  readonly #options: ConnectionOptions;
  readonly #calls: ReturnType<typeof client>;
  readonly #notes: ReturnType<typeof client>;
  readonly #waits: ReturnType<typeof client> | undefined;
  readonly #confirmations: Confirmations | undefined;
  /** When calls that are not answered yet were made, the oldest first. */
  readonly #pending = new Set<{ readonly sinceMs: number }>();
  #late: { readonly sinceMs: number } | undefined;
  readonly #watch: NodeJS.Timeout;
  readonly #listener: (body: Buffer, topic: Buffer) => void;
  #end!: (reason: string) => void;
  #isEnded = false;

  /** @throws what the server, the system or the time limit had against it */
  static async open(options: ConnectionOptions): Promise<{ connection: Connection; info: Info }> {
    const connection = new Connection(options);
    const refused = connection.ended.then((reason) => {
      throw new Error(reason);
    });
    try {
      const info = await Promise.race([connection.#connect(), refused]);
      return { connection, info };
    } catch (error) {
      refused.catch(() => undefined);
      connection.end("it did not open");
      throw error;
    } finally {
      refused.catch(() => undefined);
    }
  }

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.#calls = client(options);
    this.#notes = client(options);
    const { replicas = 0, timeoutMs } = options;
    if (replicas > 0) {
      const waits = client(options);
      this.#waits = waits;
      const send = (args: readonly Arg[]): Promise<Reply> => this.#send(waits, args);
      this.#confirmations = new Confirmations(send, replicas, Math.ceil(timeoutMs / 2));
    }
    for (const each of this.#clients)
      each.on("error", (error: Error) => this.end(error.message === "" ? error.name : error.message));
    this.#listener = (body, topic) => options.onNote(topic.toString(), body);
    this.#watch = setInterval(() => this.#checkAge(), options.timeoutMs / 4);
    this.#watch.unref();
  }

  call(args: readonly Arg[]): Promise<Reply> {
    return this.#send(this.#calls, args);
  }

  /** See {@link Confirmations.confirm}: within `timeoutMs`. */
  async confirm(key: string): Promise<number> {
    return (await this.#confirmations?.confirm(key)) ?? 0;
  }

  /** Waits until the server has taken note. `isSharded`: in the slot of its name, one at a time. */
  async subscribe(topics: readonly string[], isSharded: boolean): Promise<void> {
    if (topics.length === 0) return;
    await (isSharded
      ? Promise.all(topics.map((topic) => this.#watched(this.#notes.sSubscribe(topic, this.#listener, true))))
      : this.#watched(this.#notes.subscribe([...topics], this.#listener, true)));
  }

  async unsubscribe(topic: string, isSharded: boolean): Promise<void> {
    await (isSharded
      ? this.#watched(this.#notes.sUnsubscribe(topic, this.#listener, true))
      : this.#watched(this.#notes.unsubscribe(topic, this.#listener, true)));
  }

  /** Whether what tells us things still does. */
  async ping(): Promise<void> {
    await this.#watched(this.#notes.ping());
  }

  end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#watch);
    this.#end(reason);
    for (const each of this.#clients) each.destroy();
  }

  get #clients(): readonly ReturnType<typeof client>[] {
    return this.#waits === undefined ? [this.#calls, this.#notes] : [this.#calls, this.#notes, this.#waits];
  }

  #send(over: ReturnType<typeof client>, args: readonly Arg[]): Promise<Reply> {
    return this.#watched(over.sendCommand(args) as Promise<unknown> as Promise<Reply>);
  }

  async #connect(): Promise<Info> {
    const connecting = { sinceMs: performance.now() };
    this.#pending.add(connecting);
    await Promise.all(this.#clients.map((each) => each.connect()));
    const info = (await this.#calls.sendCommand(["INFO"])) as unknown as Buffer;
    this.#pending.delete(connecting);
    const lines = info.toString().split("\r\n");
    return new Map(
      lines.filter((line) => line.includes(":")).map((line) => line.split(":", 2) as [string, string]),
    );
  }

  async #watched<T>(answer: Promise<T>): Promise<T> {
    const call = { sinceMs: performance.now() };
    this.#pending.add(call);
    try {
      return await answer;
    } catch (error) {
      if (error instanceof Error && USELESS.test(error.message)) this.end(error.message);
      throw error;
    } finally {
      this.#pending.delete(call);
    }
  }

  #checkAge(): void {
    const { timeoutMs } = this.#options;
    const [oldest] = this.#pending;
    const isLate = oldest !== undefined && performance.now() - oldest.sinceMs > timeoutMs;
    // Only the second time: where this process itself stood still, the answer is here and has not been read yet.
    if (isLate && oldest === this.#late) this.end(`it gave no answer for ${timeoutMs} ms`);
    this.#late = isLate ? oldest : undefined;
  }
}
