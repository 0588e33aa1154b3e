import { publish } from "@tidings/testing";
import { expect, test } from "vitest";
import { openServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";
import { stillServes } from "../../support/still-serves.ts";

const SLOW_OF_EACH_KIND = 150;
const GOOD_REQUESTS = 200;
/** What a good request may take beside all that, in milliseconds: far above what it does, and far below what a person waits for. */
const MAX_P99_MS = 2_500;

test("hundreds that send and read slowly keep nobody else waiting", async () => {
  await using server = await openServer({ limits: { requestTimeoutMs: 60_000 } });
  for (let each = 0; each < 20; each++) await server.tidings.publish("large", "x".repeat(90_000));
  const open = async (begin: (client: RawClient) => void): Promise<RawClient> => {
    const client = await RawClient.open(server.port);
    begin(client);
    return client;
  };
  const kinds: readonly ((client: RawClient) => void)[] = [
    // A head that does not end, a body that does not, and an answer that nobody reads.
    (client) => client.send("GET /channels/a HTTP/1.1\r\nHost: localhost\r\nX: "),
    (client) =>
      client.send(
        "POST /channels/a HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 60000\r\n\r\nx",
      ),
    (client) => {
      client.socket.pause();
      client.send(getRequest("/channels/large?since=earliest", { Accept: "application/x-ndjson" }));
    },
  ];
  const slow = await Promise.all(
    kinds.flatMap((begin) => Array.from({ length: SLOW_OF_EACH_KIND }, async () => open(begin))),
  );
  const times: number[] = [];
  for (let each = 0; each < GOOD_REQUESTS; each++) {
    // A byte more of each, as slowloris sends it.
    for (let at = 0; at < SLOW_OF_EACH_KIND * 2; at += 10)
      slow[(at + each) % (SLOW_OF_EACH_KIND * 2)]?.send("x");
    const beganMs = performance.now();
    expect((await publish(server.url, "good", `${each}`)).status).toBe(201);
    times.push(performance.now() - beganMs);
  }
  times.sort((one, other) => one - other);
  expect(times[Math.floor(times.length * 0.99)]).toBeLessThan(MAX_P99_MS);
  await Promise.all(slow.map(async (client) => client[Symbol.asyncDispose]()));
  await stillServes(server.url);
});
