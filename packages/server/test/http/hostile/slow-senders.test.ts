import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openServer, type TestServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";
import { stillServes } from "../../support/still-serves.ts";

const HEAD = "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n";

let server: TestServer;
beforeAll(async () => {
  server = await openServer({ limits: { requestTimeoutMs: 300 } });
});
afterAll(async () => server[Symbol.asyncDispose]());

describe("senders that take their time", () => {
  test("a request's head that comes byte by byte is given up", async () => {
    await using client = await RawClient.open(server.port);
    const isClosed = client.closed();
    let isOver = false;
    void isClosed.then(() => (isOver = true));
    // As fast as the loop turns: what is limited is how long it takes, and not how much comes.
    client.send("GET / HTTP/1.1\r\n");
    while (!isOver) {
      client.send("X: y\r\n");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(await isClosed).toMatch(/^HTTP\/1\.1 (?:408 [\s\S]*REQUEST_TIMEOUT|431 )/);
    await stillServes(server.url);
  });

  test("a body that stops in the middle is given up", async () => {
    await using client = await RawClient.open(server.port);
    client.send(`POST /channels/slow HTTP/1.1\r\n${HEAD}"12`);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
    await stillServes(server.url);
  });

  test("a client that says nothing at all is given up", async () => {
    await using client = await RawClient.open(server.port);
    expect(await client.closed()).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
    await stillServes(server.url);
  });

  test("a client that goes away in the middle of its body leaves nothing", async () => {
    const client = await RawClient.open(server.port);
    client.send(`POST /channels/gone HTTP/1.1\r\n${HEAD}"12`);
    await client[Symbol.asyncDispose]();
    await stillServes(server.url);
  });

  test("a client that closes its own side, having asked, is let go", async () => {
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/a", { Accept: "text/event-stream" }));
    await client.until("caught-up");
    client.socket.end();
    await client.closed();
    await stillServes(server.url);
  });
});
