import type { Duplex } from "node:stream";
import {
  Connection,
  type ConnectionOutput,
  type Gap,
  type Right,
  type Sender,
  TokenBucket,
} from "@tidings/core";
import {
  type ClientFrame,
  ClientFrameError,
  errorFrame,
  ERRORS,
  parseClientFrame,
  PublishScanner,
  TidingsError,
} from "@tidings/protocol";
import { type RawData, WebSocket } from "ws";
import { type Access, forbidden, mayOf, unauthenticated } from "../../auth/index.ts";
import { admitReads } from "../../http/authorize.ts";
import { networkOf } from "../../http/address.ts";
import type { OpenConnection, Wire } from "../../http/connections.ts";
import type { ReadQuery } from "../../http/query.ts";
import { renew } from "../../http/renew.ts";
import type { Services } from "../../http/services.ts";
import { writeStraight } from "../../http/straight.ts";
import { type About, tellGap } from "../../insight/index.ts";
import { Answers } from "./answers.ts";
import { codecOf } from "./codec.ts";
import { type CommandSocket, SocketCommands } from "./commands.ts";
import { forgetInflate } from "./deflate.ts";
import { handleFrame } from "./frame-handler.ts";
import { ping } from "./heartbeat.ts";
import { Intake } from "./intake.ts";
import { publish } from "./publish.ts";

/** The subprotocol in which the client may send frames too. Without it a WebSocket only receives. */
export const SUBPROTOCOL = "tidings.v1";

/** How often a client is told that it sends too much, a second and at once; one that goes on all the same is closed. */
const PATIENCE_PER_SECOND = 100;
const PATIENCE = 1_000;
/** As `ws` calls a frame that is too large. */
const TOO_LONG = "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH";

/** Codes with which a client closes: 1005 stands for none (RFC 6455 §7.4.1). */
const FAREWELLS = new Set([1000, 1001, 1005]);

/** A close reason has at most 123 bytes (RFC 6455 §5.5). */
const MAX_REASON_BYTES = 123;

/** One for all sockets: a frame is read in one go. */
const scanner = new PublishScanner({
  text: (bytes, from, to) => Buffer.prototype.toString.call(bytes, "latin1", from, to),
  copy: (bytes, from, to) => Buffer.from(bytes.subarray(from, to)),
});

/** What a WebSocket is opened for. */
export interface Handshake {
  readonly read: ReadQuery;
  readonly access: Access;
  readonly address: string;
  /** `/connect`. */
  readonly isMulti: boolean;
  /** Whether it has yet to show a credential, in its first frame: nothing is looked at before. */
  readonly isWaiting: boolean;
}

/** A WebSocket that knows its session, so that listeners are functions that all of them share. */
export class SessionSocket extends WebSocket {
  session: Session | undefined;
}

/** One WebSocket as it is written to, read from and looked after. What only some clients need is made when they do. */
export class Session implements ConnectionOutput, OpenConnection, CommandSocket {
  readonly id: string;
  readonly network: string;
  readonly address: string;
  readonly openedAtMs: number = Math.round(performance.now());
  readonly connection: Connection;
  readonly #services: Services;
  readonly #ws: SessionSocket;
  readonly #socket: Duplex;
  readonly access: Access;
  /** Until it has begun. */
  #handshake: Handshake | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isHeld = false;
  /** Frames that came while one before them waited to be let on. */
  #late: ClientFrame[] | undefined;
  #isBinary: boolean;
  /** Whether the end of one reader is the end of the connection: there is no way to subscribe anew. */
  readonly #endsWithReader: boolean;
  /** While a ping has no answer: what ends the wait for it. */
  #endPing: (() => void) | undefined;
  #intake: Intake | undefined;
  #answers: Answers | undefined;
  #commands: SocketCommands | undefined;
  #sender: Sender | undefined;
  /** How often it may still be told that it sends too much: there once it was. */
  #patience: TokenBucket | undefined;

  constructor(services: Services, ws: SessionSocket, socket: Duplex, handshake: Handshake) {
    const { isMulti, access, address } = handshake;
    const isBinary = handshake.read.binary;
    this.id = services.newId();
    this.access = access;
    this.address = address;
    this.network = networkOf(address);
    this.#handshake = handshake;
    this.connection = new Connection(services.connection, codecOf(isBinary, ws.extensions !== ""), this);
    this.#services = services;
    this.#ws = ws;
    this.#socket = socket;
    this.#isBinary = isBinary;
    this.#endsWithReader = this.#isRaw && !isMulti;
    socket.on("drain", () => this.#resume());
  }

  /** Serves the socket. One that has yet to show a credential has a while for that. */
  open(): void {
    const { limits, connections } = this.#services;
    this.#ws.session = this;
    listen(this.#ws);
    connections.add(this);
    if (this.#handshake?.isWaiting !== true) return void this.#begin();
    this.#timer = setTimeout(() => this.#close(lateError(limits.authTimeoutMs)), limits.authTimeoutMs);
    this.#timer.unref();
  }

  /** Begins what the handshake's URL asks for. */
  async #begin(): Promise<void> {
    const handshake = this.#handshake;
    if (handshake === undefined) return;
    this.#handshake = undefined;
    clearTimeout(this.#timer);
    const { limits, toError } = this.#services;
    if (!this.#isRaw || handshake.isMulti) {
      const { maxChannelsPerConnection, maxMessageBytes, maxFrameBytes } = limits;
      this.connection.send({
        type: "welcome",
        connection: this.id,
        heartbeatMs: limits.pingMs,
        limits: { maxChannelsPerConnection, maxMessageBytes, maxFrameBytes },
      });
    }
    // Of one that waited it could not be known before what it may read.
    const read = handshake.isWaiting
      ? await admitReads(this.access, handshake.read, false, this.#services)
      : handshake.read;
    for (const { channel, error } of read.refused) this.tell(error, { channel });
    for (const each of read.channels) {
      this.connection.subscribe(each).catch((error: unknown) => {
        const told = toError(error);
        this.tell(told, { channel: each.channel });
        if (this.#endsWithReader) this.#close(told);
      });
    }
  }

  /**
   * Goes on with another credential, and begins where it was waited for.
   *
   * @throws {TidingsError} see {@link renew}
   */
  async renew(token: string): Promise<void> {
    await renew(this.#services, this, token);
    await this.#begin();
  }

  /** Lets a frame on, at once wherever the application is not to be asked: frames are begun in the order they come. */
  admit(right: Right, name: string): Promise<void> | void {
    const waits = this.access.check(right, name);
    return waits === undefined ? undefined : this.hold(waits);
  }

  /** Waits, and has the frames that come after this one wait with it: they are begun in the order they came. */
  async hold(waits: Promise<void>): Promise<void> {
    this.#isHeld = true;
    try {
      await waits;
      if (!this.#isOpen)
        throw new TidingsError("CONNECTION_UNKNOWN", "the connection has ended meanwhile; connect again.");
    } finally {
      // This one goes on first.
      setImmediate(() => this.#takeLate());
    }
    // Its credential may have been taken back meanwhile.
    if (!this.#isOpen)
      throw new TidingsError("CONNECTION_UNKNOWN", "the connection has ended; connect again.");
  }

  get reads(): Connection {
    return this.connection;
  }

  get wire(): Wire {
    return this.#socket;
  }

  get transport(): "websocket" {
    return "websocket";
  }

  get isBlocked(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Lanes' frames go to the socket as they are; `ws` writes its own frames whole, so neither cuts into the other. */
  write(bytes: Uint8Array): void {
    // What was answered before goes before.
    this.#answers?.flush();
    this.#writeNow(bytes);
  }

  #writeNow(bytes: Uint8Array): void {
    // After a close frame nothing may follow (RFC 6455 §5.5.1). After the other side's end there is nobody left to tell.
    if (this.#isOpen && this.#socket.writable) writeStraight(this.#socket, bytes);
  }

  writeAll(parts: readonly Uint8Array[]): void {
    this.#socket.cork();
    for (const part of parts) this.write(part);
    this.#socket.uncork();
  }

  /** Of its frames. `ws` writes its own frames by itself: they are flushed before it closes the connection. */
  get answers(): Answers {
    this.#answers ??= new Answers((bytes) => this.#writeNow(bytes));
    return this.#answers;
  }

  lost(_channel: string, error: unknown): void {
    if (this.#endsWithReader) this.#close(this.#services.toError(error));
  }

  missed(channel: string, gap: Gap): void {
    const { id, transport, address, access } = this;
    tellGap(this.#services.insight, { connection: id, transport, address, access }, channel, gap);
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

  /** As what its messages are counted, and ephemeral ones told apart. */
  get sender(): Sender {
    const { newId, senders } = this.#services;
    // A name of its own, for all to see: the connection's id lets whoever knows it change what the connection reads.
    this.#sender ??= senders.ofSocket(this.access, newId());
    return this.#sender;
  }

  /** Tells a fault, and counts it. One that is told too often that it sends too much is closed. */
  tell(
    error: TidingsError,
    about: { readonly id?: string | undefined; readonly channel?: string } = {},
  ): void {
    const { code, message } = error;
    this.#services.refusals.count(code, () => this.#about(message, about.channel));
    this.answers.add(JSON.stringify(errorFrame(error, about)));
    if (error.code !== "RATE_LIMITED") return;
    const nowMs = Date.now();
    this.#patience ??= new TokenBucket(PATIENCE_PER_SECOND, nowMs, PATIENCE);
    if (!this.#patience.take(1, nowMs)) this.#close(error);
  }

  beat(): void {
    const { pongTimeoutMs } = this.#services.limits;
    this.#endPing ??= ping(this.#ws, this, pongTimeoutMs, {
      onSpared: () => this.ponged(),
      onSilent: () => this.#services.connections.ends(this, "silent"),
    });
  }

  drain(reconnectInMs: number): void {
    if (!this.#isRaw) this.connection.send({ type: "draining", reconnectInMs });
    const end = (): void => {
      this.#answers?.flush();
      this.connection.close();
      this.#ws.close(this.#isRaw ? 1001 : 4503, `come back in ${reconnectInMs} ms`);
    };
    // What is being worked on is answered first; the drain's own end is the bound.
    if (this.#commands === undefined) end();
    else this.#commands.whenIdle(end);
  }

  end(error: TidingsError): void {
    if (!this.#isRaw) this.tell(error);
    this.#close(error);
  }

  narrow(): void {
    for (const channel of this.connection.narrow(mayOf(this.access))) {
      const error = forbidden("subscribe", channel);
      this.tell(error, { channel });
      if (this.#endsWithReader) this.#close(error);
    }
  }

  destroy(): void {
    this.#ws.terminate();
  }

  /** Frames are begun in the order they come; each is answered when it is done, by its id. */
  received(data: Buffer, isBinary: boolean): void {
    // Once a close frame is sent, nothing that still comes counts (RFC 6455 §1.4): a client whose credential was taken back
    // could else leave it unanswered, and go on publishing for as long as its end is waited for.
    if (!this.#isOpen) return;
    this.checkIntake();
    if (this.#isRaw) return this.#close(unheardError());
    let frame: ClientFrame;
    try {
      if (isBinary) throw new ClientFrameError("a frame is one JSON object as text; this one was binary.");
      frame = scanner.read(data) ?? parseClientFrame(data.toString());
    } catch (error) {
      return this.#refuseFrame(this.#services.toError(error));
    }
    const intake = this.checkIntake();
    intake.begin();
    if (this.#isHeld) (this.#late ??= []).push(frame);
    else this.#take(frame, intake);
  }

  #take(frame: ClientFrame, intake: Intake): void {
    if (!this.#isOpen) return;
    const isFirst = this.#handshake?.isWaiting === true;
    if (isFirst && !((frame.type === "hello" || frame.type === "token") && frame.token !== undefined))
      return this.#close(wordlessError());
    if (frame.type === "publish") return publish(this.#services, this, frame, () => intake.end());
    void handleFrame(this.#services, this, frame).then((error) => {
      intake.end();
      // It has shown something that does not hold: there is nobody to go on with.
      if (isFirst && error !== undefined) this.#close(error);
    });
  }

  #takeLate(): void {
    this.#isHeld = false;
    const intake = this.checkIntake();
    while (!this.#isHeld && this.#late !== undefined) {
      const next = this.#late.shift();
      if (this.#late.length === 0) this.#late = undefined;
      if (next !== undefined) this.#take(next, intake);
    }
  }

  /** Something came, which may be one too many. */
  checkIntake(): Intake {
    this.#intake ??= new Intake(this.#ws, this, this.#services.limits.maxFramesInFlight);
    this.#intake.check();
    return this.#intake;
  }

  /** A frame was too large: `ws` closes with 1009 by itself. */
  refusedFrame(): void {
    const message = `a frame was larger than ${this.#services.limits.maxFrameBytes} bytes`;
    this.#services.refusals.count("FRAME_TOO_LARGE", () => this.#about(message));
    this.#services.connections.ends(this, "FRAME_TOO_LARGE", message);
  }

  /** It answered, or is not waited for any more. */
  ponged(): void {
    this.#endPing?.();
    this.#endPing = undefined;
  }

  closed(code: number): void {
    clearTimeout(this.#timer);
    this.#late = undefined;
    this.#commands?.close();
    // The client closed, with 1000 or (as `close()` in a browser does) without a code: it does not come back. With
    // 1001 a page is left, which may be a reload.
    this.connection.close({ hasLeft: code === 1000 || code === 1005 });
    this.ponged();
    this.#services.connections.delete(this, FAREWELLS.has(code) ? "client-closed" : "lost");
  }

  #about(message: string, channel?: string): About {
    const { id, address, access } = this;
    return { message, channel, connection: id, address, identity: access.identity };
  }

  get #isOpen(): boolean {
    return this.#ws.readyState === WebSocket.OPEN;
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

  /** A frame whose id could be read is answered, and the rest goes on; any other ends the connection, and so does a first one. */
  #refuseFrame(error: TidingsError): void {
    if (this.#handshake?.isWaiting === true) return this.#close(wordlessError());
    const id = error instanceof ClientFrameError ? error.id : undefined;
    this.tell(error, { id });
    if (id === undefined) this.#close(error);
  }

  /** Ends the readers, whose last bytes go out before the close frame does. */
  #close(error: TidingsError): void {
    this.#late = undefined;
    this.#services.connections.ends(this, error.code, error.message);
    this.#answers?.flush();
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

function onError(this: WebSocket, error: NodeJS.ErrnoException): void {
  if (error.code === TOO_LONG) (this as SessionSocket).session?.refusedFrame();
}

function lateError(timeoutMs: number): TidingsError {
  return unauthenticated(`no credential came within ${timeoutMs} ms; send hello with a token first.`);
}

function wordlessError(): TidingsError {
  return unauthenticated('the first frame must be "hello" or "token" with a token.');
}

function unheardError(): TidingsError {
  return new TidingsError(
    "FRAME_INVALID",
    `only the subprotocol ${SUBPROTOCOL} sends frames; without it use POST /channels/{channel} and POST /commands/{name}`,
  );
}
