import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Seen from who connects: `up` leads to the other end. */
export type LinkDirection = "up" | "down";

/**
 * The network between a server and what it keeps its log in, whatever they speak. (`faultProxy` knows HTTP alone.) It can be
 * cut, and it can be silent in one direction: what is sent then waits, as TCP has it, and comes when it is not silent any more.
 */
export class TcpLink implements AsyncDisposable {
  /** Sees all bytes that pass. */
  onBytes: (bytes: Buffer, direction: LinkDirection) => void = () => undefined;
  readonly #server: Server;
  readonly #pairs = new Set<readonly [client: Socket, target: Socket]>();
  #silent: LinkDirection | undefined;
  #isCut = false;

  /** @param port where it leads, on this machine. */
  static async open(port: number): Promise<TcpLink> {
    const link = new TcpLink(port);
    await once(link.#server.listen(0, "127.0.0.1"), "listening");
    return link;
  }

  private constructor(port: number) {
    this.#server = createServer((client) => this.#take(client, port));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets all connections, and each that is made before {@link heal}. */
  cut(): void {
    this.#isCut = true;
    this.reset();
  }

  /** Resets all connections; new ones are let through. */
  reset(): void {
    for (const [client, target] of this.#pairs) {
      client.resetAndDestroy();
      target.resetAndDestroy();
    }
  }

  /** Nothing passes in this direction before {@link heal}. */
  silence(direction: LinkDirection): void {
    this.#silent = direction;
    for (const [client, target] of this.#pairs) (direction === "up" ? client : target).pause();
  }

  /** All is well again; what was cut stays cut. */
  heal(): void {
    this.#isCut = false;
    this.#silent = undefined;
    for (const sockets of this.#pairs) for (const socket of sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const sockets of this.#pairs) for (const socket of sockets) socket.destroy();
  }

  #take(client: Socket, port: number): void {
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const target = connect(port, "127.0.0.1");
    const pair = [client, target] as const;
    this.#pairs.add(pair);
    this.#pass(client, target, "up");
    this.#pass(target, client, "down");
    for (const socket of pair) socket.once("close", () => this.#pairs.delete(pair));
  }

  #pass(from: Socket, to: Socket, direction: LinkDirection): void {
    from.setNoDelay(true);
    from.on("data", (bytes: Buffer) => {
      this.onBytes(bytes, direction);
      to.write(bytes);
    });
    from.on("error", () => undefined);
    from.once("close", () => to.destroy());
    if (this.#silent === direction) from.pause();
  }
}
