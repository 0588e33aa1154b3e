import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Active } from "./active.ts";
import { Connection, type Host } from "./connection.ts";
import type { CutHow, Fault, Injected, InjectOptions, Only, ProxiedRequest } from "./faults.ts";
import { fits } from "./faults.ts";
import { ownPort } from "./own-port.ts";

/** Stands between clients and a server, and does to connections what networks do. HTTP/1.1, on loopback. */
export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** What passed between clients and the proxy since it was made. */
  readonly totals: Totals;
  /** Lets a fault loose, beside those that are. Where several answer a request, the first of them does. */
  inject(fault: Fault, options?: InjectOptions): Injected;
  /** Lifts all faults. */
  clear(): void;
  /** Ends all connections at once; new ones are taken. Default with an RST. */
  cutAll(how?: CutHow): void;
  /** Stops listening, and resets all connections: who connects is refused. */
  goAway(): Promise<void>;
  /** Listens again, on the same port. */
  comeBack(): Promise<void>;
  /** Goes away, and comes back after so many milliseconds; resolves then. */
  goAwayFor(ms: number): Promise<void>;
  /** Where connections lead that are made from now on. */
  retarget(target: string): void;

  /** Connections that clients hold now. */
  readonly connections: number;
  /** Most that there were at once, since the last {@link resetCounts}. */
  readonly maxConnections: number;
  /** When each connection came: `performance.now()`. One that is refused, while the proxy is away, is not seen. */
  readonly attempts: readonly number[];
  readonly requests: readonly ProxiedRequest[];
  /** How many requests there were, by `METHOD /path`. */
  readonly counts: Readonly<Record<string, number>>;
  /** How many of them asked for an upgrade. */
  readonly upgrades: number;
  resetCounts(): void;

  /** Resolves when any fault strikes the next time. For one fault: {@link Injected.struck}. */
  struck(): Promise<void>;
  /** Resolves with the next request that fits. */
  request(only?: Only): Promise<ProxiedRequest>;
  /** Resolves as soon as so many connections are held; at once where they are. */
  held(count: number): Promise<void>;
}

/** Of what clients saw, not the server: bytes of HTTP and WebSocket with their framing, not those of TCP and below. */
export interface Totals {
  /** From clients. */
  readonly upBytes: number;
  /** To clients, the proxy's own answers too. */
  readonly downBytes: number;
  readonly requests: number;
  /** That were taken. */
  readonly connections: number;
}

export interface FaultProxyOptions {
  /** Default one that nobody else in this process is given ({@link ownPort}). */
  readonly port?: number;
  /**
   * Whether `requests`, `counts`, `upgrades` and `attempts` are kept, which grow with each request until `resetCounts()`. Default
   * `true`. {@link FaultProxy.totals} are counted in any case.
   */
  readonly isRecording?: boolean;
}

/** @param target the server's URL; only its host and port count. */
export async function faultProxy(target: string, options: FaultProxyOptions = {}): Promise<FaultProxy> {
  const { port = await ownPort(), isRecording = true } = options;
  const proxy = new ListeningProxy(target, port, isRecording);
  await proxy.comeBack();
  return proxy;
}

class ListeningProxy implements FaultProxy, Host {
  #target: URL;
  #server: Server | undefined;
  readonly port: number;
  readonly #active = new Set<Active>();
  readonly #open = new Set<Connection>();
  #isDisposed = false;
  #accepted = 0;
  #maxConnections = 0;
  #attempts: number[] = [];
  #requests: ProxiedRequest[] = [];
  #onStruck: (() => void)[] = [];
  #onRequest: { readonly only: Only | undefined; readonly resolve: (request: ProxiedRequest) => void }[] = [];
  #onHeld: { readonly count: number; readonly resolve: () => void }[] = [];

  readonly #isRecording: boolean;
  /** By the connections, as bytes pass. */
  readonly totals = { upBytes: 0, downBytes: 0, requests: 0, connections: 0 };

  constructor(target: string, port: number, isRecording: boolean) {
    this.#target = new URL(target);
    this.port = port;
    this.#isRecording = isRecording;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get faults(): Iterable<Active> {
    return this.#active;
  }

  inject(fault: Fault, options: InjectOptions = {}): Injected {
    const active = new Active(fault, options, this.#accepted, {
      struck: () => {
        for (const resolve of this.#onStruck.splice(0)) resolve();
      },
      spent: () => {
        for (const connection of this.#open) connection.release(active, true);
      },
      lifted: () => {
        this.#active.delete(active);
        for (const connection of this.#open) connection.release(active);
      },
    });
    this.#active.add(active);
    for (const connection of [...this.#open]) connection.meet(active);
    return active;
  }

  clear(): void {
    for (const active of [...this.#active]) active.lift();
  }

  cutAll(how: CutHow = "reset"): void {
    for (const connection of [...this.#open]) connection.cut(how);
  }

  async goAway(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    this.cutAll();
    await closed;
  }

  async comeBack(): Promise<void> {
    // The test may have ended while it was away.
    if (this.#server !== undefined || this.#isDisposed) return;
    const server = createServer({ allowHalfOpen: true }, (client) => this.#take(client));
    this.#server = server;
    await once(server.listen(this.port, "127.0.0.1"), "listening");
  }

  async goAwayFor(ms: number): Promise<void> {
    await this.goAway();
    await new Promise((resolve) => setTimeout(resolve, ms));
    await this.comeBack();
  }

  retarget(target: string): void {
    this.#target = new URL(target);
  }

  get connections(): number {
    return [...this.#open].filter(({ isOpen }) => isOpen).length;
  }

  get maxConnections(): number {
    return this.#maxConnections;
  }

  get attempts(): readonly number[] {
    return this.#attempts;
  }

  get requests(): readonly ProxiedRequest[] {
    return this.#requests;
  }

  get counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { method, path } of this.#requests) {
      const name = `${method} ${path}`;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  get upgrades(): number {
    return this.#requests.filter(({ isUpgrade }) => isUpgrade).length;
  }

  resetCounts(): void {
    this.#attempts = [];
    this.#requests = [];
    this.#maxConnections = this.connections;
  }

  async struck(): Promise<void> {
    await new Promise<void>((resolve) => this.#onStruck.push(resolve));
  }

  async request(only?: Only): Promise<ProxiedRequest> {
    return new Promise((resolve) => this.#onRequest.push({ only, resolve }));
  }

  async held(count: number): Promise<void> {
    if (this.connections === count) return;
    await new Promise<void>((resolve) => this.#onHeld.push({ count, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#active.clear();
    await this.goAway();
    // What hung on a stall, with its client gone long since.
    this.cutAll();
  }

  // What connections ask for.

  connect(): Socket {
    return connect({
      port: Number(this.#target.port),
      host: this.#target.hostname,
      allowHalfOpen: true,
    });
  }

  seen(request: ProxiedRequest): void {
    this.totals.requests++;
    if (this.#isRecording) this.#requests.push(request);
    if (this.#onRequest.length === 0) return;
    const due = this.#onRequest.filter(({ only }) => fits(only, request));
    this.#onRequest = this.#onRequest.filter((waiting) => !due.includes(waiting));
    for (const { resolve } of due) resolve(request);
  }

  closed(connection: Connection): void {
    this.#open.delete(connection);
  }

  #take(client: Socket): void {
    this.totals.connections++;
    if (this.#isRecording) this.#attempts.push(performance.now());
    const connection = new Connection(this.#accepted++, client, this);
    this.#open.add(connection);
    client.on("end", () => this.#countHeld());
    client.on("close", () => this.#countHeld());
    if (this.#isRecording) this.#maxConnections = Math.max(this.#maxConnections, this.connections);
    this.#countHeld();
  }

  #countHeld(): void {
    if (this.#onHeld.length === 0) return;
    const due = this.#onHeld.filter(({ count }) => count === this.connections);
    this.#onHeld = this.#onHeld.filter((waiting) => !due.includes(waiting));
    for (const { resolve } of due) resolve();
  }
}
