import { connect, createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

/** A way to a Redis that passes everything on, but may keep to itself what is told to subscribers. */
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
    return `redis://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
