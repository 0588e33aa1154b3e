import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Writable } from "node:stream";
import { Connection, type ConnectionOutput, type Gap, type StreamCodec } from "@tidings/core";
import { errorFrame, type TidingsError } from "@tidings/protocol";
import { type Access, forbidden, mayOf } from "../auth/index.ts";
import { tellGap } from "../insight/index.ts";
import { networkOf } from "./address.ts";
import type { Answer } from "./answer.ts";
import type { OpenConnection, Wire } from "./connections.ts";
import { acceptsGzip, GzipStream } from "./gzip/index.ts";
import { OwnResponse } from "./own-response.ts";
import { sendProblem } from "./problem.ts";
import type { JoinRequest, ReadQuery } from "./query.ts";
import type { Services } from "./services.ts";
import { writeStraight } from "./straight.ts";

/** What all streams of a transport have in common. */
export interface StreamKind {
  readonly transport: "sse" | "ndjson";
  readonly contentType: string;
  readonly heartbeat: Uint8Array;
}

/** What one stream has of its own. */
export interface StreamWay {
  readonly codec: StreamCodec;
  /** Many channels (`/connect`): the stream has a welcome, and outlives the end of one of its readers. */
  readonly isMulti: boolean;
  /** Written once, before everything else. */
  readonly preamble: Uint8Array;
}

/**
 * Answers a request with a stream of frames that stays open: SSE and NDJSON. A start that fails on its only channel
 * is answered with a problem, since nothing has been written by then.
 */
export async function openResponseStream(
  services: Services,
  res: ServerResponse,
  query: ReadQuery,
  access: Access,
  kind: StreamKind,
  way: StreamWay,
): Promise<void> {
  // Gone before it came here, so it will not say so again.
  if (res.destroyed) return;
  // What GET would begin, a HEAD has no body for (RFC 9110 §9.3.2).
  if (res.req.method === "HEAD") return void res.writeHead(200, { "Content-Type": kind.contentType }).end();
  services.arrivals.check(services.addresses.of(res.req));
  services.connections.checkRoom(services.addresses.networkOf(res.req), access);
  await new ResponseStream(services, res, access, kind, way).open(query);
}

/** One response as it is written to and looked after. Held for as long as its client stays, so it holds little. */
class ResponseStream implements ConnectionOutput, OpenConnection {
  readonly id: string;
  readonly network: string;
  readonly address: string;
  readonly openedAtMs: number = Math.round(performance.now());
  readonly hasPosition: boolean;
  readonly access: Access;
  readonly #services: Services;
  readonly #kind: StreamKind;
  readonly #isMulti: boolean;
  readonly #connection: Connection;
  /** Until its socket is released. */
  #res: ServerResponse | undefined;
  /** Where bytes go, once the head is written: the response, or its socket. */
  #target: Writable | undefined;
  /** Until it is written. */
  #preamble: Uint8Array | undefined;
  /** Where the client gets it compressed. */
  readonly #gzip: GzipStream | undefined;
  /** Once the socket is released. */
  #answer: Answer | undefined;

  constructor(services: Services, res: ServerResponse, access: Access, kind: StreamKind, way: StreamWay) {
    this.access = access;
    this.id = services.newId();
    this.address = services.addresses.of(res.req);
    this.network = networkOf(this.address);
    this.hasPosition = way.codec.position !== undefined;
    this.#services = services;
    this.#res = res;
    this.#kind = kind;
    this.#isMulti = way.isMulti;
    this.#preamble = way.preamble;
    this.#gzip = isCompressed(services, res) ? new GzipStream() : undefined;
    this.#connection = new Connection(services.connection, way.codec, this);
  }

  get transport(): StreamKind["transport"] {
    return this.#kind.transport;
  }

  get reads(): Connection {
    return this.#connection;
  }

  get wire(): Wire | undefined {
    return this.#res === undefined ? (this.#target as Socket | undefined) : (this.#res.socket ?? undefined);
  }

  get connection(): Connection | undefined {
    return this.#isMulti ? this.#connection : undefined;
  }

  get isBlocked(): boolean {
    return this.#target?.writableNeedDrain ?? false;
  }

  async open(query: ReadQuery): Promise<void> {
    const { connections, limits } = this.#services;
    const connection = this.#connection;
    const joined = joinAll(connection, query.join);
    connections.add(this);
    this.#res?.on("close", () => this.#closed());
    if (this.#isMulti) {
      connection.send({
        type: "welcome",
        connection: this.id,
        heartbeatMs: limits.heartbeatMs,
        limits: { maxChannelsPerConnection: limits.maxChannelsPerConnection },
      });
    }
    for (const member of joined) connection.send({ type: "ok", ...member });
    for (const { channel, error } of query.refused) this.#count(channel, error);
    connection.sendAll(query.refused.map(({ channel, error }) => errorFrame(error, { channel })));
    const opening = query.channels.map((each) =>
      connection
        .subscribe(each)
        .catch((error: unknown) => this.#refuse(each.channel, this.#services.toError(error))),
    );
    await Promise.all(opening);
  }

  write(bytes: Uint8Array): void {
    if (this.#target === undefined) this.writeAll([bytes]);
    else if (this.#target.writable) writeStraight(this.#target, this.#gzip?.take(bytes) ?? bytes);
  }

  /** The head goes out with the first bytes, as one write. After an error or the other side's end there is nobody left to tell. */
  writeAll(parts: readonly Uint8Array[]): void {
    const res = this.#target === undefined ? this.#res : undefined;
    res?.cork();
    this.#target ??= this.#begin();
    const target = this.#target;
    if (target?.writable === true) {
      target.cork();
      if (this.#gzip !== undefined) target.write(this.#gzip.takeAll(parts));
      else for (const part of parts) target.write(part);
      target.uncork();
    }
    res?.uncork();
  }

  /** The client comes back with its cursor. On many channels the others go on, and it subscribes anew. */
  lost(_channel: string, error: unknown): void {
    if (!this.#isMulti) this.#endFor(this.#services.toError(error));
  }

  missed(channel: string, gap: Gap): void {
    const { id, transport, address, access } = this;
    tellGap(this.#services.insight, { connection: id, transport, address, access }, channel, gap);
  }

  beat(): void {
    if (!this.isBlocked) this.write(this.#kind.heartbeat);
  }

  drain(reconnectInMs: number): void {
    this.#connection.send({ type: "draining", reconnectInMs });
    this.#end();
  }

  end(error: TidingsError): void {
    this.#connection.send(errorFrame(error));
    this.#endFor(error);
  }

  narrow(): void {
    for (const channel of this.#connection.narrow(mayOf(this.access))) {
      const error = forbidden("subscribe", channel);
      this.#connection.send(errorFrame(error, { channel }));
      if (!this.#isMulti) this.#endFor(error);
    }
  }

  destroy(): void {
    (this.#res ?? this.#target)?.destroy();
  }

  #endFor({ code, message }: TidingsError): void {
    this.#services.connections.ends(this, code, message);
    this.#end();
  }

  #end(): void {
    this.#connection.close();
    this.#finish();
  }

  /** What was written goes out first. */
  #finish(): void {
    if (this.#gzip !== undefined && this.#target?.writable === true) this.#target.write(this.#gzip.end());
    if (this.#res !== undefined) this.#res.end();
    else (this.#target as Socket).destroySoon();
    // A client that does not take what was left for it would keep its socket for ever: streams have no idle timeout.
    if (this.#target !== undefined && this.#target !== this.#res)
      (this.#target as Socket).setTimeout(this.#services.limits.pongTimeoutMs, giveUp);
  }

  #closed(): void {
    // Until its socket is released, only the socket knows.
    const isBroken = (this.#target?.errored ?? this.#res?.errored ?? null) !== null;
    this.#connection.close();
    this.#services.connections.delete(this, isBroken ? "lost" : "client-closed");
    this.#answer?.over(200);
  }

  #refuse(channel: string, error: TidingsError): void {
    const res = this.#res;
    if (!this.#isMulti) this.#services.connections.ends(this, error.code, error.message);
    if (this.#isMulti || this.#target !== undefined) {
      this.#tell(channel, error);
      if (!this.#isMulti) this.#finish();
      return;
    }
    this.#connection.close();
    this.#count(channel, error);
    if (res?.destroyed === false) sendProblem(res, error);
  }

  #tell(channel: string, error: TidingsError): void {
    this.#count(channel, error);
    this.#connection.send(errorFrame(error, { channel }));
  }

  #count(channel: string, { code, message }: TidingsError): void {
    const { id, address, access } = this;
    this.#services.refusals.count(code, () => {
      return { message, channel, connection: id, address, identity: access.identity };
    });
  }

  #begin(): Writable | undefined {
    const res = this.#res;
    if (res === undefined) return undefined;
    // Neither chunks nor a length: the body ends with the connection (RFC 9112 §6.3), so that every reader's socket
    // can be handed the same bytes.
    res.useChunkedEncodingByDefault = false;
    res.shouldKeepAlive = false;
    res.writeHead(200, {
      "Content-Type": this.#kind.contentType,
      ...(this.#gzip === undefined ? {} : { "Content-Encoding": "gzip" }),
      "Cache-Control": "no-store, no-transform",
      // nginx would hold the stream back to fill its buffer.
      "X-Accel-Buffering": "no",
      ...(res.req.httpVersionMajor === 1 ? { Connection: "close" } : {}),
    });
    res.flushHeaders();
    // A reader that is slow may take its time: it costs a cursor, and not what the server's idle timeout is against.
    res.socket?.setTimeout(0);
    const target = directTarget(res);
    this.#listen(target);
    if (target.writable && this.#preamble !== undefined)
      target.write(this.#gzip?.begin(this.#preamble) ?? this.#preamble);
    this.#preamble = undefined;
    // The socket is all that is kept: request, response and parser are most of what an idle stream costs.
    if (target !== res && res instanceof OwnResponse) res.release((socket) => this.#keep(socket, res.answer));
    return target;
  }

  // In methods of their own: functions that are made beside one that uses the response would hold it all the same.

  #listen(target: Writable): void {
    target.on("drain", () => this.#connection.resume());
  }

  #keep(socket: Socket, answer: Answer | undefined): void {
    this.#res = undefined;
    this.#answer = answer;
    socket.on("close", () => this.#closed());
  }
}

function giveUp(this: Socket): void {
  this.destroy();
}

/** Joins all of them or none: a fault is told before the stream has begun. */
function joinAll(
  connection: Connection,
  requests: readonly JoinRequest[],
): readonly { readonly channel: string; readonly member: string }[] {
  try {
    return requests.map(({ channel, member, state }) => ({
      channel,
      member: connection.attendance.join(channel, member, state),
    }));
  } catch (error) {
    connection.close({ hasLeft: true });
    throw error;
  }
}

/** Whether a client gets it compressed: where that is on, and it asks for it. */
function isCompressed({ compression }: Services, res: ServerResponse): boolean {
  if (compression === "off") return false;
  // Beside what CORS says there. Nothing on the way is to keep the answer, but the rule has no exception (RFC 9110 §12.5.5).
  res.appendHeader("Vary", "Accept-Encoding");
  return acceptsGzip(res.req);
}

/**
 * The socket itself where the response has it to itself from here on: a write through the response costs several
 * times as much. HTTP/2 streams and pipelined requests that wait for their turn go through the response.
 */
function directTarget(res: ServerResponse): Writable {
  const { socket } = res;
  const isOwn =
    socket !== null && res.req.httpVersionMajor === 1 && res.writableLength === socket.writableLength;
  return isOwn ? socket : res;
}
