import { type GapFrame, type MessageObject, SseDecoder, type SseEvent } from "@tidings/protocol";
import { backoffMs } from "./backoff.ts";
import { parseExact } from "./exact-json.ts";
import { type Problem, problemOf, retryAfterMs } from "./problem.ts";

/** Where the stream is. */
export type StreamState =
  | { readonly kind: "connecting" }
  | { readonly kind: "catching-up" }
  | { readonly kind: "live" }
  | { readonly kind: "waiting"; readonly untilMs: number; readonly problem: Problem | undefined }
  | { readonly kind: "stopped"; readonly problem: Problem };

export interface StreamHandler {
  state(state: StreamState): void;
  /** Where the first connection begins to read. */
  begun(cursor: string): void;
  message(message: MessageObject): void;
  gap(gap: GapFrame): void;
  /** The server's clock against the page's, in milliseconds; above 0 where the server's is ahead. */
  clock(aheadMs: number): void;
}

export interface StreamOptions {
  /** The channel's URL without a query. */
  readonly url: string;
  /** Where to begin, and which events. */
  readonly query: URLSearchParams;
  /** How often the server sends a heartbeat, in milliseconds. */
  readonly heartbeatMs: number;
}

/**
 * Reads the channel as Server-Sent Events for as long as the page is open, and resumes from its cursor.
 *
 * Not a native `EventSource`: that hands over named events only to listeners who know the names beforehand, and a
 * channel's events have any name; and it hides why the server refused. The format and the resume are the same.
 */
export class ChannelStream {
  readonly #options: StreamOptions;
  readonly #handler: StreamHandler;
  #cursor: string | undefined;
  #start: string | undefined;
  #failures = 0;
  #retryMs: number | undefined;
  /** What the server asked for this one time: `draining`, `Retry-After`. */
  #pauseMs: number | undefined;
  #problem: Problem | undefined;
  #wake: (() => void) | undefined;
  #watchdog = 0;

  constructor(options: StreamOptions, handler: StreamHandler) {
    this.#options = options;
    this.#handler = handler;
  }

  /** Where the first connection began: nothing before it was read. */
  get startCursor(): string | undefined {
    return this.#start;
  }

  /** Reads until the page is closed. */
  async run(): Promise<never> {
    for (;;) {
      this.#problem = undefined;
      this.#pauseMs = undefined;
      await this.#readOnce();
      await this.#pause();
    }
  }

  /** Connects at once where the stream waits or has stopped. */
  reconnectNow(): void {
    this.#wake?.();
  }

  async #readOnce(): Promise<void> {
    this.#handler.state({ kind: "connecting" });
    const abort = new AbortController();
    // Until its greeting shows otherwise.
    this.#failures++;
    try {
      this.#watch(abort);
      const response = await fetch(this.#url(), {
        headers: { accept: "text/event-stream" },
        cache: "no-store",
        signal: abort.signal,
      });
      if (!response.ok || response.body === null) return await this.#refused(response);
      this.#compareClocks(response);
      this.#handler.state({ kind: "catching-up" });
      await this.#read(response.body.getReader(), abort);
    } catch (error) {
      // What a stream cannot hold will not fit the next time either.
      if (error instanceof RangeError) this.#problem = unreadable(error);
      // Anything else is a connection that was lost or never came to be: tried again.
    } finally {
      clearTimeout(this.#watchdog);
      abort.abort();
    }
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array>, abort: AbortController): Promise<void> {
    const decoder = new SseDecoder({
      event: (event) => this.#received(event, abort),
      position: (cursor) => this.#moved(cursor),
      retry: (retryMs) => (this.#retryMs = retryMs),
    });
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#watch(abort);
      decoder.push(value);
    }
  }

  #received({ event, data, lastEventId }: SseEvent, abort: AbortController): void {
    if (lastEventId !== "") this.#moved(lastEventId);
    const frame = parseExact(data);
    switch (event) {
      case "tidings.gap":
        return this.#handler.gap(frame as GapFrame);
      case "tidings.caught-up":
        return this.#handler.state({ kind: "live" });
      case "tidings.draining":
        this.#pauseMs = (frame as { reconnectInMs?: number }).reconnectInMs;
        return;
      case "tidings.error": {
        const { code, message, retryable } = frame as {
          code?: string;
          message?: string;
          retryable?: boolean;
        };
        this.#problem = {
          title: "The server ended the stream",
          detail: message ?? "",
          code,
          isRetryable: retryable === true,
        };
        return abort.abort();
      }
      default:
        // Control frames of a newer server are passed over.
        if (!event.startsWith("tidings.")) this.#handler.message(frame as MessageObject);
    }
  }

  #moved(cursor: string): void {
    if (this.#start === undefined) this.#handler.begun((this.#start = cursor));
    this.#cursor = cursor;
    this.#failures = 0;
  }

  async #refused(response: Response): Promise<void> {
    const refusal = await problemOf(response);
    this.#problem = refusal;
    this.#pauseMs = retryAfterMs(response);
  }

  async #pause(): Promise<void> {
    let timer = 0;
    const woken = new Promise<void>((resolve) => (this.#wake = resolve));
    const problem = this.#problem;
    if (problem?.isRetryable !== false) {
      const random = Math.random();
      const pauseMs =
        this.#pauseMs ?? backoffMs({ failures: this.#failures, retryMs: this.#retryMs, random });
      this.#handler.state({ kind: "waiting", untilMs: Date.now() + pauseMs, problem });
      timer = setTimeout(() => this.#wake?.(), pauseMs);
    } else {
      this.#handler.state({ kind: "stopped", problem });
    }
    await woken;
    clearTimeout(timer);
    this.#wake = undefined;
  }

  /** A connection that says nothing for longer than two heartbeats is dead, whatever the network thinks. */
  #watch(abort: AbortController): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => abort.abort(), 2.5 * this.#options.heartbeatMs + 5_000);
  }

  #compareClocks(response: Response): void {
    const date = Date.parse(response.headers.get("date") ?? "");
    // The header counts whole seconds, so only more than that says anything.
    const aheadMs = date - Date.now();
    this.#handler.clock(Math.abs(aheadMs) > 2_000 ? aheadMs : 0);
  }

  #url(): string {
    const query = new URLSearchParams(this.#options.query);
    if (this.#cursor !== undefined) {
      query.delete("last");
      query.set("since", this.#cursor);
    }
    return `${this.#options.url}?envelope&${query}`;
  }
}

function unreadable({ message }: RangeError): Problem {
  return { title: "The stream cannot be read", detail: message, code: undefined, isRetryable: false };
}
