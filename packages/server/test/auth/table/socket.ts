import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";

type Json = Readonly<Record<string, unknown>>;

/** A WebSocket as its client sees it: refused by a status, or open, with what it was sent. */
export class Socket implements AsyncDisposable {
  /** What was answered instead of an upgrade. */
  readonly refused: { readonly status: number; readonly challenge: string | undefined } | undefined;
  readonly frames: Json[] = [];
  readonly #ws: WebSocket;
  #arrived = Promise.withResolvers<void>();
  #closed: number | undefined;

  static async open(url: string, headers: Readonly<Record<string, string>>, isRaw: boolean): Promise<Socket> {
    const ws = new WebSocket(url.replace(/^http/, "ws"), isRaw ? [] : ["tidings.v1"], { headers });
    const socket: { readonly opened?: Socket } = {};
    const refused = await new Promise<IncomingMessage | undefined>((resolve, reject) => {
      ws.once("open", () => resolve(undefined));
      ws.once("unexpected-response", (_, response) => resolve(response));
      ws.once("error", reject);
      // From the first byte on: the head and the first frames may come as one.
      Object.assign(socket, { opened: new Socket(ws) });
    });
    const { opened } = socket as { readonly opened: Socket };
    if (refused === undefined) return opened;
    refused.resume();
    const challenge = refused.headers["www-authenticate"];
    return Object.assign(opened, { refused: { status: refused.statusCode ?? 0, challenge } });
  }

  private constructor(ws: WebSocket) {
    this.#ws = ws;
    ws.on("message", (data: Buffer) => {
      this.frames.push(JSON.parse(data.toString()) as Json);
      this.#wake();
    });
    // One that was refused is ended before it is open.
    ws.on("error", () => undefined);
    ws.on("close", (code) => {
      this.#closed = code;
      this.#wake();
    });
  }

  send(frame: object | string): void {
    this.#ws.send(typeof frame === "string" ? frame : JSON.stringify(frame));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#ws.send(bytes);
  }

  /** Waits until a frame has these members; fails where the socket closes before. */
  async until(wanted: Json): Promise<Json> {
    for (;;) {
      const found = this.frames.find((frame) =>
        Object.entries(wanted).every(([name, value]) => frame[name] === value),
      );
      if (found !== undefined) return found;
      if (this.#closed !== undefined)
        throw new Error(`closed with ${this.#closed}: ${JSON.stringify(wanted)} not in ${this.text}`);
      await this.#arrived.promise;
    }
  }

  /** Waits until a text stands in what came. */
  async untilText(wanted: string): Promise<void> {
    while (!this.text.includes(wanted)) {
      if (this.#closed !== undefined) throw new Error(`closed with ${this.#closed}: ${this.text}`);
      await this.#arrived.promise;
    }
  }

  /** Waits until it is closed; answers the code. */
  async closed(): Promise<number> {
    while (this.#closed === undefined) await this.#arrived.promise;
    return this.#closed;
  }

  get text(): string {
    return JSON.stringify(this.frames);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ws.readyState === WebSocket.CLOSED) return;
    this.#ws.terminate();
    await this.closed();
  }

  #wake(): void {
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }
}
