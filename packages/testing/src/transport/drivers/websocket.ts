import { once } from "node:events";
import { parseBinaryFrame, parseServerFrame } from "@tidings/protocol";
import { WebSocket } from "ws";
import { EventQueue, follow } from "../event-queue.ts";
import type { ReadOptions, StreamEvent, TransportDriver, TransportStream } from "../types.ts";
import { deliveredOf, eventOf } from "./frame-events.ts";
import { readUrl } from "./read-url.ts";
import { refusal } from "./response.ts";

export interface WebSocketOptions {
  readonly isMulti: boolean;
  /** With the subprotocol `tidings.v1`; many channels are then subscribed to by frames. */
  readonly v1: boolean;
  /** Whether permessage-deflate is offered, and has to be taken. */
  readonly isDeflated?: boolean;
}

/** WebSocket: raw, as `wscat` reads it, or `tidings.v1`. */
export function webSocketDriver({ isMulti, v1, isDeflated = false }: WebSocketOptions): TransportDriver {
  const open = async (base: string, options: ReadOptions): Promise<TransportStream> => {
    const bySubscribe = v1 && isMulti;
    const url = readUrl(
      base,
      bySubscribe ? { channels: [] } : options,
      isMulti,
      v1 && !isMulti ? { binary: "" } : {},
    );
    url.protocol = "ws:";
    const socket = new WebSocket(url, v1 ? ["tidings.v1"] : [], {
      perMessageDeflate: isDeflated && { threshold: 0 },
    });
    const stream = new WebSocketStream(socket, options, async (each, at = base) => open(at, each));
    await stream.opened(bySubscribe);
    if (isDeflated && socket.readyState === WebSocket.OPEN && socket.extensions !== "permessage-deflate")
      throw new Error("permessage-deflate was not taken");
    return stream;
  };
  return {
    name: `${v1 ? "websocket tidings.v1" : "websocket"}${isMulti ? " on /connect" : ""}${isDeflated ? ", deflated" : ""}`,
    isMulti,
    isStream: true,
    beginsLive: true,
    isHeld: true,
    tellsKind: true,
    isBinary: v1 && !isMulti,
    open,
  };
}

class WebSocketStream implements TransportStream {
  readonly cursors: Map<string, string>;
  connection: string | undefined;
  closeCode: number | undefined;
  readonly #socket: WebSocket;
  readonly #options: ReadOptions;
  readonly #open: (options: ReadOptions, url?: string) => Promise<TransportStream>;
  readonly #queue = new EventQueue();

  constructor(
    socket: WebSocket,
    options: ReadOptions,
    open: (options: ReadOptions, url?: string) => Promise<TransportStream>,
  ) {
    this.#socket = socket;
    this.#options = options;
    this.#open = open;
    this.cursors = new Map(options.cursors);
    socket.on("message", (data: Buffer, isBinary) => this.#take(data, isBinary));
    socket.on("close", (code) => {
      this.closeCode = code;
      this.#queue.end();
    });
    socket.on("error", () => undefined);
    socket.on("unexpected-response", (request, response) => {
      response.setEncoding("utf8").on("data", (body: string) => {
        // What stands before the server may refuse too, with a page of its own: then there is just no stream.
        if (response.headers["content-type"]?.startsWith("application/problem+json") === true)
          this.#queue.push(refusal(response.statusCode ?? 0, body));
        this.#queue.end();
        socket.emit("open");
        request.destroy();
      });
    });
  }

  async opened(bySubscribe: boolean): Promise<void> {
    await once(this.#socket, "open");
    if (!bySubscribe || this.#socket.readyState !== WebSocket.OPEN) return;
    const { channels, since, last, events, gap, cursors, presence } = this.#options;
    for (const channel of channels) {
      const cursor = cursors?.get(channel) ?? since;
      const start = cursor === undefined ? { last } : { since: cursor };
      const frame = { type: "subscribe", id: channel, channel, ...start, events, gap, presence };
      this.#socket.send(JSON.stringify(frame));
    }
  }

  async next(): Promise<StreamEvent | undefined> {
    const event = await this.#queue.take();
    if (event !== undefined) follow(this.cursors, event);
    return event;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  cut(): void {
    this.#socket.terminate();
  }

  async reopen(url?: string): Promise<TransportStream> {
    this.cut();
    return this.#open({ ...this.#options, cursors: this.cursors }, url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (isBinary) {
      const message = parseBinaryFrame(data);
      if (message !== undefined) this.#queue.push(deliveredOf(message, ""));
      return;
    }
    const text = data.toString();
    const frame = parseServerFrame(text);
    if (frame.type === "welcome") this.connection = frame.connection;
    const event = eventOf(text);
    if (event !== undefined) this.#queue.push(event);
  }
}
