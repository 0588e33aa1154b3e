import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What nats-server says to whose entry was not the next one (`server/errors.json`, 10071). */
const LOST_RACE = "wrong last sequence";

/** A way to a nats-server that takes so many milliseconds in each direction. Counts the races that are lost over it. */
export class DistantProxy implements AsyncDisposable {
  lostRaces = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(port: number, oneWayMs: number): Promise<DistantProxy> {
    const proxy = new DistantProxy(port, oneWayMs);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  private constructor(port: number, oneWayMs: number) {
    this.#server = createServer((client) => {
      const server = connect(port, "127.0.0.1");
      for (const [from, to] of [
        [client, server],
        [server, client],
      ] as const) {
        this.#sockets.add(from);
        from.setNoDelay(true);
        from.on("data", (bytes) => {
          if (from === server) this.lostRaces += bytes.toString("latin1").split(LOST_RACE).length - 1;
          // Those of one length come in the order in which they were set.
          setTimeout(() => to.write(bytes), oneWayMs);
        });
        from.on("error", () => undefined);
        from.on("close", () => {
          this.#sockets.delete(from);
          to.destroy();
        });
      }
    });
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
