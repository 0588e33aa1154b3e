import { describe, expect, test } from "vitest";
import { Child } from "../support/child.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { handshake } from "../support/raw-web-socket.ts";

const ENTRY = new URL("../../dist/tidings.js", import.meta.url).href;
/** Each may hold one flush, 1 MiB at most, of its own where it reads several channels: what is shared costs once. */
const READERS = 5;
const MEGABYTE = 1_000_000;

/** A server of its own that publishes by itself, and says how much memory it has in use after 1 MB and after 100. */
const SERVER = `
  import { setImmediate as turn } from "node:timers/promises";
  import { createTidings } from ${JSON.stringify(ENTRY)};
  // Little is kept, so that what grows is not the log.
  const tidings = await createTidings({ log: "memory", policies: [{ pattern: "**", retention: { maxMessages: 50 } }] });
  const { port } = await tidings.listen({ port: 0 });
  console.log(port);
  const readers = async () => (await (await fetch("http://127.0.0.1:" + port + "/channels")).json()).channels[0]?.readers;
  await tidings.publish("a", 0);
  while ((await readers()) !== ${READERS}) await turn();
  const data = "x".repeat(10_000);
  for (let sent = 1; sent <= 10_000; sent++) {
    await tidings.publish("a", data);
    await turn();
    if (sent === 100 || sent === 10_000) {
      for (let each = 0; each < 5; each++) { gc(); await turn(); }
      const { heapUsed, external } = process.memoryUsage();
      console.log(heapUsed + external);
    }
  }
`;

describe.each([
  ["server-sent events", getRequest("/channels/a", { Accept: "text/event-stream" })],
  ["many channels of server-sent events", getRequest("/connect?channel=a", { Accept: "text/event-stream" })],
  ["NDJSON", getRequest("/channels/a", { Accept: "application/x-ndjson" })],
  ["WebSocket", handshake("/channels/a")],
])(`readers that never read, %s`, (_, request) => {
  test(`${READERS} of them cost no more memory after 100 MB of traffic than after 1 MB`, async () => {
    await using server = new Child(SERVER, ["--expose-gc"]);
    const port = Number(await server.line());
    const clients = await Promise.all(Array.from({ length: READERS }, async () => RawClient.open(port)));
    for (const client of clients) {
      client.socket.pause();
      client.send(request);
    }
    const afterOne = Number(await server.line());
    const afterHundred = Number(await server.line());
    expect(afterHundred - afterOne).toBeLessThan(8 * MEGABYTE);
    await Promise.all(clients.map(async (client) => client[Symbol.asyncDispose]()));
  });
});
