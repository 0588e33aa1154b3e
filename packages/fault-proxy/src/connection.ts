import type { Socket } from "node:net";
import type { Active } from "./active.ts";
import { type CutHow, type Direction, type Fault, fits, type ProxiedRequest } from "./faults.ts";
import { type Ending, Flow } from "./flow.ts";
import { type BodyLength, bodyLengthOf, fieldsOf, MessageFramer, type Part } from "./message-framer.ts";
import { answerOf, unauthenticated } from "./own-answer.ts";

/** What a connection asks of its proxy. */
export interface Host {
  /** In the order in which they were let loose. */
  readonly faults: Iterable<Active>;
  /** Opens a connection to the server. */
  connect(): Socket;
  seen(request: ProxiedRequest): void;
  readonly totals: { upBytes: number; downBytes: number };
  /** Both sides are closed. */
  closed(connection: Connection): void;
}

/** A request and its answer. */
interface Exchange {
  readonly request: ProxiedRequest;
  /**
   * `own`: the proxy answers. `swallowed`: nothing passes. `swallow`: nothing will, after the handshake. `lose`: the connection
   * ends in place of the answer.
   */
  mode: "pass" | "own" | "swallowed" | "swallow" | "lose";
  /** The fault that made it so. */
  by: Active | undefined;
  /** The proxy's own answer. */
  own: Buffer | undefined;
  /** Holds the answer back until it is whole. */
  buffer: Active | undefined;
  held: Buffer[];
  heldBytes: number;
  isBegun: boolean;
}

/** So much of a stream is held back by `buffer`; then the server is not read on. */
const MAX_HELD_STREAM_BYTES = 1_048_576;

const isEndless = ({ isStream, isUpgrade }: ProxiedRequest): boolean => isStream || isUpgrade;

/** A client's connection, and the one to the server that belongs to it. */
export class Connection {
  readonly number: number;
  readonly acceptedAtMs: number;
  readonly #host: Host;
  readonly #client: Socket;
  #server: Socket | undefined;
  readonly #up: Flow;
  readonly #down: Flow;
  readonly #requests = new MessageFramer((head) => bodyLengthOf(fieldsOf(head), 0));
  readonly #responses = new MessageFramer((head) => this.#responseLength(head));
  /** Of a request that came before the one before it was answered. */
  #waiting: Part[] = [];
  #exchange: Exchange | undefined;
  #isInterim = false;
  #isCut = false;
  readonly #applied = new Set<Active>();
  readonly #timers = new Map<Active, NodeJS.Timeout>();

  constructor(number: number, client: Socket, host: Host) {
    this.number = number;
    this.acceptedAtMs = performance.now();
    this.#host = host;
    this.#client = client;
    this.#up = new Flow(() => client, {
      open: () => (this.#server ??= this.#connect()),
      // Where the server was never asked, the end is for the client itself.
      finish: (how) => (this.#server === undefined ? finish(client, how) : finish(this.#server, how)),
    });
    this.#down = new Flow(() => this.#server, {
      open: () => client,
      finish: (how) => finish(client, how),
      passed: (bytes) => {
        host.totals.downBytes += bytes;
      },
    });
    client.setNoDelay(true);
    client.on("data", (chunk: Buffer) => {
      host.totals.upBytes += chunk.length;
      this.#waiting.push(...this.#requests.push(chunk));
      this.#work();
    });
    client.on("end", () => this.#up.finish("end"));
    client.on("error", () => undefined);
    client.on("close", (isReset) => {
      for (const timer of this.#timers.values()) clearTimeout(timer);
      this.#up.finish(isReset ? "reset" : "gone");
      if (this.#server === undefined || this.#server.destroyed) host.closed(this);
    });
    for (const fault of host.faults)
      if (fault.options.only === undefined && fault.isFor(number)) this.#apply(fault);
  }

  /** Whether the client is still there: one that has ended its side is not. */
  get isOpen(): boolean {
    return !this.#client.destroyed && !this.#client.readableEnded;
  }

  /** A fault was let loose while it is open. */
  meet(fault: Active): void {
    const { options } = fault;
    const exchange = this.#exchange;
    if (!fault.isFor(this.number) || this.#client.destroyed) return;
    if (options.only !== undefined && (exchange === undefined || !fits(options.only, exchange.request)))
      return;
    this.#apply(fault);
    if (exchange === undefined || exchange.mode !== "pass") return;
    switch (fault.fault.kind) {
      case "buffer":
        exchange.buffer ??= fault;
        return;
      case "swallow-upgrades":
        if (!exchange.request.isUpgrade) return;
        exchange.mode = "swallowed";
        fault.strike();
        return;
      case "lose-answer":
        if (exchange.isBegun) return;
        exchange.mode = "lose";
        exchange.by = fault;
        return;
      default:
      // The others are for requests to come, or were applied.
    }
  }

  /** A fault is over, or (`unlessStruck`) meets nobody whom it has not met. */
  release(fault: Active, unlessStruck = false): void {
    this.#up.release(fault, unlessStruck);
    this.#down.release(fault, unlessStruck);
    clearTimeout(this.#timers.get(fault));
    this.#timers.delete(fault);
    this.#applied.delete(fault);
    const exchange = this.#exchange;
    if (exchange?.buffer !== fault || (unlessStruck && exchange.held.length > 0)) return;
    exchange.buffer = undefined;
    this.#passHeld(exchange);
  }

  /** Ends it, as the network does. */
  cut(how: CutHow): void {
    switch (how) {
      case "half-down":
        this.#down.close();
        this.#client.end();
        return;
      case "half-up":
        this.#up.close();
        this.#server?.end();
        return;
      case "end":
      case "reset":
        // One that does not take its end is not given another.
        if (this.#isCut && how === "end") return;
        this.#isCut = true;
        this.#up.close();
        this.#down.close();
        finish(this.#client, how === "end" ? "gone" : "reset");
        if (this.#server !== undefined) finish(this.#server, how === "end" ? "gone" : "reset");
    }
  }

  #apply(fault: Active): void {
    const { fault: what } = fault;
    this.#applied.add(fault);
    switch (what.kind) {
      case "stall":
        for (const flow of this.#flows(what.direction)) flow.stall(fault);
        return;
      case "delay":
        for (const flow of this.#flows(what.direction)) flow.delay(fault, what.ms);
        return;
      case "cut":
        this.#applyCut(fault, what);
        return;
      default:
      // Decided for each request.
    }
  }

  #applyCut(fault: Active, what: Fault & { readonly kind: "cut" }): void {
    const { responseBytes, requestBytes, ageMs, how = "end" } = what;
    const cut = (): void => this.cut(how);
    if (responseBytes !== undefined) this.#down.cutAfter(fault, responseBytes, cut);
    if (requestBytes !== undefined) this.#up.cutAfter(fault, requestBytes, cut);
    const strike = (): void => {
      fault.strike();
      cut();
    };
    if (ageMs !== undefined) {
      const since = fault.options.only === undefined ? this.acceptedAtMs : this.#exchange?.request.atMs;
      const leftMs = ageMs - (performance.now() - (since ?? this.acceptedAtMs));
      clearTimeout(this.#timers.get(fault));
      this.#timers.set(fault, setTimeout(strike, Math.max(0, leftMs)));
    }
    if (responseBytes === undefined && requestBytes === undefined && ageMs === undefined) strike();
  }

  #flows(direction: Direction = "both"): readonly Flow[] {
    if (direction === "both") return [this.#up, this.#down];
    return [direction === "up" ? this.#up : this.#down];
  }

  /** Takes what the client has sent, up to a request that has to wait for the answer to the one before. */
  #work(): void {
    for (let part = this.#waiting[0]; part !== undefined; part = this.#waiting[0]) {
      if (part.type === "head" && this.#exchange !== undefined) return;
      this.#waiting.shift();
      if (!this.#isCut) this.#takeRequest(part);
    }
  }

  #takeRequest(part: Part): void {
    if (part.type === "head") {
      this.#begin(part.bytes);
      return;
    }
    const exchange = this.#exchange;
    if (part.type === "body") {
      if (exchange?.mode !== "own" && exchange?.mode !== "swallowed") this.#up.push(part.bytes);
      return;
    }
    if (exchange?.mode === "own") this.#sendOwn(exchange);
  }

  #begin(head: Buffer): void {
    const request = this.#requestOf(head.toString("latin1"));
    const exchange: Exchange = {
      request,
      mode: "pass",
      by: undefined,
      own: undefined,
      buffer: undefined,
      held: [],
      heldBytes: 0,
      isBegun: false,
    };
    this.#exchange = exchange;
    const isMet = (fault: Active): boolean => fault.isFor(this.number) && fits(fault.options.only, request);
    for (const fault of [...this.#applied])
      if (fault.options.only !== undefined && !isMet(fault)) this.release(fault);
    for (const fault of [...this.#host.faults]) {
      if (!isMet(fault)) continue;
      // Also where it was applied to the request before: bytes and age count from this one.
      if (fault.options.only !== undefined) this.#apply(fault);
      if (exchange.mode === "pass") decide(exchange, fault);
    }
    this.#host.seen(request);
    if (this.#isCut) return;
    switch (exchange.mode) {
      case "own":
        exchange.by?.strike();
        // The body waits for a word that will not come.
        if (request.headers.has("expect")) this.#sendOwn(exchange);
        return;
      case "swallowed":
        exchange.by?.strike();
        return;
      default:
        this.#up.push(exchange.buffer !== undefined && request.isUpgrade ? withoutUpgrade(head) : head);
    }
  }

  #requestOf(head: string): ProxiedRequest {
    const [method = "", target = ""] = head.slice(0, head.indexOf("\r\n")).split(" ");
    const headers = fieldsOf(head);
    const accept = headers.get("accept") ?? "";
    return {
      method,
      target,
      path: target.split("?")[0] ?? "",
      headers,
      isUpgrade: headers.has("upgrade"),
      isStream: /text\/event-stream|application\/(?:x-)?ndjson/.test(accept),
      atMs: performance.now(),
      connection: this.number,
    };
  }

  #sendOwn(exchange: Exchange): void {
    if (exchange.own === undefined) return;
    this.#down.push(exchange.own);
    exchange.own = undefined;
    this.#down.finish("gone");
  }

  #connect(): Socket {
    const server = this.#host.connect();
    server.setNoDelay(true);
    server.on("data", (chunk: Buffer) => {
      for (const part of this.#responses.push(chunk)) this.#takeResponse(part);
    });
    server.on("end", () => {
      for (const part of this.#responses.finish()) this.#takeResponse(part);
      this.#finishDown("end");
    });
    server.on("error", () => undefined);
    server.on("close", (isReset) => {
      this.#finishDown(isReset ? "reset" : "gone");
      if (this.#client.destroyed) this.#host.closed(this);
    });
    return server;
  }

  /** The server is through. What swallows all else swallows that too. */
  #finishDown(how: Ending): void {
    if (this.#exchange?.mode !== "swallowed") this.#down.finish(how);
  }

  #takeResponse(part: Part): void {
    const exchange = this.#exchange;
    if (this.#isCut) return;
    if (exchange === undefined) {
      if (part.type !== "end") this.#down.push(part.bytes);
      return;
    }
    if (part.type === "end") {
      if (this.#isInterim || exchange.mode === "swallowed") return;
      this.#passHeld(exchange);
      this.#exchange = undefined;
      this.#work();
      return;
    }
    exchange.isBegun = true;
    switch (exchange.mode) {
      case "lose":
        exchange.by?.strike();
        this.cut("end");
        return;
      case "swallow":
        this.#down.push(part.bytes);
        exchange.mode = "swallowed";
        exchange.by?.strike();
        return;
      case "pass":
        if (exchange.buffer === undefined) {
          this.#down.push(part.bytes);
          return;
        }
        exchange.held.push(part.bytes);
        exchange.heldBytes += part.bytes.length;
        if (exchange.held.length === 1) exchange.buffer.strike();
        // What never is whole would fill the memory; a real proxy's buffers are full at some point, too.
        if (exchange.heldBytes > MAX_HELD_STREAM_BYTES && isEndless(exchange.request)) this.#server?.pause();
        return;
      case "own":
      case "swallowed":
    }
  }

  #passHeld(exchange: Exchange): void {
    if (exchange.held.length === 0) return;
    exchange.heldBytes = 0;
    // First: what the client is slow to take may pause it again.
    this.#server?.resume();
    for (const bytes of exchange.held.splice(0)) this.#down.push(bytes);
  }

  #responseLength(head: string): BodyLength {
    const status = Number(head.split(" ", 2)[1]);
    this.#isInterim = status >= 100 && status < 200 && status !== 101;
    if (status === 101) {
      this.#up.push(this.#requests.tunnel());
      return "rest";
    }
    if (this.#isInterim || status === 204 || status === 304) return 0;
    if (this.#exchange?.request.method === "HEAD") return 0;
    return bodyLengthOf(fieldsOf(head), "rest");
  }
}

/** What a fault makes of a request. */
function decide(exchange: Exchange, fault: Active): void {
  const { request } = exchange;
  const { fault: what } = fault;
  const answer = (own: Buffer): void => {
    exchange.mode = "own";
    exchange.by = fault;
    exchange.own = own;
  };
  switch (what.kind) {
    case "refuse-upgrades":
      if (request.isUpgrade) answer(answerOf(request, what.status ?? 426));
      return;
    case "swallow-upgrades":
      if (!request.isUpgrade) return;
      exchange.mode = what.when === "before" ? "swallowed" : "swallow";
      exchange.by = fault;
      return;
    case "answer":
      answer(answerOf(request, what.status, what));
      return;
    case "require-token": {
      const [, token] = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
      if (request.isUpgrade || request.method === "OPTIONS") return;
      if (token === undefined || !what.tokens.has(token)) answer(unauthenticated(request));
      return;
    }
    case "lose-answer":
      exchange.mode = "lose";
      exchange.by = fault;
      return;
    case "buffer":
      exchange.buffer ??= fault;
      return;
    case "cut":
    case "stall":
    case "delay":
    // The connection's.
  }
}

function finish(socket: Socket, how: Ending): void {
  if (how === "end") socket.end();
  else if (how === "gone") socket.destroySoon();
  else socket.resetAndDestroy();
}

/** As a proxy passes a request on that knows nothing of upgrades. */
function withoutUpgrade(head: Buffer): Buffer {
  return Buffer.from(head.toString("latin1").replace(/\r\n(?:connection|upgrade):[^\r\n]*/gi, ""), "latin1");
}
