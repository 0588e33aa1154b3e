import { once } from "node:events";
import { type ClientRequest, request } from "node:http";
import { hasNats, hasRedis, NatsServer, RedisServer, TcpLink } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { openServer } from "../support/logs.ts";

const READERS = 50;
const SMALL = Array.from({ length: 20 }, (_, at) => `<small ${at}>`);
/** Beyond what a notification of Redis brings along (64 KiB): the node reads it in the log. */
const LARGE = `<large ${"x".repeat(80_000)}>`;
const MESSAGES = [...SMALL, LARGE];

/** A reader, as far as it matters here: what has come so far. */
interface Reader {
  readonly text: () => string;
  readonly end: () => void;
}

const ENGINES = [
  { name: "Redis", has: hasRedis, scheme: "redis", start: () => RedisServer.start() },
  { name: "NATS", has: hasNats, scheme: "nats", start: () => NatsServer.start() },
] as const;

describe.each(ENGINES)("a node far from the publisher, on one $name", ({ has, scheme, start }) => {
  test.runIf(has())(
    `gets each message from it for all of its ${2 * READERS} readers together, and not for each, also where it is too large for a notification (the engine is installed)`,
    async () => {
      await using engine = await start();
      await using link = await TcpLink.open(engine.port);
      let passed = "";
      link.onBytes = (bytes, direction) => {
        if (direction === "down") passed += bytes.toString("latin1");
      };
      await using near = await openServer({ log: `${scheme}://127.0.0.1:${engine.port}` });
      await using far = await openServer({ log: `${scheme}://127.0.0.1:${link.port}` });
      const { promise: all, resolve } = Promise.withResolvers<void>();
      const readers: Reader[] = [];
      const onText = (): void => {
        if (readers.length === 2 * READERS && readers.every(({ text }) => text().includes(LARGE))) resolve();
      };
      for (let reader = 0; reader < READERS; reader++)
        readers.push(await overSse(far.port, onText), await overWebSocket(far.port, onText));

      for (const message of MESSAGES) {
        const response = await fetch(`${near.url}/channels/a`, {
          method: "POST",
          body: JSON.stringify(message),
        });
        expect(response.status).toBe(201);
      }
      await all;
      for (const message of MESSAGES)
        for (const { text } of readers) expect(countOf(message, text())).toBe(1);
      // By its notification, or because the node looked before that came: it does so each second. On a slow machine both.
      const crossings = MESSAGES.map((message) => countOf(message, passed));
      expect(Math.min(...crossings)).toBe(1);
      expect(Math.max(...crossings)).toBeLessThanOrEqual(2);
      for (const { end } of readers) end();
    },
  );
});

function countOf(part: string, text: string): number {
  return text.split(part).length - 1;
}

/** Resolves once the reader is live. */
async function overSse(port: number, onText: () => void): Promise<Reader> {
  const stream: ClientRequest = request({
    port,
    path: "/channels/a",
    headers: { accept: "text/event-stream" },
    agent: false,
  });
  stream.on("error", () => undefined);
  const live = Promise.withResolvers<void>();
  let text = "";
  stream.on("response", (response) =>
    response.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (text.includes("caught-up")) live.resolve();
      onText();
    }),
  );
  stream.end();
  await live.promise;
  return { text: () => text, end: () => stream.destroy() };
}

async function overWebSocket(port: number, onText: () => void): Promise<Reader> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/channels/a`);
  const live = Promise.withResolvers<void>();
  let text = "";
  socket.on("message", (data: Buffer) => {
    text += data.toString();
    if (text.includes("caught-up")) live.resolve();
    onText();
  });
  await once(socket, "open");
  await live.promise;
  return { text: () => text, end: () => socket.terminate() };
}
