// A peer or a baseline in Node.js, in a process of its own: what it is told line by line goes to all its readers.
// `node host.mjs NAME` answers its ports.
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

/** Sockets that have sent a request, and are answered by a stream that does not end. @param {Set<import("node:net").Socket>} readers */
function bareReaders(readers) {
  return listen(
    createTcpServer({ noDelay: true }, (socket) => {
      socket.on("error", () => {});
      socket.on("close", () => readers.delete(socket));
      socket.once("data", () => {
        socket.resume();
        socket.write(EVENT_STREAM);
        readers.add(socket);
      });
    }),
  );
}

/** A write of one shared buffer to each socket, for each message: the least that any server does. */
async function bare() {
  const readers = new Set();
  const port = await bareReaders(readers);
  const ingest = await intake((line) => {
    const bytes = Buffer.from(`data: ${line}\n\n`);
    for (const socket of readers) socket.write(bytes);
  });
  return { port, ingest };
}

/** The same, with what one turn of the event loop brings as one buffer. */
async function bareBatched() {
  const readers = new Set();
  const port = await bareReaders(readers);
  let turn = "";
  const ingest = await intake((line) => {
    if (turn === "")
      setImmediate(() => {
        const bytes = Buffer.from(turn);
        turn = "";
        for (const socket of readers) socket.write(bytes);
      });
    turn += `data: ${line}\n\n`;
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
