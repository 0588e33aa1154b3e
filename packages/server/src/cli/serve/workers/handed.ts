import type { Server } from "node:http";
import type { Socket } from "node:net";

/** How often it is told how many have closed, in milliseconds. */
const TELL_MS = 50;
/** How long a drain waits for requests that are being answered, in milliseconds. */
const LAST_REQUESTS_MS = 2_000;

/** The connections that this worker was handed. */
export class Handed {
  readonly #server: Server;
  readonly #tell: (closed: number) => void;
  #open = 0;
  #closed = 0;
  #onEmpty: () => void = () => undefined;

  /** @param server one that listens to nothing itself  @param tell is told how many have closed since */
  constructor(server: Server, tell: (closed: number) => void) {
    this.#server = server;
    this.#tell = tell;
    // Node bounds how long a head may take, and finds idle connections, only of servers that have said so.
    server.emit("listening");
  }

  take(socket: Socket): void {
    this.#open++;
    socket.once("close", () => this.#left());
    // As a server that listens does it.
    socket.setNoDelay(true);
    this.#server.emit("connection", socket);
    socket.resume();
  }

  /** Ends what is idle, and waits a while for what is being answered. */
  async close(): Promise<void> {
    this.#server.closeIdleConnections();
    if (this.#open === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      timer = setTimeout(resolve, LAST_REQUESTS_MS);
    });
    clearTimeout(timer);
    this.#server.closeAllConnections();
  }

  #left(): void {
    if (--this.#open === 0) this.#onEmpty();
    if (this.#closed++ > 0) return;
    setTimeout(() => {
      this.#tell(this.#closed);
      this.#closed = 0;
    }, TELL_MS).unref();
  }
}
