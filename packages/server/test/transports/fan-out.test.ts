import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createTidings, type Tidings } from "../../src/tidings.ts";
import { countWrites } from "../support/counted-writes.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { frame, handshake } from "../support/raw-web-socket.ts";

const READERS = 1_000;

/** A server that counts what the system is asked to write to its sockets. */
interface Counted extends AsyncDisposable {
  readonly tidings: Tidings;
  readonly port: number;
  /** What was written since the last call: how many times, to how many sockets, and how many different buffers. */
  counts(): { readonly writes: number; readonly sockets: number; readonly buffers: number };
}

async function openCounted(): Promise<Counted> {
  // Heartbeats are writes too; here only flushes are to be counted.
  const limits = { heartbeatMs: 3_600_000, pingMs: 3_600_000 };
  const tidings = await createTidings({ log: "memory", limits, compression: "all" });
  const server = createServer(tidings.handler);
  tidings.attach(server);
  const take = countWrites(server);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    tidings,
    port: (server.address() as AddressInfo).port,
    counts() {
      const written = take();
      return {
        writes: written.length,
        sockets: new Set(written.map(({ socket }) => socket)).size,
        buffers: new Set(written.flatMap(({ parts }) => parts)).size,
      };
    },
    async [Symbol.asyncDispose]() {
      await tidings.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

describe.each([
  ["server-sent events", getRequest("/channels/a", { Accept: "text/event-stream" })],
  ["NDJSON", getRequest("/channels/a", { Accept: "application/x-ndjson" })],
  ["WebSocket", handshake("/channels/a")],
  ["WebSocket, tidings.v1", handshake("/channels/a", { "Sec-WebSocket-Protocol": "tidings.v1" })],
])(`${READERS} live readers, %s`, (_, request) => {
  test("a flush is one write to each, of the very same bytes for all of them", async () => {
    await using server = await openCounted();
    const clients: RawClient[] = [];
    for (let at = 0; at < READERS; at += 100) {
      clients.push(
        ...(await Promise.all(Array.from({ length: 100 }, async () => RawClient.open(server.port)))),
      );
    }
    for (const client of clients) client.send(request);
    await Promise.all(clients.map(async (client) => client.until("caught-up")));
    server.counts();

    await server.tidings.publish("a", "the only one");
    await Promise.all(clients.map(async (client) => client.until("the only one")));
    expect(server.counts(), "one message").toEqual({ writes: READERS, sockets: READERS, buffers: 1 });

    // What is appended during one turn of the event loop is one flush.
    await Promise.all(
      Array.from({ length: 20 }, async (__, index) => server.tidings.publish("a", `number ${index}.`)),
    );
    await Promise.all(clients.map(async (client) => client.until("number 19.")));
    expect(server.counts(), "twenty messages of one turn").toEqual({
      writes: READERS,
      sockets: READERS,
      buffers: 1,
    });
    await Promise.all(clients.map(async (client) => client[Symbol.asyncDispose]()));
  });
});

describe.each([
  ["gzip", getRequest("/channels/a", { Accept: "text/event-stream", "Accept-Encoding": "gzip" })],
  ["permessage-deflate", handshake("/channels/a", { "Sec-WebSocket-Extensions": "permessage-deflate" })],
])("live readers with %s", (_, request) => {
  test("are written the same compressed bytes: a message of some size is compressed once for all of them", async () => {
    await using server = await openCounted();
    const clients = await Promise.all(Array.from({ length: 200 }, async () => RawClient.open(server.port)));
    for (const client of clients) client.send(request);
    // Short frames and events stay as they are, so they can be looked for.
    await Promise.all(clients.map(async (client) => client.until("caught-up")));
    server.counts();
    await server.tidings.publish("a", "of some size ".repeat(200));
    let counts = server.counts();
    // All of them are written to in one turn.
    for (; counts.writes === 0; counts = server.counts()) await nextTurn();
    expect(counts).toEqual({ writes: 200, sockets: 200, buffers: 1 });
    await server.tidings.publish("a", "the end");
    const received = await Promise.all(clients.map(async (client) => client.until("the end")));
    for (const text of received) expect(text.length).toBeLessThan(1_000);
    await Promise.all(clients.map(async (client) => client[Symbol.asyncDispose]()));
  });
});

test.each([
  ["server-sent events", getRequest("/channels/a?since=earliest", { Accept: "text/event-stream" }), 1],
  ["NDJSON", getRequest("/channels/a?since=earliest", { Accept: "application/x-ndjson" }), 1],
  ["WebSocket, its handshake apart", handshake("/channels/a?since=earliest"), 2],
])(
  "who comes back is given all that was missed and is live with one write, %s",
  async (_, request, writes) => {
    await using server = await openCounted();
    // Someone has it followed, so that its end is at hand.
    await using live = await RawClient.open(server.port);
    live.send(getRequest("/channels/a", { Accept: "text/event-stream" }));
    await live.until("caught-up");
    const { cursor = "" } = await server.tidings.publish("a", "first");
    for (let at = 0; at < 100; at++) await server.tidings.publish("a", `${at} ${"x".repeat(100)}.`);
    await live.until("99 x");
    server.counts();
    await using back = await RawClient.open(server.port);
    back.send(request.replace("since=earliest", `since=${cursor}`));
    await back.until("caught-up");
    expect(server.counts().writes).toBe(writes);
  },
);

test("what is published in one go on a WebSocket is answered with a write for each chunk that came", async () => {
  const FRAMES = 200;
  await using server = await openCounted();
  await using client = await RawClient.open(server.port);
  client.send(handshake("/connect", { "Sec-WebSocket-Protocol": "tidings.v1" }));
  await client.until("welcome");
  server.counts();
  const frames = Array.from({ length: FRAMES }, (_, at) =>
    frame(1, `{"type":"publish","id":"${at}","channel":"a","data":${at}}`),
  );
  client.send(Buffer.concat(frames));
  for (let at = 0; at < FRAMES; at++) await client.until(`{"type":"ok","id":"${at}"`);
  // Less than 20 KB: one chunk, unless the system cuts it.
  expect(server.counts().writes).toBeLessThanOrEqual(3);
});
