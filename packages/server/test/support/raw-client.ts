import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A TCP connection on which a test writes what it likes, and sees every byte that comes back. */
export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  readonly #closed: Promise<unknown>;
  #bytes: Buffer = Buffer.alloc(0);
  #arrived: (() => void) | undefined;

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    const client = new RawClient(socket);
    await once(socket, "connect");
    return client;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("data", (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#arrived?.();
    });
    socket.on("end", () => socket.end());
    // A reset is an end like others; what had come before counts.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#arrived?.());
  }

  /** All that came and was not taken yet, one character a byte. */
  get received(): string {
    return this.#bytes.toString("latin1");
  }

  send(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  /** Waits for text, and takes everything up to and with it; fails when the connection closes before. */
  async until(end: string): Promise<string> {
    for (;;) {
      const at = this.#bytes.indexOf(end, 0, "utf8");
      if (at >= 0) return (await this.take(at + Buffer.byteLength(end))).toString();
      await this.#more(`${JSON.stringify(end)} in ${JSON.stringify(this.received.slice(-400))}`);
    }
  }

  /** Waits for this many bytes, and takes them. */
  async take(count: number): Promise<Buffer> {
    while (this.#bytes.length < count) await this.#more(`${count} bytes`);
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** Waits for the end of the connection, and takes what came until then. */
  async closed(): Promise<string> {
    await this.#closed;
    const rest = this.#bytes.toString();
    this.#bytes = Buffer.alloc(0);
    return rest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.#closed;
  }

  async #more(wanted: string): Promise<void> {
    if (this.socket.destroyed || this.socket.readableEnded)
      throw new Error(`the connection closed before ${wanted}`);
    await new Promise<void>((resolve) => (this.#arrived = resolve));
  }
}

/** A GET as plain text. */
export function getRequest(path: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ Host: "127.0.0.1", ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
