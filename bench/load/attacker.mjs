// What somebody does who means no good, from a process of its own and from one address: bounded in number, on loopback alone, until it
// is told to end.
import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { deflateRawSync, gzipSync } from "node:zlib";
import { answer, pause } from "../lib/child.mjs";
import { frameHead, UPGRADE } from "./wire.mjs";

/** Between two bytes of who sends slowly, in milliseconds. */
const SLOW_MS = 100;
/** So many connections send at once where each sends one thing after the other. */
const BUSY = 32;

/** @typedef {{ host: string, port: number, count: number }} Target */

/** @type {Set<import("node:net").Socket>} */
const sockets = new Set();
let isOver = false;
let done = 0;

/** @param {Target} target @returns {Promise<import("node:net").Socket>} one that is open; it may be ended by the server at any time */
function open({ host, port }) {
  const socket = connect({ host, port, noDelay: true });
  sockets.add(socket);
  socket.on("error", () => {});
  socket.once("close", () => sockets.delete(socket));
  return new Promise((resolve) => {
    for (const event of ["connect", "close"]) socket.once(event, () => resolve(socket));
  });
}

/** Opens so many at once, and lets each begin. @param {Target} target @param {(socket: import("node:net").Socket) => void} begin */
async function crowd(target, begin) {
  for (let at = 0; at < target.count && !isOver; at += 100) {
    const some = await Promise.all(
      Array.from({ length: Math.min(100, target.count - at) }, () => open(target)),
    );
    for (const socket of some) begin(socket);
  }
}

/** A byte more of each from time to time; one that was given up is opened anew. @param {Target} target @param {string} head */
async function slowly(target, head) {
  const begin = (socket) => socket.write(head);
  await crowd(target, begin);
  void (async () => {
    while (!isOver) {
      for (const socket of sockets) if (socket.writable) socket.write("x");
      for (let at = sockets.size; at < target.count && !isOver; at++) {
        begin(await open(target));
        done++;
      }
      await pause(SLOW_MS);
    }
  })();
}

/** One thing after the other on each of a few connections, as fast as they are answered. @param {Target} target @param {Buffer} bytes @param {string} [first] */
async function flood(target, bytes, first) {
  for (let at = 0; at < BUSY; at++)
    void (async () => {
      while (!isOver) {
        const socket = await open(target);
        if (first !== undefined) socket.write(first);
        await new Promise((resolve) => {
          socket.once("close", resolve);
          const next = () => {
            if (isOver) return socket.destroy();
            done++;
            socket.write(bytes);
          };
          socket.on("data", next);
          if (first === undefined) next();
        });
      }
    })();
}

/** @param {Target} target @param {string} method @param {string} path @param {string} headers @param {Buffer | string} [body] */
function request({ host, port }, method, path, headers, body = "") {
  const length = body.length > 0 ? `Content-Length: ${Buffer.byteLength(body)}\r\n` : "";
  return Buffer.concat([
    Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n${headers}${length}\r\n`),
    Buffer.from(body),
  ]);
}

const JSON_TYPE = "Content-Type: application/json\r\n";

/** @type {Record<string, (target: Target) => Promise<void>>} */
const kinds = {
  nobody: async () => {},
  "slow heads": async (target) => slowly(target, "GET /channels/a HTTP/1.1\r\nHost: localhost\r\nX: "),
  "slow bodies": async (target) =>
    slowly(
      target,
      "POST /channels/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 60000\r\n\r\nx",
    ),
  "slow reading": async (target) =>
    crowd(target, (socket) => {
      socket.pause();
      socket.write(
        request(target, "GET", "/channels/large?since=earliest", "Accept: application/x-ndjson\r\n"),
      );
    }),
  connections: async (target) => crowd(target, (socket) => socket.resume()),
  "reconnect storm": async (target) => {
    const get = request(target, "GET", "/channels/large?last=1", "Accept: text/event-stream\r\n");
    for (let at = 0; at < target.count; at++)
      void (async () => {
        while (!isOver) {
          const socket = await open(target);
          socket.write(get);
          await new Promise((resolve) => {
            socket.once("data", resolve);
            socket.once("close", resolve);
          });
          socket.resetAndDestroy();
          done++;
        }
      })();
  },
  "gzip bombs": async (target) =>
    flood(
      target,
      request(
        target,
        "POST",
        "/channels/a",
        `${JSON_TYPE}Content-Encoding: gzip\r\n`,
        gzipSync(Buffer.alloc(20_000_000, 0x20)),
      ),
    ),
  "deflate bombs": async (target) => {
    // permessage-deflate (RFC 7692 §7.2.1): without the empty block at its end.
    const bomb = deflateRawSync(Buffer.alloc(20_000_000, 0x20), { finishFlush: 2 }).subarray(0, -4);
    const upgrade = `GET /connect HTTP/1.1\r\nHost: localhost\r\n${UPGRADE}Sec-WebSocket-Protocol: tidings.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`;
    await flood(target, Buffer.concat([frameHead(0xc1, bomb.length), bomb]), upgrade);
  },
  "deep JSON": async (target) =>
    flood(
      target,
      request(target, "POST", "/channels/deep", JSON_TYPE, "[".repeat(30_000) + "1" + "]".repeat(30_000)),
    ),
  __proto__: async (target) =>
    flood(
      target,
      request(
        target,
        "POST",
        "/channels/a",
        JSON_TYPE,
        `{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}`,
      ),
    ),
  "path tricks": async (target) => {
    const paths = [
      "//channels//a",
      "/channels/%2e%2e/admin",
      "/channels/a%00b",
      "/channels/%c0%ae%c0%ae/x",
      "/./channels/../metrics",
    ];
    await flood(target, Buffer.concat(paths.map((path) => request(target, "GET", path, ""))));
  },
  "smuggling shapes": async (target) =>
    flood(
      target,
      Buffer.from(
        "POST /channels/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x",
      ),
    ),
};

answer({
  kinds: () => Object.keys(kinds),
  /** @param {string} kind @param {Target} target */
  async begin(kind, target) {
    isOver = false;
    done = 0;
    await kinds[kind](target);
  },
  /** Answers how many connections it held, and what it did by them. */
  async end() {
    isOver = true;
    const held = sockets.size;
    for (const socket of sockets) socket.destroy();
    while (sockets.size > 0) await pause(10);
    return { held, done };
  },
});
