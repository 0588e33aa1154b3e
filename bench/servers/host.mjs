// A peer or a baseline in Node.js, in a process of its own: what it is told line by line goes to all its readers.
// `node host.mjs NAME` answers its ports.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { answer } from "../lib/child.mjs";

const [name] = process.argv.slice(2);
const kinds = {
  ws,
  "socket.io": socketIo,
  "better-sse": betterSse,
  bare,
  "bare-batched": bareBatched,
  hello,
};

/** Takes lines and acknowledges each; a server is told of them as they come. @param {(line: string) => void} tell */
function intake(tell) {
  const server = createTcpServer({ noDelay: true }, (socket) => {
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = /** @type {string} */ (lines.pop());
      for (const line of lines) tell(line);
      socket.write("\n".repeat(lines.length));
    });
  });
  return listen(server);
}

/** @param {import("node:net").Server} server @returns {Promise<number>} */
function listen(server) {
  return new Promise((resolve) =>
    server.listen({ host: "127.0.0.1", port: 0, backlog: 8_192 }, () => resolve(server.address().port)),
  );
}

/** `ws`: a send to each client, as its README shows it. */
async function ws() {
  const { WebSocketServer } = await import("ws");
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  const port = await listen(http);
  const ingest = await intake((line) => {
    for (const client of server.clients) if (client.readyState === 1) client.send(line);
  });
  return { port, ingest };
}

/** Socket.IO: a room, over WebSockets alone, pings so rare that the load side need not answer. */
async function socketIo() {
  const { Server } = await import("socket.io");
  const http = createServer();
  const io = new Server(http, {
    transports: ["websocket"],
    perMessageDeflate: false,
    httpCompression: false,
    pingInterval: 600_000,
    serveClient: false,
  });
  io.on("connection", (socket) => socket.join("bench"));
  const port = await listen(http);
  const ingest = await intake((line) => io.to("bench").emit("message", JSON.parse(line)));
  return { port, ingest };
}

/** better-sse: a channel with a session for each reader. */
async function betterSse() {
  const { createChannel, createSession } = await import("better-sse");
  const channel = createChannel();
  const join = async (req, res) => channel.register(await createSession(req, res, { keepAlive: null }));
  const http = createServer((req, res) => void join(req, res));
  const port = await listen(http);
  const ingest = await intake((line) => channel.broadcast(JSON.parse(line), "message"));
  return { port, ingest };
}

const EVENT_STREAM =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n: ready\n\n";
const SWITCHING =
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";

/**
 * Sockets that have sent a request, and are answered by a stream that does not end. What is written to them has as many
 * bytes as what a reader of Tidings gets: the same cursor and envelope, put around each message.
 */
async function bareReaders() {
  /** @type {{ sockets: Set<import("node:net").Socket>, encode: (line: string) => Buffer }[]} */
  const kinds = [
    { sockets: new Set(), encode: sseBlock },
    { sockets: new Set(), encode: textMessage },
  ];
  const [sse, webSocket] = kinds;
  const port = await listen(
    createTcpServer({ noDelay: true }, (socket) => {
      socket.on("error", () => {});
      socket.once("data", (head) => {
        const key = /sec-websocket-key: *(\S+)/i.exec(head.toString())?.[1];
        const { sockets } = key === undefined ? sse : webSocket;
        socket.on("close", () => sockets.delete(socket));
        socket.resume();
        socket.write(key === undefined ? EVENT_STREAM : `${SWITCHING}${acceptOf(key)}\r\n\r\n`);
        sockets.add(socket);
      });
    }),
  );
  /** @param {readonly string[]} lines one buffer of all of them, written to each */
  const write = (lines) => {
    for (const { sockets, encode } of kinds) {
      if (sockets.size === 0) continue;
      const bytes = lines.length === 1 ? encode(lines[0]) : Buffer.concat(lines.map(encode));
      for (const socket of sockets) socket.write(bytes);
    }
  };
  return { port, write };
}

/** RFC 6455 §4.2.2. @param {string} key */
const acceptOf = (key) =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

let offset = 0;
const nextCursor = () => `k3x9f2ab.${++offset}`;

/** @param {string} line */
const sseBlock = (line) => Buffer.from(`id: ${nextCursor()}\ndata: ${line}\n\n`);

/** @param {string} line */
function textMessage(line) {
  const text = `{"type":"message","channel":"bench/1","cursor":"${nextCursor()}","time":"2026-01-01T00:00:00.000Z","data":${line}}`;
  const payload = Buffer.from(text);
  const { length } = payload;
  const head =
    length < 126
      ? [0x81, length]
      : length < 65_536
        ? [0x81, 126, length >> 8, length & 255]
        : [0x81, 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  return Buffer.concat([Buffer.from(head), payload]);
}

/** A write of one shared buffer to each socket, for each message: the least that any server does. */
async function bare() {
  const { port, write } = await bareReaders();
  const ingest = await intake((line) => write([line]));
  return { port, ingest };
}

/** The same, with what one turn of the event loop brings as one buffer. */
async function bareBatched() {
  const { port, write } = await bareReaders();
  /** @type {string[]} */
  let turn = [];
  const flush = () => {
    const lines = turn;
    turn = [];
    write(lines);
  };
  const ingest = await intake((line) => {
    if (turn.push(line) === 1) setImmediate(flush);
  });
  return { port, ingest };
}

/** `node:http` that says hello to whatever it is sent. */
async function hello() {
  const server = createServer((req, res) => {
    req.resume();
    req.on("end", () =>
      res.writeHead(201, { "content-type": "application/json", "content-length": 2 }).end("{}"),
    );
  });
  return { port: await listen(server), ingest: 0 };
}

answer({ start: () => kinds[/** @type {keyof typeof kinds} */ (name)]() });
