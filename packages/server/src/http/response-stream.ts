import type { ServerResponse } from "node:http";
import type { Writable } from "node:stream";
import { Connection, type Output, type StreamCodec } from "@tidings/core";
import { errorFrame, type TidingsError } from "@tidings/protocol";
import type { OpenConnection } from "./connections.ts";
import { sendProblem } from "./problem.ts";
import type { JoinRequest, ReadQuery } from "./query.ts";
import { CATCH_UP_BYTES, type Services } from "./services.ts";
import { SocketOutput } from "./socket-output.ts";

export interface ResponseStream {
  readonly transport: "sse" | "ndjson";
  readonly contentType: string;
  readonly codec: StreamCodec;
  /** Many channels (`/connect`): the stream has a welcome, and outlives the end of one of its readers. */
  readonly isMulti: boolean;
  /** Written once, before everything else. */
  readonly preamble: Uint8Array;
  readonly heartbeat: Uint8Array;
}

/**
 * Answers a request with a stream of frames that stays open: SSE and NDJSON. A start that fails on its only channel
 * is answered with a problem, since nothing has been written by then.
 */
export async function openResponseStream(
  services: Services,
  res: ServerResponse,
  query: ReadQuery,
  stream: ResponseStream,
): Promise<void> {
  const { connections, limits, hub, presence, toError } = services;
  // Gone before it came here, so it will not say so again.
  if (res.destroyed) return;
  // What GET would begin, a HEAD has no body for (RFC 9110 §9.3.2).
  if (res.req.method === "HEAD") return void res.writeHead(200, { "Content-Type": stream.contentType }).end();
  connections.checkRoom();
  const id = services.newId();
  const output = new ResponseOutput(res, stream, () => connection.resume());
  const end = (): void => {
    connection.close();
    output.end();
  };
  const connection: Connection = new Connection({
    hub,
    presence,
    output,
    codec: stream.codec,
    maxChannels: limits.maxChannelsPerConnection,
    pageLimits: {
      maxMessages: limits.maxPageMessages,
      maxBytes: Math.min(CATCH_UP_BYTES, limits.maxPageBytes),
    },
    toError,
    // The client comes back with its cursor. On many channels the others go on, and it subscribes anew.
    onLost: () => {
      if (!stream.isMulti) end();
    },
  });
  const joined = joinAll(connection, query.join);
  const entry: OpenConnection = {
    id,
    transport: stream.transport,
    ...(stream.isMulti ? { connection } : {}),
    hasPosition: stream.codec.position !== undefined,
    beat: () => {
      if (!output.isBlocked) output.write(stream.heartbeat);
    },
    drain: (reconnectInMs) => {
      connection.send({ type: "draining", reconnectInMs });
      end();
    },
    destroy: () => res.destroy(),
  };
  connections.add(entry);
  res.on("close", () => {
    connection.close();
    connections.delete(entry);
  });

  if (stream.isMulti) {
    connection.send({
      type: "welcome",
      connection: id,
      heartbeatMs: limits.heartbeatMs,
      limits: { maxChannelsPerConnection: limits.maxChannelsPerConnection },
    });
  }
  for (const member of joined) connection.send({ type: "ok", ...member });
  for (const { channel, error } of query.refused) connection.send(errorFrame(error, { channel }));
  const opening = query.channels.map((each) =>
    connection.subscribe(each).catch((error: unknown) => {
      if (res.destroyed) return;
      refuse(connection, output, res, each.channel, toError(error), stream.isMulti);
    }),
  );
  await Promise.all(opening);
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

function refuse(
  connection: Connection,
  output: ResponseOutput,
  res: ServerResponse,
  channel: string,
  error: TidingsError,
  isMulti: boolean,
): void {
  if (isMulti || output.hasBegun) {
    connection.send(errorFrame(error, { channel }));
    if (!isMulti) output.end();
    return;
  }
  connection.close();
  sendProblem(res, error);
}

/** The response as an output: its head goes out with the first bytes. */
class ResponseOutput implements Output {
  readonly #res: ServerResponse;
  readonly #stream: ResponseStream;
  readonly #onDrain: () => void;
  #output: SocketOutput | undefined;

  constructor(res: ServerResponse, stream: ResponseStream, onDrain: () => void) {
    this.#res = res;
    this.#stream = stream;
    this.#onDrain = onDrain;
  }

  get hasBegun(): boolean {
    return this.#output !== undefined;
  }

  get isBlocked(): boolean {
    return this.#output?.isBlocked ?? false;
  }

  write(bytes: Uint8Array): void {
    if (this.#output === undefined) this.writeAll([bytes]);
    else this.#output.write(bytes);
  }

  writeAll(parts: readonly Uint8Array[]): void {
    if (this.#output !== undefined) return this.#output.writeAll(parts);
    // The head and what comes first are one write.
    this.#res.cork();
    this.#output = this.#begin();
    this.#output.writeAll(parts);
    this.#res.uncork();
  }

  end(): void {
    this.#res.end();
  }

  #begin(): SocketOutput {
    const res = this.#res;
    const { contentType, preamble } = this.#stream;
    // Neither chunks nor a length: the body ends with the connection (RFC 9112 §6.3), so that every reader's socket
    // can be handed the same bytes.
    res.useChunkedEncodingByDefault = false;
    res.shouldKeepAlive = false;
    res.writeHead(200, {
      "Content-Type": contentType,
      "Cache-Control": "no-store, no-transform",
      // nginx would hold the stream back to fill its buffer.
      "X-Accel-Buffering": "no",
      ...(res.req.httpVersionMajor === 1 ? { Connection: "close" } : {}),
    });
    res.flushHeaders();
    // A reader that is slow may take its time: it costs a cursor, and not what the server's idle timeout is against.
    res.socket?.setTimeout(0);
    const output = new SocketOutput(directTarget(res), this.#onDrain);
    output.write(preamble);
    return output;
  }
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
