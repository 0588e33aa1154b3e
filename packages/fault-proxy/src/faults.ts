/** A request as it passed through the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  /** With the query. */
  readonly target: string;
  /** Without it. */
  readonly path: string;
  /** By name in small letters. */
  readonly headers: ReadonlyMap<string, string>;
  /** It asks for another protocol: a WebSocket. */
  readonly isUpgrade: boolean;
  /** It asks for Server-Sent Events or NDJSON. */
  readonly isStream: boolean;
  /** When its head was whole: `performance.now()`. */
  readonly atMs: number;
  /** On which connection, counted from 0. */
  readonly connection: number;
}

/** Towards the server is `up`, towards the client `down`. */
export type Direction = "up" | "down" | "both";

/** What a network, or a box in it, does to connections. */
export type Fault =
  /** Upgrades are answered with this status (default 426) and a page of HTML. */
  | { readonly kind: "refuse-upgrades"; readonly status?: number }
  /**
   * Upgrades lead nowhere: the `101` passes, and then nothing in either direction (`after: "handshake"`, the default); or
   * it never comes (`before`), and the server does not see the request. An open WebSocket goes silent. Lifting it brings none back.
   */
  | { readonly kind: "swallow-upgrades"; readonly when?: "before" | "after" }
  /**
   * Answers are passed on when they are whole, so a stream not before it ends; and an upgrade loses its `Connection` and `Upgrade`, as
   * at a proxy that knows only HTTP/1.0. Of a stream it holds 1 MiB, and reads no more of it. Lifting it passes on what was held.
   */
  | { readonly kind: "buffer" }
  /**
   * The connection ends after exactly so many bytes of the answer, or of the request, or at this age; without any of them at
   * once. Bytes count from when the fault met the connection: its beginning, the request's where `only` is given, or now.
   */
  | {
      readonly kind: "cut";
      readonly responseBytes?: number;
      readonly requestBytes?: number;
      /** In milliseconds; of an open connection too, which may be over it already. */
      readonly ageMs?: number;
      /**
       * `end` (default): both sides are closed. `reset`: both get an RST. `half-down`: the client gets a FIN, while the way to
       * the server stays open; `half-up`: the other way round. What comes from the other side is thrown away then.
       */
      readonly how?: CutHow;
    }
  /** Bytes stop, and ends with them; the sockets stay open. Lifting it passes on what was held. Default both directions. */
  | { readonly kind: "stall"; readonly direction?: Direction }
  /** Each chunk comes so many milliseconds later, in order. Default both directions. */
  | { readonly kind: "delay"; readonly ms: number; readonly direction?: Direction }
  /** The proxy answers by itself, with a page of HTML, and closes the connection; the server sees nothing. */
  | {
      readonly kind: "answer";
      readonly status: number;
      /** `Retry-After`: seconds, or a date. */
      readonly retryAfter?: number | string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** The request reaches the server; in place of the answer's first byte the connection ends. */
  | { readonly kind: "lose-answer" }
  /**
   * Requests without `Authorization: Bearer` and one of these are answered as the server answers them: 401 with the problem
   * `UNAUTHENTICATED`. Upgrades and preflights pass. The set may be changed meanwhile.
   */
  | { readonly kind: "require-token"; readonly tokens: ReadonlySet<string> };

export type CutHow = "end" | "reset" | "half-down" | "half-up";

/** Which requests a fault is for. */
export type Only = "upgrades" | "streams" | "polls" | ((request: ProxiedRequest) => boolean);

export interface InjectOptions {
  /** Connections that are open now, those made from now on, or both (the default). */
  readonly on?: "open" | "new" | "all";
  /**
   * Only these requests; the rest of a connection that carries several is left alone. `polls`: all that are neither streams
   * nor upgrades. Default all, and connections that have made no request yet.
   */
  readonly only?: Only;
  /** It meets nobody else after it has struck so often. Default without end. */
  readonly times?: number;
}

/** A fault that was let loose. */
export interface Injected extends Disposable {
  /** How often it has struck: a connection that it stalls or delays counts once. */
  readonly strikes: number;
  /** Resolves once it has struck at least so often. Default once. */
  struck(times?: number): Promise<void>;
  /** Ends it, for open connections too. What it has cut stays cut. */
  lift(): void;
}

export function fits(only: Only | undefined, request: ProxiedRequest): boolean {
  switch (only) {
    case undefined:
      return true;
    case "upgrades":
      return request.isUpgrade;
    case "streams":
      return request.isStream;
    case "polls":
      return !request.isStream && !request.isUpgrade;
    default:
      return only(request);
  }
}
