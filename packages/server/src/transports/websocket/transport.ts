import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Connection, type Sender, TokenBucket } from "@tidings/core";
import {
  type ClientFrame,
  ClientFrameError,
  errorFrame,
  ERRORS,
  parseClientFrame,
  TidingsError,
} from "@tidings/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import type { OpenConnection } from "../../http/connections.ts";
import type { ReadQuery } from "../../http/query.ts";
import { CATCH_UP_BYTES, type Services } from "../../http/services.ts";
import { SocketOutput } from "../../http/socket-output.ts";
import { refuseUpgrade } from "../../http/upgrade.ts";
import { WebSocketCodec } from "./codec.ts";
import { SocketCommands } from "./commands.ts";
import { handleFrame } from "./frame-handler.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Intake } from "./intake.ts";
import type { Session } from "./session.ts";

/** The subprotocol in which the client may send frames too. Without it a WebSocket only receives. */
const SUBPROTOCOL = "tidings.v1";

/** A close reason has at most 123 bytes (RFC 6455 §5.5). */
const MAX_REASON_BYTES = 123;

/** WebSocket (RFC 6455) on one channel, on several, or on none yet. */
export class WebSocketTransport {
  readonly #services: Services;
  readonly #server: WebSocketServer;

  constructor(services: Services) {
    this.#services = services;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
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
    this.#server.handleUpgrade(req, socket, head, (ws) => this.#open(ws, socket, query, isMulti));
  }

  #open(ws: WebSocket, socket: Duplex, query: ReadQuery, isMulti: boolean): void {
    const { connections, limits, hub, presence, toError } = this.#services;
    const id = this.#services.newId();
    const isRaw = ws.protocol !== SUBPROTOCOL;
    /** Whether the end of one reader is the end of the connection: there is no way to subscribe anew. */
    const endsWithReader = isRaw && !isMulti;
    // Lanes' frames go to the socket as they are; `ws` writes its own frames whole, so neither cuts into the other.
    const socketOutput = new SocketOutput(socket, () => {
      commands.resume();
      intake.resume();
      connection.resume();
    });
    const intake = new Intake(ws, () => socketOutput.isBlocked, limits.maxFramesInFlight);
    const codec = new WebSocketCodec(query.binary);
    const connection: Connection = new Connection({
      hub,
      presence,
      codec,
      output: {
        get isBlocked() {
          return socketOutput.isBlocked;
        },
        write: (bytes) => {
          // After a close frame nothing may follow (RFC 6455 §5.5.1).
          if (ws.readyState === ws.OPEN) socketOutput.write(bytes);
        },
        writeAll: (parts) => {
          if (ws.readyState === ws.OPEN) socketOutput.writeAll(parts);
        },
      },
      maxChannels: limits.maxChannelsPerConnection,
      pageLimits: {
        maxMessages: limits.maxPageMessages,
        maxBytes: Math.min(CATCH_UP_BYTES, limits.maxPageBytes),
      },
      toError,
      onLost: (_channel, error) => {
        if (endsWithReader) close(ws, connection, toError(error));
      },
    });
    const commands = new SocketCommands(this.#services, {
      connection: id,
      isBlocked: () => socketOutput.isBlocked,
      write: (bytes) => connection.sendBytes(bytes),
    });
    // One that is not read from cannot show that it answers.
    const heartbeat = new Heartbeat(ws, () => socketOutput.isBlocked || ws.isPaused, limits.pongTimeoutMs);
    const entry: OpenConnection = {
      id,
      transport: "websocket",
      connection,
      beat: () => heartbeat.beat(),
      drain: (reconnectInMs) => {
        if (!isRaw) connection.send({ type: "draining", reconnectInMs });
        // What is being worked on is answered first; the drain's own end is the bound.
        commands.whenIdle(() => {
          connection.close();
          ws.close(isRaw ? 1001 : 4503, `come back in ${reconnectInMs} ms`);
        });
      },
      destroy: () => ws.terminate(),
    };
    connections.add(entry);
    ws.on("close", (code) => {
      commands.close();
      // The client closed, with 1000 or (as `close()` in a browser does) without a code: it does not come back. With
      // 1001 a page is left, which may be a reload.
      connection.close({ hasLeft: code === 1000 || code === 1005 });
      heartbeat.stop();
      connections.delete(entry);
    });
    // What the peer did wrong on the level of frames: `ws` closes with the standard's code by itself.
    ws.on("error", () => undefined);

    if (!isRaw || isMulti) {
      const { maxChannelsPerConnection, maxMessageBytes, maxFrameBytes } = limits;
      connection.send({
        type: "welcome",
        connection: id,
        heartbeatMs: limits.pingMs,
        limits: { maxChannelsPerConnection, maxMessageBytes, maxFrameBytes },
      });
    }
    if (isRaw)
      ws.on("message", () =>
        close(
          ws,
          connection,
          new TidingsError(
            "FRAME_INVALID",
            `only the subprotocol ${SUBPROTOCOL} sends frames; without it use POST /channels/{channel} and POST /commands/{name}`,
          ),
        ),
      );
    else {
      const gather = (): void => socketOutput.gather();
      this.#receive(ws, { connection, codec, commands, gather, sender: this.#newSender() }, intake);
    }
    for (const each of query.channels) {
      connection.subscribe(each).catch((error: unknown) => {
        const told = toError(error);
        connection.send(errorFrame(told, { channel: each.channel }));
        if (endsWithReader) close(ws, connection, told);
      });
    }
  }

  #newSender(): Sender {
    const { newId, limits } = this.#services;
    // A name of its own, for all to see: the connection's id lets whoever knows it change what the connection reads.
    return { key: newId(), bucket: new TokenBucket(limits.maxEphemeralPerSecond, Date.now()) };
  }

  /** Frames are begun in the order they come; each is answered when it is done, by its id. */
  #receive(ws: WebSocket, session: Session, intake: Intake): void {
    ws.on("message", (data: Buffer, isBinary) => {
      let frame: ClientFrame;
      try {
        if (isBinary) throw new ClientFrameError("a frame is one JSON object as text; this one was binary.");
        frame = parseClientFrame(data.toString());
      } catch (error) {
        refuseFrame(ws, session.connection, this.#services.toError(error));
        return;
      }
      intake.begin();
      void handleFrame(this.#services, session, frame).then(() => intake.end());
    });
  }
}

/** A frame whose id could be read is answered, and the rest goes on; any other ends the connection. */
function refuseFrame(ws: WebSocket, connection: Connection, error: TidingsError): void {
  const id = error instanceof ClientFrameError ? error.id : undefined;
  connection.send(errorFrame(error, { id }));
  if (id === undefined) close(ws, connection, error);
}

/** Ends the readers, whose last bytes go out before the close frame does. */
function close(ws: WebSocket, connection: Connection, error: TidingsError): void {
  connection.close();
  const reason = Buffer.from(error.message);
  // Cut at a character's border: the reason must be UTF-8.
  let end = Math.min(reason.length, MAX_REASON_BYTES);
  while (end < reason.length && ((reason[end] as number) & 0xc0) === 0x80) end--;
  ws.close(ERRORS[error.code].closeCode, reason.subarray(0, end));
}
