import type { Server } from "node:http";
import type { Socket } from "node:net";
import { type Limits, TidingsError } from "@tidings/protocol";
import type { Addresses } from "./address.ts";
import { type Descriptors, RESERVED_SOCKETS } from "./descriptors.ts";
import type { Refusals } from "./refusals.ts";
import { Tally } from "./tally.ts";

interface SocketsOptions {
  readonly limits: Pick<Limits, "maxConnectionsPerAddress">;
  readonly addresses: Addresses;
  readonly descriptors: Descriptors;
  readonly refusals: Refusals;
}

/**
 * The sockets of the server's own listeners, whatever is asked on them. One that is too many is not closed at once: who sends a request is
 * told why, and health and administration are answered. Those wait in a row of their own, which is short: whoever has
 * waited longest goes when another one comes, so that silent ones can neither fill the server nor keep others from being heard.
 */
export class Sockets {
  readonly #options: SocketsOptions;
  readonly #addressOf = new Map<Socket, string | undefined>();
  readonly #byAddress = new Tally();
  /** Those that are too many, and why; the first one waits longest. */
  readonly #over = new Map<Socket, TidingsError>();
  readonly #onClose: (this: Socket) => void;

  constructor(options: SocketsOptions) {
    this.#options = options;
    const closed = (socket: Socket): void => this.#closed(socket);
    // One function for all: a closure each would be held for as long as its socket.
    this.#onClose = function onClose(this: Socket): void {
      closed(this);
    };
  }

  get size(): number {
    return this.#addressOf.size;
  }

  watch(server: Server): void {
    server.on("connection", (socket: Socket) => this.#opened(socket));
  }

  /** Why a socket is one too many; `undefined` for nearly all. */
  whyOver(socket: Socket): TidingsError | undefined {
    return this.#over.size === 0 ? undefined : this.#over.get(socket);
  }

  #opened(socket: Socket): void {
    const { addresses, refusals } = this.#options;
    const address = addresses.ofPeer(socket);
    this.#addressOf.set(socket, address);
    if (address !== undefined) this.#byAddress.add(address);
    socket.on("close", this.#onClose);
    const why = this.#whyTooMany(address);
    if (why === undefined) return;
    this.#over.set(socket, why);
    if (this.#over.size <= RESERVED_SOCKETS) return;
    for (const [oldest, over] of this.#over) {
      refusals.count("TOO_MANY_CONNECTIONS", () => ({ message: over.message, address: addressOf(oldest) }));
      this.#over.delete(oldest);
      oldest.destroy();
      break;
    }
  }

  #whyTooMany(address: string | undefined): TidingsError | undefined {
    const { limits, descriptors } = this.#options;
    const { maxConnectionsPerAddress } = limits;
    if (address !== undefined && this.#byAddress.of(address) > maxConnectionsPerAddress)
      return tooManyOf(maxConnectionsPerAddress);
    if (!descriptors.isAtEdge(this.#addressOf.size)) return undefined;
    return new TidingsError(
      "TOO_MANY_CONNECTIONS",
      "the server has as many connections open as its machine lets it have; try again later.",
    );
  }

  #closed(socket: Socket): void {
    const address = this.#addressOf.get(socket);
    this.#addressOf.delete(socket);
    this.#over.delete(socket);
    if (address !== undefined) this.#byAddress.delete(address);
  }
}

/** Of one that was taken in, and may be gone. */
function addressOf(socket: Socket): string | undefined {
  return socket.remoteAddress;
}

/** Of one address. */
export function tooManyOf(maxConnectionsPerAddress: number): TidingsError {
  return new TidingsError(
    "TOO_MANY_CONNECTIONS",
    `your address has ${maxConnectionsPerAddress} connections, as many as one may (maxConnectionsPerAddress); close some, or try ` +
      "again later. A proxy before the server has to be named in trustedProxies.",
  );
}
