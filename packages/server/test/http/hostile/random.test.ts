import { type Random, testWithSeeds } from "@tidings/testing";
import { afterAll, beforeAll, describe } from "vitest";
import { openServer, type TestServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";
import { frame, handshake } from "../../support/raw-web-socket.ts";
import { stillServes } from "../../support/still-serves.ts";

let server: TestServer;
beforeAll(async () => {
  server = await openServer({ limits: { requestTimeoutMs: 2_000 } });
});
afterAll(async () => server[Symbol.asyncDispose]());

/** Well-formed beginnings, for random bytes to come after or into. */
const STARTS = [
  "",
  "GET /channels/",
  getRequest("/channels/a"),
  getRequest("/channels/a", { Accept: "text/event-stream" }),
  getRequest("/connect?channel=a&channel=b", { Accept: "application/x-ndjson" }),
  getRequest("/channels/a?wait=60"),
  `POST /channels/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: 400\r\n\r\n`,
  `POST /channels/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n`,
  handshake("/channels/a"),
  handshake("/connect", { "Sec-WebSocket-Protocol": "tidings.v1" }),
];

function randomBytes(random: Random, count: number): Buffer {
  // Half of them such as protocols are made of: random bytes alone seldom come past a first check.
  const alphabet = "\r\n: /?&=%{}[]\"',0129azGET";
  return Buffer.from(
    Array.from({ length: count }, () =>
      random.chance(0.5) ? random.int(0, 255) : alphabet.charCodeAt(random.int(0, alphabet.length - 1)),
    ),
  );
}

/** A start, some of whose bytes may be others, and what comes after it, in pieces. */
function randomInput(random: Random): readonly Buffer[] {
  const start = Buffer.from(STARTS[random.int(0, STARTS.length - 1)] ?? "");
  if (random.chance(0.3))
    for (let change = 0; change < 3; change++)
      start.fill(
        random.int(0, 255),
        random.int(0, start.length),
        start.length > 0 ? random.int(0, start.length) : 0,
      );
  const pieces: Buffer[] = [start];
  for (let piece = random.int(0, 4); piece > 0; piece--) {
    const bytes = randomBytes(random, random.int(1, 300));
    pieces.push(
      random.chance(0.5)
        ? bytes
        : frame(random.int(0, 15), bytes, { isMasked: random.chance(0.9), isFinal: random.chance(0.8) }),
    );
  }
  return pieces;
}

describe("random bytes", () => {
  testWithSeeds(
    "never stop the server, and nothing of them stays",
    [11, 12, 13, 14, 15, 16, 17, 18],
    async (random) => {
      const clients: RawClient[] = [];
      for (let each = 0; each < 40; each++) {
        const client = await RawClient.open(server.port);
        clients.push(client);
        for (const piece of randomInput(random)) {
          client.send(piece);
          if (random.chance(0.3)) await new Promise((resolve) => setImmediate(resolve));
        }
        if (random.chance(0.5)) client.socket.end();
      }
      await Promise.all(clients.map(async (client) => client[Symbol.asyncDispose]()));
      await stillServes(server.url);
    },
  );

  testWithSeeds("1,000 connections that are cut at random moments leave nothing", [21], async (random) => {
    const starts = STARTS.filter((start) => start.endsWith("\r\n\r\n"));
    for (let batch = 0; batch < 10; batch++) {
      const clients = await Promise.all(Array.from({ length: 100 }, async () => RawClient.open(server.port)));
      const cuts = clients.map(async (client) => {
        const start = starts[random.int(0, starts.length - 1)] ?? "";
        const turns = random.int(0, 6);
        client.send(start.slice(0, random.chance(0.3) ? random.int(0, start.length) : start.length));
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        if (random.chance(0.5)) client.socket.resetAndDestroy();
        await client[Symbol.asyncDispose]();
      });
      await server.tidings.publish("a", `${batch} ${"x".repeat(random.int(0, 20_000))}`);
      await Promise.all(cuts);
    }
    await stillServes(server.url);
  });
});
