import {
  connect,
  cursors,
  type Gap,
  type Message,
  page,
  type ReadOptions,
  type State,
  type Tidings,
  type TidingsError,
} from "@tidings/client/sse";
import { type MessageObject, toBase64 } from "@tidings/protocol";
import { parseExact } from "./exact-json.ts";
import type { Problem } from "./problem.ts";

/** Where the stream is. */
export type StreamState =
  | { readonly kind: "connecting" }
  | { readonly kind: "catching-up" }
  | { readonly kind: "live" }
  | { readonly kind: "waiting"; readonly untilMs: number; readonly problem: Problem | undefined }
  | { readonly kind: "offline" }
  | { readonly kind: "stopped"; readonly problem: Problem };

export interface StreamHandler {
  state(state: StreamState): void;
  /** Where the first connection begins to read. */
  begun(cursor: string): void;
  message(message: MessageObject): void;
  gap(gap: Gap): void;
  /** The server's clock against the page's, in milliseconds; above 0 where the server's is ahead. */
  clock(aheadMs: number): void;
}

export interface StreamOptions extends Pick<ReadOptions, "since" | "last"> {
  /** The server's root. */
  readonly root: string;
  readonly channel: string;
  readonly events: readonly string[] | undefined;
}

/** Reads the channel for as long as the page is open: what the client tells, as this page shows it. */
export class ChannelStream {
  readonly #options: StreamOptions;
  readonly #handler: StreamHandler;
  #tidings: Tidings | undefined;
  #start: string | undefined;
  #cursor: string | undefined;
  #kind: StreamState["kind"] = "connecting";
  /** Whether the client has told that it has caught up: it does so once, and again after a gap. */
  #isCaughtUp = false;

  constructor(options: StreamOptions, handler: StreamHandler) {
    this.#options = options;
    this.#handler = handler;
  }

  /** Where the first connection began: nothing before it was read. */
  get startCursor(): string | undefined {
    return this.#start;
  }

  /** Begins to read; after it was stopped, where it was. */
  open(): void {
    const { root, channel: name, since, last, events } = this.#options;
    this.#tidings?.close();
    this.#isCaughtUp = false;
    const options = {
      parse: parseExact,
      fetch: (...request: Parameters<typeof fetch>) => this.#fetch(...request),
      // Kept in the page alone. The first that is set is where the reading begins.
      cursors: {
        getItem: () => this.#cursor,
        setItem: (_key: string, cursor: string) => this.#moved(cursor),
      },
    };
    const tidings = connect(root, options, { cursors, page });
    this.#tidings = tidings;
    const channel = tidings.channel(name, { since, last, events });
    tidings.on("state", (state) => this.#tidings === tidings && this.#connection(state));
    // What is handed over late says nothing about a connection that was lost meanwhile.
    channel.on("caught-up", () => {
      this.#isCaughtUp = true;
      if (tidings.state.name === "live") this.#tell({ kind: "live" });
    });
    channel.on("gap", (gap) => {
      this.#isCaughtUp = false;
      this.#handler.gap(gap);
    });
    channel.on("*", (_data, message) => this.#handler.message(asTravelled(message, root)));
    channel.on("error", (error) => this.#tell({ kind: "stopped", problem: describe(error) }));
  }

  /** Connects at once where the stream waits or has stopped. */
  reconnectNow(): void {
    if (this.#kind === "stopped") this.open();
    else this.#tidings?.reconnect();
  }

  #connection(state: State): void {
    switch (state.name) {
      case "connecting":
        return this.#tell({ kind: "connecting" });
      case "live":
        return this.#tell({ kind: this.#isCaughtUp ? "live" : "catching-up" });
      case "waiting": {
        const { retryAtMs: untilMs, reason } = state;
        return this.#tell({
          kind: "waiting",
          untilMs,
          problem: isUntold(reason) ? undefined : describe(reason),
        });
      }
      case "offline":
        return this.#tell({ kind: "offline" });
      case "closed":
        if (state.reason !== undefined) this.#tell({ kind: "stopped", problem: describe(state.reason) });
        return;
      case "idle":
      // The channel cannot be read, which is told by itself.
    }
  }

  #tell(state: StreamState): void {
    this.#kind = state.kind;
    this.#handler.state(state);
  }

  #moved(cursor: string): void {
    if (this.#start === undefined) this.#handler.begun((this.#start = cursor));
    this.#cursor = cursor;
  }

  async #fetch(...request: Parameters<typeof fetch>): Promise<Response> {
    const response = await fetch(...request);
    const date = Date.parse(response.headers.get("date") ?? "");
    // The header counts whole seconds, so only more than that says anything.
    const aheadMs = date - Date.now();
    this.#handler.clock(Math.abs(aheadMs) > 2_000 ? aheadMs : 0);
    return response;
  }
}

/** A connection that was lost, or never came to be: the state says all there is to say. */
function isUntold({ code, status }: TidingsError): boolean {
  return status === undefined && /^(UNREACHABLE|SILENT|CONNECTION_LOST|TRANSPORT_BLOCKED)$/.test(code);
}

function describe({ code, message, status, data }: TidingsError): Problem {
  // Not from the server itself, but from something before it.
  if (status !== undefined && /^(UNREACHABLE|TRANSPORT_BLOCKED)$/.test(code))
    return { title: `The server answered ${status}`, detail: "", code: undefined };
  const { title } = Object(data) as { readonly title?: unknown };
  return { title: typeof title === "string" ? title : "The channel cannot be read", detail: message, code };
}

/** As it travelled, which is how the pages of earlier messages bring it too; an artifact by its path on this host. */
function asTravelled(message: Message, root: string): MessageObject {
  const { data, artifact, ...rest } = message;
  return {
    ...rest,
    ...(data instanceof Uint8Array ? { encoding: "base64", data: toBase64(data) } : { data }),
    ...(artifact && { artifact: { ...artifact, url: artifact.url.replace(new URL(root).origin, "") } }),
  };
}
