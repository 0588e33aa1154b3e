// Tidings itself, as its own command line starts it.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProgram } from "../lib/child.mjs";
import { machine } from "../lib/machine.mjs";
import { textFrame, UPGRADE } from "../load/wire.mjs";

const cli = new URL("../../packages/server/bin/tidings.js", import.meta.url).pathname;
const ACCEPT = { sse: "text/event-stream", ndjson: "application/x-ndjson", "long-poll": "application/json" };

/** @param {{ log?: "memory" | "lmdb", limits?: Record<string, number>, policies?: object[], compression?: "off" | "http" | "all", workers?: number, profile?: string }} [options] */
export async function startTidings({
  log = "memory",
  limits = {},
  policies = [],
  compression = "http",
  workers = 1,
  profile,
} = {}) {
  const data = await mkdtemp(join(tmpdir(), "tidings-bench-"));
  // Readers answer a ping only where it comes alone: it is made rare.
  const all = { pingMs: 60_000, pongTimeoutMs: 60_000, ...limits };
  const flags = Object.entries(all).flatMap(([name, value]) => ["--limit", `${name}=${value}`]);
  const profiling = profile === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", profile];
  const child = startProgram(
    "server",
    process.execPath,
    [
      ...profiling,
      cli,
      "serve",
      "--port",
      "0",
      "--data",
      data,
      "--log",
      log,
      "--log-format",
      "json",
      "--compression",
      compression,
      "--workers",
      String(workers),
      ...flags,
    ],
    {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, TIDINGS_POLICIES: JSON.stringify(policies) },
    },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = new URL(await firstUrl(child.stdout));
  const host = url.hostname;
  const port = Number(url.port);
  const hostLine = `Host: ${host}:${port}\r\n`;

  return {
    name: "tidings",
    version: machine.tidings,
    transports: ["ws", "sse", "ndjson", "long-poll"],
    /** So many messages are one body of lines where as much is published as arrives. */
    batch: 32,
    pid: /** @type {number} */ (child.pid),
    host,
    port,
    data,
    /** @param {string} transport @param {{ channel?: string, query?: string, headers?: string }} [options] */
    reader(transport, { channel = "bench/1", query = "", headers = "" } = {}) {
      const path = `/channels/${channel}`;
      if (transport === "long-poll") {
        const get = (search) =>
          `GET ${path}?${search} HTTP/1.1\r\n${hostLine}Accept: application/json\r\n\r\n`;
        return {
          host,
          port,
          kind: "poll",
          head: get(query || "since=latest"),
          ready: '"caughtUp":true}',
          again: get("since={cursor}&wait=30"),
        };
      }
      const accept = transport === "ws" ? UPGRADE : `Accept: ${ACCEPT[transport]}\r\n`;
      return {
        host,
        port,
        kind: "stream",
        head: `GET ${path}${query && `?${query}`} HTTP/1.1\r\n${hostLine}${headers}${accept}\r\n`,
        ready: "caught-up",
      };
    },
    /** The cursor of a channel's newest message. @param {string} [channel] */
    async head(channel = "bench/1") {
      const { headers } = await fetch(`http://${host}:${port}/channels/${channel}`, { method: "HEAD" });
      return /** @type {string} */ (headers.get("tidings-cursor"));
    },
    /** Many channels on one WebSocket. @param {readonly string[]} channels */
    multiplexed(channels) {
      const subscribes = channels.map((channel, at) =>
        textFrame(
          `{"type":"subscribe","id":"${at === channels.length - 1 ? "last" : at}","channel":"${channel}"}`,
        ),
      );
      return {
        host,
        port,
        kind: "stream",
        isMany: true,
        head: `GET /connect HTTP/1.1\r\n${hostLine}${UPGRADE}Sec-WebSocket-Protocol: tidings.v1\r\n\r\n`,
        greet: [
          { after: "\r\n\r\n", send: textFrame('{"type":"hello"}').toString("base64") },
          { after: '"welcome"', send: Buffer.concat(subscribes).toString("base64") },
        ],
        ready: '"id":"last"',
      };
    },
    /** @param {{ channel?: string, by?: "ws" | "http" | "batch" }} [options] */
    publisher({ channel = "bench/1", by = "ws" } = {}) {
      if (by === "ws")
        return {
          host,
          port,
          as: "frame",
          open: Buffer.from(
            `GET /connect HTTP/1.1\r\n${hostLine}${UPGRADE}Sec-WebSocket-Protocol: tidings.v1\r\n\r\n`,
          ).toString("base64"),
          opened: '"welcome"',
          prefix: `{"type":"publish","id":"1","channel":"${channel}","data":`,
          suffix: "}",
          ack: '"type":"ok"',
          fault: '"type":"error"',
        };
      const isBatch = by === "batch";
      const type = isBatch ? "application/x-ndjson" : "application/json";
      return {
        host,
        port,
        as: "request",
        head: `POST /channels/${channel} HTTP/1.1\r\n${hostLine}Content-Type: ${type}\r\n`,
        prefix: isBatch ? '{"data":' : "",
        suffix: isBatch ? "}\n" : "",
        ack: "HTTP/1.1 201",
        fault: "HTTP/1.1 4",
      };
    },
    async stop() {
      // With a profile it ends in peace: that is when it is written.
      child.kill(profile === undefined ? "SIGKILL" : "SIGTERM");
      await ended;
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** @param {import("node:stream").Readable} stream */
export async function firstUrl(stream) {
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    const url = /http:\/\/[0-9.]+:[0-9]+/.exec(text);
    if (url !== null) {
      stream.resume();
      return url[0];
    }
  }
  throw new Error(`the server ended: ${text}`);
}
