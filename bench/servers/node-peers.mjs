// Peers and baselines that are written in Node.js: host.mjs runs each in a process of its own.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { readFileSync } from "node:fs";
import { startChild } from "../lib/child.mjs";
import { textFrame, UPGRADE } from "../load/wire.mjs";

const require = createRequire(import.meta.url);
const HOST = new URL("host.mjs", import.meta.url);

/** @param {string} name @param {string[]} transports @param {(at: { host: string, port: number }, transport: string) => import("../load/reader.mjs").Plan} readerOf @param {string} how */
function nodePeer(name, transports, readerOf, how) {
  return {
    name,
    transports,
    how,
    missing() {
      if (name.startsWith("bare") || name === "hello") return undefined;
      return versionOf(name) === undefined ? "not installed: run npm install" : undefined;
    },
    async start() {
      const child = startChild("server", HOST, [name]);
      const { port, ingest } = await child.call("start");
      const host = "127.0.0.1";
      return {
        name,
        version: versionOf(name) ?? process.version,
        transports,
        pid: /** @type {number} */ (child.pid),
        host,
        port,
        /** @param {string} transport */
        reader: (transport) => readerOf({ host, port }, transport),
        publisher: () =>
          name === "hello"
            ? {
                host,
                port,
                as: "request",
                head: `POST / HTTP/1.1\r\nHost: ${host}:${port}\r\nContent-Type: application/json\r\n`,
                prefix: "",
                suffix: "",
                ack: "HTTP/1.1 201",
              }
            : { host, port: ingest, as: "line", prefix: "", suffix: "", ack: "\n" },
        stop: () => child.stop(),
      };
    },
  };
}

/** @param {string} name */
function versionOf(name) {
  try {
    for (let folder = dirname(require.resolve(name)); folder !== "/"; folder = dirname(folder)) {
      try {
        const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
        if (about.name === name && about.version !== undefined) return about.version;
      } catch {
        // Further up.
      }
    }
  } catch {
    // Not installed.
  }
  return undefined;
}

/** @param {string} path @param {{ host: string, port: number }} at @param {string} headers */
const get = (path, { host, port }, headers) =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n${headers}\r\n`;
const ACCEPT = "Accept: text/event-stream\r\n";

/** @param {{ host: string, port: number }} at @param {string} transport @returns {import("../load/reader.mjs").Plan} */
const bareReader = (at, transport) =>
  transport === "ws"
    ? { ...at, kind: "stream", head: get("/", at, UPGRADE), ready: "\r\n\r\n" }
    : { ...at, kind: "stream", head: get("/", at, ACCEPT), ready: ": ready" };

export const nodePeers = [
  nodePeer(
    "ws",
    ["ws"],
    (at) => ({ ...at, kind: "stream", head: get("/", at, UPGRADE), ready: "\r\n\r\n" }),
    "WebSocketServer, perMessageDeflate off; `send` to each of `server.clients`",
  ),
  nodePeer(
    "socket.io",
    ["ws"],
    (at) => ({
      ...at,
      kind: "stream",
      head: get("/socket.io/?EIO=4&transport=websocket", at, UPGRADE),
      greet: [{ after: '"sid"', send: textFrame("40").toString("base64") }],
      ready: '40{"sid"',
    }),
    "WebSocket transport alone, no compression, one room, `io.to(room).emit`",
  ),
  nodePeer(
    "better-sse",
    ["sse"],
    (at) => ({ ...at, kind: "stream", head: get("/", at, ACCEPT), ready: "\r\n\r\n" }),
    "one channel, `broadcast`, no keep-alive comments",
  ),
  nodePeer(
    "bare",
    ["ws", "sse"],
    bareReader,
    "baseline: `socket.write` of one shared buffer to each socket for each message, as large as what Tidings sends",
  ),
  nodePeer(
    "bare-batched",
    ["ws", "sse"],
    bareReader,
    "baseline: the same, with what one turn of the event loop brings as one buffer",
  ),
];

export const hello = nodePeer(
  "hello",
  ["http"],
  () => {
    throw new Error("it has no readers.");
  },
  "baseline: node:http that answers 201 and two bytes once the body is there",
);
