import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** What happens to the next connections. */
type Fault =
  /** Everything passes. */
  | "none"
  /** The request reaches the server and its answer does not come back. */
  | "lose-answer"
  /** The connection is taken and nothing ever comes. */
  | "silence"
  /** The connection is taken and ended at once, before the request. */
  | "reset";

export interface FaultProxy extends AsyncDisposable {
  readonly url: string;
  /** For connections made from now on. Those that are open are ended, as a network that changes would. */
  set(fault: Fault): void;
  /** Resolves when the next connection has met the fault. */
  struck(): Promise<void>;
}

/** Stands between the command line and a server and does what networks do. */
export async function faultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let fault: Fault = "none";
  let onStruck: (() => void)[] = [];
  const strike = (): void => {
    for (const resolve of onStruck.splice(0)) resolve();
  };
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  };
  const server = createServer((client) => {
    keep(client);
    const met = fault;
    if (met === "reset" || met === "silence") {
      if (met === "reset") client.resetAndDestroy();
      strike();
      return;
    }
    const upstream = connect(Number(port), hostname);
    keep(upstream);
    client.pipe(upstream);
    upstream.on("close", () => client.destroy());
    client.on("close", () => upstream.destroy());
    if (met === "none") {
      upstream.pipe(client);
      return;
    }
    upstream.once("data", () => {
      client.destroy();
      strike();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set(next) {
      fault = next;
      for (const socket of sockets) socket.destroy();
    },
    struck: () => new Promise((resolve) => onStruck.push(resolve)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      onStruck = [];
      await once(server, "close");
    },
  };
}
