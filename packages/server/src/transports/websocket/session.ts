import type { Duplex } from "node:stream";
import { Connection, type ConnectionOutput, type Sender, TokenBucket } from "@tidings/core";
import {
  type ClientFrame,
  ClientFrameError,
  errorFrame,
  ERRORS,
  parseClientFrame,
  TidingsError,
} from "@tidings/protocol";
import { type RawData, WebSocket } from "ws";
import type { OpenConnection } from "../../http/connections.ts";
import type { ReadQuery } from "../../http/query.ts";
import type { Services } from "../../http/services.ts";
import { codecOf } from "./codec.ts";
import { type CommandSocket, SocketCommands } from "./commands.ts";
import { forgetInflate } from "./deflate.ts";
import { handleFrame } from "./frame-handler.ts";
import { ping } from "./heartbeat.ts";
import { Intake } from "./intake.ts";

/** The subprotocol in which the client may send frames too. Without it a WebSocket only receives. */
export const SUBPROTOCOL = "tidings.v1";

/** A close reason has at most 123 bytes (RFC 6455 §5.5). */
const MAX_REASON_BYTES = 123;

/** A WebSocket that knows its session, so that listeners are functions that all of them share. */
export class SessionSocket extends WebSocket {
  session: Session | undefined;
}

/** One WebSocket as it is written to, read from and looked after. What only some clients need is made when they do. */
export class Session implements ConnectionOutput, OpenConnection, CommandSocket {
  readonly id: string;
  readonly connection: Connection;
  readonly #services: Services;
  readonly #ws: SessionSocket;
  readonly #socket: Duplex;
  #isBinary: boolean;
  /** Whether the end of one reader is the end of the connection: there is no way to subscribe anew. */
  readonly #endsWithReader: boolean;
  /** While a ping has no answer: what ends the wait for it. */
  #endPing: (() => void) | undefined;
  #intake: Intake | undefined;
  #commands: SocketCommands | undefined;
  #sender: Sender | undefined;

  constructor(services: Services, ws: SessionSocket, socket: Duplex, isBinary: boolean, isMulti: boolean) {
    this.id = services.newId();
    this.connection = new Connection(services.connection, codecOf(isBinary, ws.extensions !== ""), this);
    this.#services = services;
    this.#ws = ws;
    this.#socket = socket;
    this.#isBinary = isBinary;
    this.#endsWithReader = this.#isRaw && !isMulti;
    socket.on("drain", () => this.#resume());
  }

  /** Begins what the handshake's URL asks for. */
  open({ channels }: ReadQuery, isMulti: boolean): void {
    const { limits, connections, toError } = this.#services;
    this.#ws.session = this;
    listen(this.#ws);
    connections.add(this);
    if (!this.#isRaw || isMulti) {
      const { maxChannelsPerConnection, maxMessageBytes, maxFrameBytes } = limits;
      this.connection.send({
        type: "welcome",
        connection: this.id,
        heartbeatMs: limits.pingMs,
        limits: { maxChannelsPerConnection, maxMessageBytes, maxFrameBytes },
      });
    }
    for (const each of channels) {
      this.connection.subscribe(each).catch((error: unknown) => {
        const told = toError(error);
        this.connection.send(errorFrame(told, { channel: each.channel }));
        if (this.#endsWithReader) this.#close(told);
      });
    }
  }

  get transport(): "websocket" {
    return "websocket";
  }

  get isBlocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Lanes' frames go to the socket as they are; `ws` writes its own frames whole, so neither cuts into the other. */
  write(bytes: Uint8Array): void {
    // After a close frame nothing may follow (RFC 6455 §5.5.1). After the other side's end there is nobody left to tell.
    if (this.#ws.readyState === WebSocket.OPEN && this.#socket.writable) this.#socket.write(bytes);
  }

  writeAll(parts: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const part of parts) this.write(part);
    this.#socket.uncork();
  }

  /**
   * What is written from here to the end of this turn of the event loop goes out as one write: of hundreds of publishes that
   * come together, the writes of their answers took a third of the time.
   */
  gather(): void {
    const socket = this.#socket;
    if (socket.writableCorked > 0) return;
    socket.cork();
    setImmediate(() => socket.uncork());
  }

  lost(_channel: string, error: unknown): void {
    if (this.#endsWithReader) this.#close(this.#services.toError(error));
  }

  get isBinary(): boolean {
    return this.#isBinary;
  }

  /** Whether payloads of bytes come in binary frames; to be set ahead of the first subscription. */
  set isBinary(isBinary: boolean) {
    this.#isBinary = isBinary;
    this.connection.useCodec(codecOf(isBinary, this.#ws.extensions !== ""));
  }

  get commands(): SocketCommands {
    this.#commands ??= new SocketCommands(this.#services, this);
    return this.#commands;
  }

  /** As what its ephemeral messages are counted, and told apart. */
  get sender(): Sender {
    const { newId, limits } = this.#services;
    // A name of its own, for all to see: the connection's id lets whoever knows it change what the connection reads.
    this.#sender ??= { key: newId(), bucket: new TokenBucket(limits.maxEphemeralPerSecond, Date.now()) };
    return this.#sender;
  }

  beat(): void {
    const { pongTimeoutMs } = this.#services.limits;
    this.#endPing ??= ping(this.#ws, this, pongTimeoutMs, () => this.ponged());
  }

  drain(reconnectInMs: number): void {
    if (!this.#isRaw) this.connection.send({ type: "draining", reconnectInMs });
    const end = (): void => {
      this.connection.close();
      this.#ws.close(this.#isRaw ? 1001 : 4503, `come back in ${reconnectInMs} ms`);
    };
    // What is being worked on is answered first; the drain's own end is the bound.
    if (this.#commands === undefined) end();
    else this.#commands.whenIdle(end);
  }

  destroy(): void {
    this.#ws.terminate();
  }

  /** Frames are begun in the order they come; each is answered when it is done, by its id. */
  received(data: Buffer, isBinary: boolean): void {
    this.checkIntake();
    if (this.#isRaw) return this.#close(unheardError());
    let frame: ClientFrame;
    try {
      if (isBinary) throw new ClientFrameError("a frame is one JSON object as text; this one was binary.");
      frame = parseClientFrame(data.toString());
    } catch (error) {
      return this.#refuseFrame(this.#services.toError(error));
    }
    const intake = this.checkIntake();
    intake.begin();
    void handleFrame(this.#services, this, frame).then(() => intake.end());
  }

  /** Something came, which may be one too many. */
  checkIntake(): Intake {
    this.#intake ??= new Intake(this.#ws, this, this.#services.limits.maxFramesInFlight);
    this.#intake.check();
    return this.#intake;
  }

  /** It answered, or is not waited for any more. */
  ponged(): void {
    this.#endPing?.();
    this.#endPing = undefined;
  }

  closed(code: number): void {
    this.#commands?.close();
    // The client closed, with 1000 or (as `close()` in a browser does) without a code: it does not come back. With
    // 1001 a page is left, which may be a reload.
    this.connection.close({ hasLeft: code === 1000 || code === 1005 });
    this.ponged();
    this.#services.connections.delete(this);
  }

  get #isRaw(): boolean {
    return this.#ws.protocol !== SUBPROTOCOL;
  }

  /** The socket has room again. */
  #resume(): void {
    this.#commands?.resume();
    this.#intake?.resume();
    this.connection.resume();
  }

  /** A frame whose id could be read is answered, and the rest goes on; any other ends the connection. */
  #refuseFrame(error: TidingsError): void {
    const id = error instanceof ClientFrameError ? error.id : undefined;
    this.connection.send(errorFrame(error, { id }));
    if (id === undefined) this.#close(error);
  }

  /** Ends the readers, whose last bytes go out before the close frame does. */
  #close(error: TidingsError): void {
    this.connection.close();
    const reason = Buffer.from(error.message);
    // Cut at a character's border: the reason must be UTF-8.
    let end = Math.min(reason.length, MAX_REASON_BYTES);
    while (end < reason.length && ((reason[end] as number) & 0xc0) === 0x80) end--;
    this.#ws.close(ERRORS[error.code].closeCode, reason.subarray(0, end));
  }
}

/** With functions that all sockets share. */
function listen(ws: SessionSocket): void {
  ws.on("message", onMessage);
  // `ws` answers pings by itself (RFC 6455 §5.5.2), whatever the socket holds already.
  ws.on("ping", onPing);
  ws.on("pong", onPong);
  ws.on("close", onClose);
  // What the peer did wrong on the level of frames: `ws` closes with the standard's code by itself.
  ws.on("error", onError);
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  if (this.extensions !== "") forgetInflate(this);
  (this as SessionSocket).session?.received(data as Buffer, isBinary);
}

function onPing(this: WebSocket): void {
  (this as SessionSocket).session?.checkIntake();
}

function onPong(this: WebSocket): void {
  (this as SessionSocket).session?.ponged();
}

function onClose(this: WebSocket, code: number): void {
  (this as SessionSocket).session?.closed(code);
}

function onError(): void {}

function unheardError(): TidingsError {
  return new TidingsError(
    "FRAME_INVALID",
    `only the subprotocol ${SUBPROTOCOL} sends frames; without it use POST /channels/{channel} and POST /commands/{name}`,
  );
}
