import {
  type ClientRequest,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from "node:http";
import {
  connect,
  createServer as createSocketServer,
  type Server as SocketServer,
  type Socket,
} from "node:net";
import type { TidingsError } from "@tidings/protocol";
import { sendProblem } from "./problem.ts";

/** Of a connection and not of the message (RFC 9110 §7.6.1): each of the two has its own. */
const HOP_BY_HOP = new Set(["connection", "keep-alive", "proxy-connection"]);
/** The first line says whose connection it is; addresses and ports are all it has. */
const MAX_LINE_BYTES = 512;
const LINE_END = 0x0a;
/** Upload Resumption Supported, which tells the client where its upload is before it is whole. */
const RESUMPTION_SUPPORTED = 104;

/** Whose connection it is: what a socket of the other process is taken to be. */
interface Ends {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/**
 * Hands a request to another process of this server as it came, and its answer back. The other one checks it as if it had
 * come there: it is told whose connection it is. `unreached` is what the client is told where that process is gone.
 *
 * @param path where it listens: see {@link listenPrivately}
 */
export function relay(
  req: IncomingMessage,
  res: ServerResponse,
  path: string,
  unreached: () => TidingsError,
): void {
  const sent = request({
    method: req.method ?? "GET",
    path: req.url ?? "/",
    headers: endToEnd(req.rawHeaders),
    setHost: false,
    // Without an agent, which would take no notice of it: the connection is for this request alone.
    createConnection: () => {
      const socket = connect(path);
      const { remoteAddress, remotePort, localAddress, localPort } = req.socket;
      const ends: Ends = { remoteAddress, remotePort, localAddress, localPort };
      socket.write(`${JSON.stringify(ends)}\n`);
      return socket;
    },
  });
  sent.on("continue", () => res.writeContinue());
  sent.on("information", ({ statusCode, rawHeaders }) => {
    if (statusCode === RESUMPTION_SUPPORTED) inform(res, rawHeaders as readonly string[]);
  });
  sent.on("response", (answer) => {
    const headers = endToEnd(answer.rawHeaders);
    // Of a request that was refused before it was whole, the rest is not waited for.
    if (!req.complete) headers.push("Connection", "close");
    res.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? "", headers);
    // A part of an answer must not be taken for all of it.
    answer.on("error", () => res.destroy());
    answer.pipe(res);
  });
  sent.on("error", () => {
    if (res.headersSent) res.destroy();
    else sendProblem(res, unreached());
  });
  req.pipe(sent);
  whenBroken(req, res, sent);
}

function whenBroken(req: IncomingMessage, res: ServerResponse, sent: ClientRequest): void {
  // The client is gone in the middle of its request, or of the answer.
  req.on("close", () => {
    if (!req.complete) sent.destroy();
  });
  res.on("close", () => {
    if (!res.writableFinished) sent.destroy();
  });
}

/** Node writes no interim answers but those that it knows. */
function inform({ socket, headersSent }: ServerResponse, rawHeaders: readonly string[]): void {
  if (socket === null || !socket.writable || headersSent) return;
  let head = `HTTP/1.1 ${RESUMPTION_SUPPORTED} Upload Resumption Supported\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) head += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`;
  socket.write(`${head}\r\n`);
}

/** Names and values in turn. */
function endToEnd(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (!HOP_BY_HOP.has(name.toLowerCase())) headers.push(name, rawHeaders[at + 1] as string);
  }
  return headers;
}

/**
 * Takes what other processes of this server hand over, on a local socket that nobody else can reach.
 *
 * @param path of a socket in a folder of the owner's alone; on Windows the name of a pipe
 */
export async function listenPrivately(server: Server, path: string): Promise<SocketServer> {
  const sockets = createSocketServer((socket) => greet(socket, server));
  await new Promise<void>((resolve, reject) => {
    sockets.once("error", reject);
    // A worker would else ask its primary to listen for it.
    sockets.listen({ path, exclusive: true }, () => {
      sockets.off("error", reject);
      resolve();
    });
  });
  return sockets;
}

/** Reads whose connection it is, and gives it to the HTTP server as that. */
function greet(socket: Socket, server: Server): void {
  let line = Buffer.alloc(0);
  const read = (chunk: Buffer): void => {
    const end = chunk.indexOf(LINE_END);
    line = Buffer.concat([line, end === -1 ? chunk : chunk.subarray(0, end)]);
    if (line.length > MAX_LINE_BYTES) return void socket.destroy();
    if (end === -1) return;
    socket.pause();
    socket.off("data", read);
    socket.off("error", ignore);
    try {
      for (const [name, value] of Object.entries(JSON.parse(line.toString()) as Ends))
        Object.defineProperty(socket, name, { value });
    } catch {
      return void socket.destroy(); // None of ours.
    }
    const rest = chunk.subarray(end + 1);
    if (rest.length > 0) socket.unshift(rest);
    server.emit("connection", socket);
    socket.resume();
  };
  socket.on("error", ignore);
  socket.on("data", read);
}

function ignore(): void {}
