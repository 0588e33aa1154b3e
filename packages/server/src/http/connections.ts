import type { Connection } from "@tidings/core";
import { type Limits, TidingsError } from "@tidings/protocol";
import type { Access, Identity, Session, Sessions } from "../auth/index.ts";
import type { EndReason } from "../insight/index.ts";
import type { SubjectsElsewhere } from "../nodes/index.ts";
import { subjectOf } from "./senders.ts";
import { tooManyOf } from "./sockets.ts";
import { Tally } from "./tally.ts";
import { Wheel } from "./wheel.ts";

/** A socket, as far as it is looked at. */
export interface Wire {
  /** Written so far, since the socket was opened. */
  readonly bytesWritten?: number;
  /** Written, and not taken by the system yet. */
  readonly writableLength: number;
}

/** Why a connection ends. */
interface Ending {
  readonly reason: EndReason;
  readonly message?: string | undefined;
}

/** Told of each connection that has ended. MUST NOT throw. */
export type OnClosed = (connection: OpenConnection, ending: Ending) => void;

/** One held request or socket, as the server looks after it. Calls MUST NOT throw. */
export interface OpenConnection extends Session {
  readonly id: string;
  readonly transport: "sse" | "ndjson" | "websocket" | "long-poll";
  /** As what its address is counted. */
  readonly network: string;
  /** Whence it comes. */
  readonly address: string;
  /** When it was opened: whole milliseconds as `performance.now()` counts them. */
  readonly openedAtMs: number;
  /** Its readers, of a stream or socket. */
  readonly reads?: Connection | undefined;
  /** What a long poll waits for. */
  readonly polls?: readonly string[] | undefined;
  /** Where its bytes go. */
  readonly wire?: Wire | undefined;
  /** Its readers, where channels can come and go on it by `PATCH /connections/{id}`. */
  readonly connection?: Connection | undefined;
  /** Whether its client sends the position in all its channels back in a header, which bounds them. */
  readonly hasPosition?: boolean;
  /** Time to show that the connection is alive. */
  beat?(): void;
  /** The server goes down: tell the client when to come back, and end. */
  drain(reconnectInMs: number): void;
  /** End now, without a word. */
  destroy(): void;
}

/** The shortest time after which a drained client is told to come back, in milliseconds. */
const RECONNECT_MIN_MS = 500;

/** All connections that are held open: counted, kept alive, found by id, and drained in a staggered way. */
export class Connections {
  readonly #limits: Limits;
  readonly #open = new Map<string, OpenConnection>();
  readonly #byNetwork = new Tally();
  readonly #bySubject = new Tally();
  /** Of those that have one: as it was when they were counted. */
  readonly #subjectOf = new Map<OpenConnection, string>();
  readonly #wheels: Readonly<Record<"stream" | "websocket", Wheel<OpenConnection>>>;
  readonly #sessions: Sessions | undefined;
  readonly #elsewhere: SubjectsElsewhere | undefined;
  readonly #onOpened: () => void;
  readonly #onClosed: OnClosed;
  readonly #byTransport = new Tally();
  /** Those that end for a reason of the server's, until they have. */
  readonly #endings = new Map<OpenConnection, Ending>();
  #isDraining = false;
  #emptied: (() => void) | undefined;

  /** `sessions` is absent where the server is open, `elsewhere` where no other node can be; `onOpened` is called for each connection that is added, `onClosed` once it has ended. */
  constructor(
    limits: Limits,
    {
      sessions,
      elsewhere,
      onOpened,
      onClosed = () => undefined,
    }: {
      readonly sessions?: Sessions | undefined;
      readonly elsewhere?: SubjectsElsewhere | undefined;
      readonly onOpened: () => void;
      readonly onClosed?: OnClosed;
    },
  ) {
    this.#limits = limits;
    this.#sessions = sessions;
    this.#elsewhere = elsewhere;
    this.#onOpened = onOpened;
    this.#onClosed = onClosed;
    const beat = (connection: OpenConnection): void => connection.beat?.();
    this.#wheels = { stream: new Wheel(limits.heartbeatMs, beat), websocket: new Wheel(limits.pingMs, beat) };
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get size(): number {
    return this.#open.size;
  }

  /** How many there are over a transport. */
  countOf(transport: OpenConnection["transport"]): number {
    return this.#byTransport.of(transport);
  }

  get(id: string): OpenConnection | undefined {
    return this.#open.get(id);
  }

  all(): Iterable<OpenConnection> {
    return this.#open.values();
  }

  /**
   * To be asked right before a connection is begun, with its access and as what its address is counted: that credential may
   * have ended since it was looked at.
   *
   * @throws {TidingsError} `DRAINING`, `TOO_MANY_CONNECTIONS`, `UNAUTHENTICATED`
   */
  checkRoom(network: string, access?: Access): void {
    if (access !== undefined) this.#sessions?.check(access);
    if (this.#isDraining)
      throw new TidingsError("DRAINING", "the server is going down; connect again in a few seconds.");
    const { maxConnections, maxConnectionsPerAddress } = this.#limits;
    if (this.#open.size >= maxConnections) {
      throw new TidingsError(
        "TOO_MANY_CONNECTIONS",
        `the server holds ${maxConnections} connections, as many as it may; try again later.`,
      );
    }
    if (this.#byNetwork.of(network) >= maxConnectionsPerAddress) throw tooManyOf(maxConnectionsPerAddress);
    if (access !== undefined) this.#checkSubject(subjectOf(access.identity));
  }

  add(connection: OpenConnection): void {
    this.#open.set(connection.id, connection);
    this.#byNetwork.add(connection.network);
    this.#byTransport.add(connection.transport);
    this.#countSubject(connection, subjectOf(connection.access.identity));
    this.#sessions?.add(connection);
    this.#onOpened();
    if (connection.beat !== undefined) this.#wheelOf(connection).add(connection);
  }

  /** Notes why the server is about to end a connection; the first reason counts. */
  ends(connection: OpenConnection, reason: EndReason, message?: string): void {
    if (this.#open.get(connection.id) !== connection || this.#endings.has(connection)) return;
    this.#endings.set(connection, { reason, message });
  }

  /** It has ended, for the reason that was noted, or else for this one. */
  delete(connection: OpenConnection, reason: EndReason = "lost"): void {
    if (!this.#open.delete(connection.id)) return;
    const noted = this.#endings.get(connection);
    this.#endings.delete(connection);
    this.#byNetwork.delete(connection.network);
    this.#byTransport.delete(connection.transport);
    this.#countSubject(connection, undefined);
    this.#sessions?.delete(connection);
    this.#wheelOf(connection).delete(connection);
    // A long poll ends all the time; why is of interest only where it is the server's reason.
    if (noted !== undefined || connection.transport !== "long-poll")
      this.#onClosed(connection, noted ?? { reason });
    if (this.#open.size === 0) this.#emptied?.();
  }

  /**
   * Has an open connection go on as another identity: one that came with nothing is its subject's from now on.
   *
   * @throws {TidingsError} `TOO_MANY_CONNECTIONS`, and those of {@link Sessions.renew}
   */
  renew(connection: OpenConnection, identity: Identity): void {
    const subject = subjectOf(identity);
    if (subject !== this.#subjectOf.get(connection)) this.#checkSubject(subject);
    this.#sessions?.renew(connection, identity);
    this.#countSubject(connection, subject);
  }

  #checkSubject(subject: string | undefined): void {
    const { maxConnectionsPerSubject } = this.#limits;
    if (subject === undefined) return;
    const count = this.#bySubject.of(subject) + (this.#elsewhere?.of(subject) ?? 0);
    if (count < maxConnectionsPerSubject) return;
    throw new TidingsError(
      "TOO_MANY_CONNECTIONS",
      `the token's subject has ${maxConnectionsPerSubject} connections, as many as one may (maxConnectionsPerSubject); close some, ` +
        "or try again later.",
    );
  }

  #countSubject(connection: OpenConnection, subject: string | undefined): void {
    const before = this.#subjectOf.get(connection);
    if (before === subject) return;
    if (before !== undefined) {
      this.#bySubject.delete(before);
      this.#elsewhere?.changed(before, this.#bySubject.of(before));
    }
    this.#subjectOf.delete(connection);
    if (subject === undefined) return;
    this.#subjectOf.set(connection, subject);
    this.#bySubject.add(subject);
    this.#elsewhere?.changed(subject, this.#bySubject.of(subject));
  }

  /**
   * Sends one connection away, as a drain does; its client comes back as after any loss. Answers whether there was one.
   * `message`: why, for those who ask later.
   */
  disconnect(id: string, message?: string): boolean {
    const connection = this.#open.get(id);
    if (connection === undefined) return false;
    this.ends(connection, "operator", message);
    connection.drain(Math.round(RECONNECT_MIN_MS * (1 + Math.random())));
    return true;
  }

  /**
   * Ends all connections: long polls at once, the others spread over `windowMs`, each told when to come back, so that
   * neither their end nor their return is a storm. Resolves when none is left, a second after the window at the latest.
   */
  async drain(windowMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#open.size === 0) return;
    const gone = new Promise<void>((resolve) => (this.#emptied = resolve));
    const timers = [...this.#open.values()].map((connection) => {
      const reconnectInMs = Math.round(RECONNECT_MIN_MS + Math.random() * (windowMs + RECONNECT_MIN_MS));
      const delayMs = connection.transport === "long-poll" ? 0 : Math.random() * windowMs;
      return setTimeout(() => {
        this.ends(connection, "drained");
        connection.drain(reconnectInMs);
      }, delayMs);
    });
    const late = new Promise<void>((resolve) => timers.push(setTimeout(resolve, windowMs + 1_000)));
    await Promise.race([gone, late]);
    for (const timer of timers) clearTimeout(timer);
  }

  /** Ends what is left, at once. */
  close(): void {
    this.#isDraining = true;
    for (const wheel of Object.values(this.#wheels)) wheel.stop();
    for (const connection of this.#open.values()) connection.destroy();
  }

  #wheelOf(connection: OpenConnection): Wheel<OpenConnection> {
    return connection.transport === "websocket" ? this.#wheels.websocket : this.#wheels.stream;
  }
}
