import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A way to an engine that passes everything on, but may keep to itself what is told to subscribers (of Redis), or be cut. */
export class DeafProxy implements AsyncDisposable {
  isDeaf = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(port: number): Promise<DeafProxy> {
    const proxy = new DeafProxy(port);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const server = connect(port, "127.0.0.1");
      let subscribes = false;
      client.on("data", (bytes) => {
        subscribes ||= bytes.includes("subscribe");
        server.write(bytes);
      });
      server.on("data", (bytes) => {
        if (!subscribes || !this.isDeaf) client.write(bytes);
      });
      for (const [socket, other] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
      }
    });
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends all links that there are. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
