/** Who calls, for a handler's own log. */
export interface CallerFacts {
  readonly transport: "rest" | "websocket" | "library";
  /** Of a WebSocket: the connection's id, as its `welcome` told it. */
  readonly connection?: string;
  /** Whom the caller's credential stands for: a token's `sub`, a key's name. */
  readonly subject?: string | undefined;
  /** What the application's own say added when the caller came in. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
}

/** What a run is given. */
export interface Invocation {
  readonly name: string;
  /** JSON as the caller wrote it; absent where there is none. */
  readonly input: Uint8Array | undefined;
  /** Aborted at the deadline, when the caller cancels or goes away, and when the server closes. */
  readonly signal: AbortSignal;
  /** When the caller gives up, in milliseconds since 1970. */
  readonly deadlineMs: number;
  readonly caller: CallerFacts;
  readonly idempotencyKey: string | undefined;
  /** Tells a part of the answer ahead of it. Resolves once the caller has room for more. */
  readonly progress: (data: unknown) => Promise<void>;
  /** The same with JSON as it is to stand. */
  readonly progressJson: (json: string) => Promise<void>;
}

/** Answers a command with its JSON, or none. What it throws that is not a fault of its own is the server's to hide. */
export type Run = (invocation: Invocation) => Promise<string | undefined> | string | undefined;
