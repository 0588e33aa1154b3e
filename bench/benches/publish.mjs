// How many messages a second are taken: one a request, in batches, pipelined on a WebSocket; from memory, and durable.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startChild } from "../lib/child.mjs";
import { loaded } from "../lib/load.mjs";
import { repeat, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";
import { UPGRADE } from "../load/wire.mjs";
import { hello, startTidings } from "../servers/index.mjs";

export const about = "publishes a second, and how long each takes";

const SIZE = 128;
const BATCH = 1_000;
/** By how a message is published: on how many connections, and how many requests of each are on their way. */
const WAYS = [
  { by: "http", connections: 1, inFlight: 1 },
  { by: "http", connections: 16, inFlight: 1 },
  { by: "http", connections: 256, inFlight: 1 },
  { by: "batch", connections: 4, inFlight: 1, batch: BATCH },
  { by: "ws", connections: 1, inFlight: 1 },
  { by: "ws", connections: 1, inFlight: 256 },
  { by: "ws", connections: 16, inFlight: 16 },
];

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ quick, repeats, seconds, tell, servers }) {
  const ways = quick ? WAYS.filter(({ connections, by }) => connections === 16 || by === "batch") : WAYS;
  for (const { connections, inFlight } of ways.filter(({ by }) => by === "http")) {
    const row = await repeat(
      repeats,
      () => publish(hello, {}, { by: "http", connections, inFlight, seconds }),
      "publishesPerSecond",
    );
    tell({ bench: "publish", server: "hello", log: "memory", by: "http", connections, inFlight, ...row });
  }
  if (!servers.some(({ name }) => name === "tidings")) return;
  for (const log of /** @type {const} */ (["memory", "lmdb"])) {
    for (const way of ways) {
      const row = await repeat(
        repeats,
        () => publish({ start: startTidings }, { log }, { ...way, seconds }),
        "publishesPerSecond",
      );
      tell({ bench: "publish", server: "tidings", log, ...way, ...row });
    }
  }
  for (const inFlight of [1, 256]) {
    for (const server of ["tidings", "lmdb"]) {
      const row = await repeat(repeats, () => commits(server, inFlight, seconds), "publishesPerSecond");
      tell({ bench: "publish", server, log: "lmdb", by: "call", connections: 0, inFlight, ...row });
    }
    const way = { by: "ws", connections: 1, inFlight };
    const row = await repeat(
      repeats,
      () => publish({ start: startStore }, {}, { ...way, seconds }),
      "publishesPerSecond",
    );
    tell({ bench: "publish", server: "lmdb", log: "lmdb", ...way, ...row });
  }
}

/** @param {any} server @param {object} options @param {{ by: string, connections: number, inFlight: number, batch?: number, seconds: number }} way */
function publish(server, options, { by, connections, inFlight, batch = 1, seconds }) {
  return loaded(server, options, async ({ running, publisher }) => {
    const plan = running.publisher({ by });
    await publisher.call(
      "open",
      Array.from({ length: connections }, () => plan),
    );
    const load = { size: SIZE, inFlight, batch };
    await publisher.call("flatOut", { ...load, seconds: 1 });
    const began = usageOf(running.pid);
    const { published, seconds: took, p50Ms, p99Ms } = await publisher.call("flatOut", { ...load, seconds });
    const used = usageOf(running.pid);
    return {
      version: running.version,
      publishesPerSecond: Math.round(published / took),
      p50Ms: round(p50Ms, 3),
      p99Ms: round(p99Ms, 3),
      cpuCores: used && round((used.cpuSeconds - began.cpuSeconds) / took, 2),
    };
  });
}

/**
 * What is stored by calls in one process: by lmdb itself in a bare loop, and by the library.
 * @param {string} server @param {number} inFlight @param {number} seconds
 */
async function commits(server, inFlight, seconds) {
  await using store = await startDurable(server);
  return await store.child.call("commit", { inFlight, seconds, size: SIZE });
}

/** lmdb behind the least that a WebSocket server can be. */
async function startStore() {
  const store = await startDurable("lmdb");
  const port = await store.child.call("serve");
  const host = "127.0.0.1";
  return {
    version: "",
    pid: store.child.pid,
    publisher: () => ({
      host,
      port,
      as: "frame",
      open: Buffer.from(`GET / HTTP/1.1\r\nHost: ${host}:${port}\r\n${UPGRADE}\r\n`).toString("base64"),
      opened: '"welcome"',
      prefix: '{"type":"publish","id":"1","channel":"bench/1","data":',
      suffix: "}",
      ack: '"type":"ok"',
    }),
    stop: () => store[Symbol.asyncDispose](),
  };
}

/** @param {string} server */
async function startDurable(server) {
  const folder = await mkdtemp(join(tmpdir(), "tidings-bench-"));
  const child = startChild("server", new URL("../servers/durable.mjs", import.meta.url), [server, folder]);
  return {
    child,
    async [Symbol.asyncDispose]() {
      await child.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
