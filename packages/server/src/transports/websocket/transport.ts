import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TidingsError } from "@tidings/protocol";
import { type Server, WebSocketServer } from "ws";
import { networkOf } from "../../http/address.ts";
import type { Services } from "../../http/services.ts";
import { refuseUpgrade } from "../../http/upgrade.ts";
import { offersDeflate } from "./deflate.ts";
import { type Handshake, Session, SessionSocket, SUBPROTOCOL } from "./session.ts";

/** Whether a handshake offers the subprotocol in which clients may send frames. */
export function offersFrames(req: IncomingMessage): boolean {
  const offered = req.headers["sec-websocket-protocol"]?.split(",") ?? [];
  return offered.some((each) => each.trim() === SUBPROTOCOL);
}

type Handshakes = Server<typeof SessionSocket>;

/** WebSocket (RFC 6455) on one channel, on several, or on none yet. */
export class WebSocketTransport {
  readonly #services: Services;
  readonly #server: Handshakes;
  /** For those that offer compression, where it is on. */
  readonly #deflating: Handshakes | undefined;

  constructor(services: Services) {
    this.#services = services;
    this.#server = newServer(services, false);
    this.#deflating = services.compression === "all" ? newServer(services, true) : undefined;
  }

  /**
   * Completes the handshake and serves the socket. What it asks for was checked before: what is wrong with it was told as an HTTP
   * problem.
   *
   * @throws {TidingsError} `DRAINING`, `TOO_MANY_CONNECTIONS`, `UNAUTHENTICATED`; the socket is untouched then
   */
  serve(req: IncomingMessage, socket: Duplex, head: Buffer, handshake: Handshake): void {
    this.#services.connections.checkRoom(networkOf(handshake.address), handshake.access);
    const isOffered = offersDeflate(req.headers["sec-websocket-extensions"]);
    const server = isOffered ? (this.#deflating ?? this.#server) : this.#server;
    server.handleUpgrade(req, socket, head, (ws) =>
      new Session(this.#services, ws, socket, handshake).open(),
    );
  }
}

/** What handshakes and frames are left to. What is sent to readers it never sees. */
function newServer({ limits, refusals, addresses }: Services, isDeflating: boolean): Handshakes {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    WebSocket: SessionSocket,
    maxPayload: limits.maxFrameBytes,
    // Frames are compressed once for all readers, so none may look back on what one of them was sent before (RFC 7692 §7.1.1.1);
    // and a client's need not, so that there is nothing to keep between two of them.
    perMessageDeflate: isDeflating && { serverNoContextTakeover: true, clientNoContextTakeover: true },
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  server.on("wsClientError", (error, socket, req) => {
    const told = new TidingsError(
      "UPGRADE_INVALID",
      `the WebSocket handshake was refused: ${error.message} (RFC 6455 §4.2.1).`,
    );
    // A client of another version has to be told ours (RFC 6455 §4.4).
    refusals.count(told.code, () => ({ message: told.message, method: "GET", address: addresses.of(req) }));
    refuseUpgrade(socket, told, { "Sec-WebSocket-Version": "13" });
  });
  return server;
}
