// What is stored in this very process, in a bare loop, or behind the least that a WebSocket server can be:
// `node durable.mjs NAME FOLDER`, `lmdb` by itself, as the server configures it, or `tidings` as an application mounts it.
import { createServer } from "node:http";
import { open } from "lmdb";
import { createTidings } from "tidings";
import { WebSocketServer } from "ws";
import { answer } from "../lib/child.mjs";

const [name, folder] = process.argv.slice(2);
const put = name === "tidings" ? await intoTidings() : intoLmdb();

/** With `overlappingSync`, lmdb's default, puts would be kept before the disk has what was put. */
function intoLmdb() {
  const options = { encoding: "binary", keyEncoding: "binary", overlappingSync: false };
  const store = open({ path: folder, ...options });
  let count = 0;
  return (/** @type {unknown} */ data) => {
    const key = Buffer.alloc(8);
    key.writeBigUInt64BE(BigInt(++count));
    return store.put(key, Buffer.from(JSON.stringify(data)));
  };
}

async function intoTidings() {
  const tidings = await createTidings({ log: "lmdb", data: folder });
  return (/** @type {unknown} */ data) => tidings.publish("bench/1", data);
}

answer({
  /** So many at a time, each waited for. @param {{ inFlight: number, seconds: number, size: number }} load */
  async commit({ inFlight, seconds, size }) {
    const data = "x".repeat(size - 2);
    let count = 0;
    const beganMs = performance.now();
    await Promise.all(
      Array.from({ length: inFlight }, async () => {
        for (; performance.now() - beganMs < seconds * 1_000; count++) await put(data);
      }),
    );
    return { publishesPerSecond: Math.round((count / (performance.now() - beganMs)) * 1_000) };
  },
  /** Answers the port of a WebSocket server that stores what each frame publishes, and says so. */
  async serve() {
    const http = createServer();
    const server = new WebSocketServer({ server: http, perMessageDeflate: false });
    server.on("connection", (socket) => {
      socket.send('{"type":"welcome"}');
      socket.on("message", (/** @type {Buffer} */ frame) => {
        const { id, data } = JSON.parse(frame.toString());
        void put(data).then(() => socket.send(`{"type":"ok","id":"${id}"}`));
      });
    });
    await new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve(undefined)));
    return /** @type {import("node:net").AddressInfo} */ (http.address()).port;
  },
});
