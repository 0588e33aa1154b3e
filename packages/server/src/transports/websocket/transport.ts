import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { TidingsError } from "@tidings/protocol";
import { type Server, WebSocketServer } from "ws";
import type { ReadQuery } from "../../http/query.ts";
import type { Services } from "../../http/services.ts";
import { refuseUpgrade } from "../../http/upgrade.ts";
import { Session, SessionSocket, SUBPROTOCOL } from "./session.ts";

/** WebSocket (RFC 6455) on one channel, on several, or on none yet. */
export class WebSocketTransport {
  readonly #services: Services;
  readonly #server: Server<typeof SessionSocket>;

  constructor(services: Services) {
    this.#services = services;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      WebSocket: SessionSocket,
      maxPayload: services.limits.maxFrameBytes,
      // Frames are encoded once for all readers; compressing them for each would cost what lanes save.
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    this.#server.on("wsClientError", (error, socket) => {
      const told = new TidingsError(
        "UPGRADE_INVALID",
        `the WebSocket handshake was refused: ${error.message} (RFC 6455 §4.2.1).`,
      );
      // A client of another version has to be told ours (RFC 6455 §4.4).
      refuseUpgrade(socket, told, { "Sec-WebSocket-Version": "13" });
    });
  }

  /**
   * Completes the handshake and serves the socket; `isMulti` is `/connect`. The query was checked before: what is
   * wrong with it was told as an HTTP problem.
   *
   * @throws {TidingsError} `DRAINING`, `TOO_MANY_CONNECTIONS`; the socket is untouched then
   */
  serve(req: IncomingMessage, socket: Duplex, head: Buffer, query: ReadQuery, isMulti: boolean): void {
    this.#services.connections.checkRoom();
    this.#server.handleUpgrade(req, socket, head, (ws) =>
      new Session(this.#services, ws, socket, query.binary, isMulti).open(query, isMulti),
    );
  }
}
