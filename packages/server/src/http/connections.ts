import type { Connection } from "@tidings/core";
import { type Limits, TidingsError } from "@tidings/protocol";
import { Wheel } from "./wheel.ts";

/** One held request or socket, as the server looks after it. Calls MUST NOT throw. */
export interface OpenConnection {
  readonly id: string;
  readonly transport: "sse" | "ndjson" | "websocket" | "long-poll";
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
  readonly #wheels: Readonly<Record<"stream" | "websocket", Wheel<OpenConnection>>>;
  readonly #onOpened: () => void;
  #isDraining = false;
  #emptied: (() => void) | undefined;

  /** `onOpened` is called for each connection that is added. */
  constructor(limits: Limits, onOpened: () => void = () => undefined) {
    this.#limits = limits;
    this.#onOpened = onOpened;
    const beat = (connection: OpenConnection): void => connection.beat?.();
    this.#wheels = { stream: new Wheel(limits.heartbeatMs, beat), websocket: new Wheel(limits.pingMs, beat) };
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: string): OpenConnection | undefined {
    return this.#open.get(id);
  }

  all(): Iterable<OpenConnection> {
    return this.#open.values();
  }

  /**
   * To be asked before a connection is begun.
   *
   * @throws {TidingsError} `DRAINING`, `TOO_MANY_CONNECTIONS`
   */
  checkRoom(): void {
    if (this.#isDraining)
      throw new TidingsError("DRAINING", "the server is going down; connect again in a few seconds.");
    if (this.#open.size < this.#limits.maxConnections) return;
    throw new TidingsError(
      "TOO_MANY_CONNECTIONS",
      `the server holds ${this.#limits.maxConnections} connections, as many as it may; try again later.`,
    );
  }

  add(connection: OpenConnection): void {
    this.#open.set(connection.id, connection);
    this.#onOpened();
    if (connection.beat !== undefined) this.#wheelOf(connection).add(connection);
  }

  delete(connection: OpenConnection): void {
    if (!this.#open.delete(connection.id)) return;
    this.#wheelOf(connection).delete(connection);
    if (this.#open.size === 0) this.#emptied?.();
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
      return setTimeout(() => connection.drain(reconnectInMs), delayMs);
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
