import {
  connect,
  credsAuthenticator,
  headers,
  type Msg,
  type NatsConnection,
  type NodeConnectionOptions,
  type Subscription,
} from "@nats-io/transport-node";
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { awayError, unavailable, unreachedError } from "./faults.ts";
import type { CheckedOptions } from "./options.ts";
import { type StoredMessage, Stream } from "./stream.ts";
import type { Subjects } from "./subjects.ts";

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2_000;
/** A cluster that is choosing a leader does not answer: it is asked again after this, in milliseconds. */
const PROBE_MS = 2_000;
/** Each message that the stream republishes says what came before it, and the stream does so since this one. */
const OLDEST = [2, 9] as const;
/** What a message has beside its data: headers, the subject. */
const ENVELOPE_BYTES = 131_072;

/** The way to NATS: a connection that is made again whenever it is lost, and the stream. */
export class Engine {
  readonly #options: CheckedOptions;
  readonly #subjects: Subjects;
  readonly #onBack: () => void;
  readonly #ready = new Set<() => void>();
  /** Of calls that are not answered yet. */
  readonly #pending = new Set<(error: Error) => void>();
  #connection: NatsConnection | undefined;
  #stream: Stream | undefined;
  #isUp = false;
  #isClosed = false;
  #reason = "not connected yet";
  #losses = 0;
  #failures = 0;
  #awaySinceMs = performance.now();
  #life = "";
  #isReplicated = false;

  /** @param onBack it was lost, and is back: what was told meanwhile was not heard */
  constructor(options: CheckedOptions, subjects: Subjects, onBack: () => void) {
    this.#options = options;
    this.#subjects = subjects;
    this.#onBack = onBack;
  }

  /** @throws {TidingsError} `LOG_UNAVAILABLE` when it is not reached within `timeoutMs`; it tries until then */
  async start(): Promise<void> {
    const { timeoutMs } = this.#options;
    const until = performance.now() + timeoutMs;
    for (let failures = 0; ; failures++) {
      try {
        this.#connection ??= await connect(this.#connectOptions());
        await this.#prepare(this.#connection);
        break;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (performance.now() > until) throw unreachedError(this.name, reason, timeoutMs);
        await delay(Math.min(500, FIRST_BACKOFF_MS * 2 ** failures));
      }
    }
    this.#isUp = true;
    if (this.#isReplicated)
      this.#options.onEvent({
        type: "settings",
        server: this.name,
        problem:
          "several servers keep the stream (nats.replicas): nodes that write to one channel at once may lose messages in this version",
      });
    this.#watch(this.#connection);
  }

  /** How it is called where people read it. */
  get name(): string {
    return this.#options.address.servers.join(", ");
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Goes up with each connection that is lost: what was known of channels has to be compared again. */
  get losses(): number {
    return this.#losses;
  }

  /** Of the stream: another one where it was made anew. */
  get life(): string {
    return this.#life;
  }

  /** Whether several servers keep the stream: what it acknowledged may be void then. */
  get isReplicated(): boolean {
    return this.#isReplicated;
  }

  /** How many bytes of a body one message has room for. */
  get maxPartBytes(): number {
    const most = this.#connection?.info?.max_payload ?? 1_048_576;
    return Math.max(1_024, most - Math.min(ENVELOPE_BYTES, most / 2));
  }

  /**
   * Waits until it is up, `waitMs` at most.
   *
   * @throws {TidingsError} `LOG_UNAVAILABLE`
   */
  async ready(waitMs: number): Promise<void> {
    if (this.#isUp) return;
    if (waitMs > 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#ready.delete(done);
          resolve();
        };
        const timer = setTimeout(done, waitMs);
        this.#ready.add(done);
      });
    }
    if (!this.#isUp) throw awayError(this.name, this.#reason);
  }

  /**
   * Calls the stream. What the caller may have to know by itself, as another error than ours, passes.
   *
   * @throws {TidingsError} `LOG_UNAVAILABLE` as soon as the connection is lost: the answer to what was sent is lost with it
   */
  async call<T>(use: (stream: Stream) => Promise<T>): Promise<T> {
    const stream = this.#stream;
    if (stream === undefined || !this.#isUp) throw awayError(this.name, this.#reason);
    let giveUp!: (error: Error) => void;
    const lost = new Promise<never>((_, reject) => (giveUp = reject));
    this.#pending.add(giveUp);
    try {
      return await Promise.race([use(stream), lost]);
    } finally {
      this.#pending.delete(giveUp);
    }
  }

  /** Each message of a subject from a sequence number on, in order, up to the newest. */
  async *from(subject: string, seq: number, isHeadersOnly: boolean): AsyncGenerator<StoredMessage> {
    let consumer = await this.call((stream) => stream.consumer(subject, seq, isHeadersOnly));
    try {
      while (consumer.pending > 0) {
        const messages = await this.call((stream) => stream.pull(consumer));
        yield* messages;
        const pending = messages.at(-1)?.pending ?? 0;
        consumer = { ...consumer, pending };
      }
    } finally {
      if (this.#isUp) this.#stream?.endConsumer(consumer);
    }
  }

  /** What went wrong, for those who asked. */
  fault(error: unknown): Error {
    return unavailable(this.name, error);
  }

  /** Tells all who listen to a subject, and keeps nothing. */
  tell(subject: string, data: Uint8Array, header?: readonly [name: string, value: string]): void {
    const head = headers();
    if (header !== undefined) head.set(...header);
    this.#open().publish(subject, data, { headers: head });
  }

  /** Listens to a subject, over all reconnects; resolves once the server has taken note. */
  async listen(subject: string, hear: (message: Msg) => void): Promise<Subscription> {
    const connection = this.#open();
    const subscription = connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) hear(message);
      },
    });
    await connection.flush();
    return subscription;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isUp = false;
    this.#reason = "the log is closed";
    for (const done of this.#ready) done();
    await this.#connection?.close();
  }

  #open(): NatsConnection {
    if (this.#connection === undefined || !this.#isUp) throw awayError(this.name, this.#reason);
    return this.#connection;
  }

  #connectOptions(): NodeConnectionOptions {
    const { address, timeoutMs, ca, credentials } = this.#options;
    const { servers, isTls, user, password, token } = address;
    return {
      servers: [...servers],
      name: "tidings",
      timeout: timeoutMs,
      reconnect: true,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      // Anywhere in it: nodes that lost the engine together must not come back together.
      reconnectDelayHandler: () =>
        Math.random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures++, 10)),
      pingInterval: timeoutMs / 2,
      maxPingOut: 1,
      ...(isTls ? { tls: ca === null ? {} : { ca: readFileSync(ca, "utf8") } } : {}),
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { pass: password }),
      ...(token === undefined ? {} : { token }),
      ...(credentials === null ? {} : { authenticator: credsAuthenticator(readFileSync(credentials)) }),
    };
  }

  /** Finds the stream, or makes it. */
  async #prepare(connection: NatsConnection): Promise<void> {
    const { version = "" } = connection.info ?? {};
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
      throw new Error(`it is version ${version}, and ${OLDEST.join(".")} is the oldest that will do`);
    if (connection.info?.jetstream !== true) throw new Error("JetStream is not enabled there");
    const { timeoutMs, replicas, newEpoch } = this.#options;
    const { stream: name, all: subjects, republish } = this.#subjects;
    const probe = new Stream(connection, name, Math.min(timeoutMs, PROBE_MS));
    const found = await probe.ensure(newEpoch(), { subjects, republish, replicas });
    this.#life = found.life;
    this.#isReplicated = found.isReplicated;
    this.#stream = new Stream(connection, name, timeoutMs);
  }

  /** Until the log is closed. */
  #watch(connection: NatsConnection): void {
    void (async () => {
      for await (const status of connection.status()) {
        if (status.type === "disconnect") this.#down("the connection was lost");
        else if (status.type === "staleConnection") this.#reason = "it gave no answer";
        else if (status.type === "reconnect") void this.#return(connection);
      }
      if (!this.#isClosed) this.#down("the connection was closed for good");
    })();
  }

  async #return(connection: NatsConnection): Promise<void> {
    const { losses } = this;
    for (let failures = 0; !this.#isClosed && this.#losses === losses; failures++) {
      try {
        await this.#prepare(connection);
        if (this.#losses === losses) this.#up();
        return;
      } catch (error) {
        // A cluster that is choosing a leader, say.
        this.#reason = error instanceof Error ? error.message : String(error);
        await delay(Math.random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures));
      }
    }
  }

  #up(): void {
    if (this.#isUp || this.#isClosed) return;
    this.#isUp = true;
    this.#failures = 0;
    const awayMs = Math.round(performance.now() - this.#awaySinceMs);
    this.#options.onEvent({ type: "back", server: this.name, awayMs });
    for (const done of this.#ready) done();
    this.#onBack();
  }

  #down(reason: string): void {
    this.#losses++;
    for (const giveUp of this.#pending) giveUp(awayError(this.name, reason));
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#awaySinceMs = performance.now();
    if (this.#isClosed) return;
    this.#reason = reason;
    this.#options.onEvent({ type: "lost", server: this.name, reason });
  }
}
