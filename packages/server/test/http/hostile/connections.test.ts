import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openServer, type TestServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";
import { handshake } from "../../support/raw-web-socket.ts";
import { stillServes } from "../../support/still-serves.ts";

const HOST = "Host: localhost\r\n";

let server: TestServer;
beforeAll(async () => {
  server = await openServer({ limits: { maxMessageBytes: 1_000, maxArtifactBytes: 0 } });
});
afterAll(async () => server[Symbol.asyncDispose]());

async function answerTo(bytes: string | Uint8Array): Promise<string> {
  await using client = await RawClient.open(server.port);
  client.send(bytes);
  const answer = await client.closed();
  await stillServes(server.url);
  return answer;
}

describe("bytes that are not HTTP", () => {
  test.each<[string, string | Uint8Array, number, string]>([
    ["words", "hello, is this a server?\r\n\r\n", 400, "REQUEST_INVALID"],
    ["a TLS handshake", Buffer.from("160301020001000001fc0303", "hex"), 400, "REQUEST_INVALID"],
    ["HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "REQUEST_INVALID"],
    ["a header with a NUL", `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`, 400, "REQUEST_INVALID"],
    ["a header of folded lines", `GET / HTTP/1.1\r\n${HOST}X: a\r\n b\0\r\n\r\n`, 400, "REQUEST_INVALID"],
    [
      "two lengths",
      `POST /channels/a HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n1`,
      400,
      "REQUEST_INVALID",
    ],
    [
      "a length that is no number",
      `POST /channels/a HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n1`,
      400,
      "REQUEST_INVALID",
    ],
    [
      "a length and chunks, as smugglers send",
      `POST /channels/a HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      "REQUEST_INVALID",
    ],
    [
      "more headers than 64 KiB",
      `GET / HTTP/1.1\r\n${HOST}X: ${"x".repeat(70_000)}\r\n\r\n`,
      431,
      "HEADERS_TOO_LARGE",
    ],
  ])("%s are told so", async (_, bytes, status, code) => {
    const answer = await answerTo(bytes);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain("Content-Type: application/problem+json");
    expect(answer).toContain(code);
  });

  test.each([
    ["head", `POST /channels/a HTTP/1.1\r\n${HOST}Content-Le`],
    ["body", `POST /channels/a HTTP/1.1\r\n${HOST}Content-Type: text/plain\r\nContent-Length: 9\r\n\r\nhalf`],
  ])(
    "a request that ends within its %s was cut on its way: nobody is told that it is wrong",
    async (_, bytes) => {
      await using client = await RawClient.open(server.port);
      client.send(bytes);
      client.socket.end();
      expect(await client.closed()).toBe("");
      await stillServes(server.url);
    },
  );

  test("after a good request on the same connection they are told so too", async () => {
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/healthz"));
    await client.until(`"alive"}`);
    client.send("nonsense\r\n\r\n");
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 400 [\s\S]*REQUEST_INVALID/);
    await stillServes(server.url);
  });

  test("in the middle of a stream they end it, and nothing foreign is written into it", async () => {
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/a", { Accept: "application/x-ndjson" }));
    await client.until("caught-up");
    await client.until("\n");
    client.send("nonsense\r\n\r\n");
    expect(await client.closed()).toBe("");
    await stillServes(server.url);
  });

  test("a broken chunk ends the request, and nothing of it is published", async () => {
    const answer = await answerTo(
      `POST /channels/broken HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n1\r\nzz\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/broken"));
    expect(await client.until("}")).toContain(`"messages":[]`);
  });
});

describe("bodies that are too large", () => {
  test("are refused by their length, before they are sent", async () => {
    await using client = await RawClient.open(server.port);
    client.send(
      `POST /channels/a HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n`,
    );
    expect(await client.until("}")).toMatch(/^HTTP\/1\.1 413 [\s\S]*MESSAGE_TOO_LARGE/);
  });

  test("are refused as they come, where they say no length", async () => {
    await using client = await RawClient.open(server.port);
    client.send(
      `POST /channels/a HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    for (let chunk = 0; chunk < 5; chunk++) client.send(`100\r\n${"x".repeat(256)}\r\n`);
    expect(await client.until("}")).toMatch(/^HTTP\/1\.1 413 [\s\S]*MESSAGE_TOO_LARGE/);
    client.send("0\r\n\r\n");
    await client.closed();
    await stillServes(server.url);
  });

  test("get their answer also where the client reads only once all was sent, and the connection ends after it", async () => {
    await using client = await RawClient.open(server.port);
    client.socket.pause();
    client.send(
      `POST /channels/a HTTP/1.1\r\n${HOST}Content-Type: application/json\r\nContent-Length: 30000000\r\n\r\n`,
    );
    // A connection that is closed with bytes unread is reset, and what the client had not read yet is gone.
    await new Promise((resolve) => client.socket.write("x".repeat(30_000_000), resolve));
    client.socket.resume();
    const answer = await client.closed();
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain("Connection: close");
    await stillServes(server.url);
  });
});

describe("requests in one go", () => {
  test("are answered in their order", async () => {
    await using client = await RawClient.open(server.port);
    client.send(
      getRequest("/healthz") +
        getRequest("/channels/nope%20") +
        getRequest("/channels/x") +
        getRequest("/healthz", { Connection: "close" }),
    );
    const all = await client.closed();
    expect([...all.matchAll(/HTTP\/1\.1 ([0-9]+)/g)].map(([, status]) => status)).toEqual([
      "200",
      "400",
      "200",
      "200",
    ]);
    await stillServes(server.url);
  });

  test("a stream among them comes after what was asked before it, whole, and is the last", async () => {
    await using client = await RawClient.open(server.port);
    const stream = getRequest("/channels/p", { Accept: "application/x-ndjson" });
    client.send(
      getRequest("/healthz") + getRequest("/channels/p?wait=0.05") + stream + getRequest("/healthz"),
    );
    expect(await client.until(`"alive"}`)).toMatch(/^HTTP\/1\.1 200 OK/);
    expect(await client.until(`"caughtUp":true}`)).toContain(`{"messages":[],`);
    expect(await client.until("\r\n\r\n")).toContain("Content-Type: application/x-ndjson");
    await client.until(`"caught-up"`);
    await client.until("\n");
    for (let data = 1; data <= 3; data++) {
      await server.tidings.publish("p", data);
      expect(JSON.parse(await client.until("\n"))).toMatchObject({ type: "message", data });
    }
    await client[Symbol.asyncDispose]();
    await stillServes(server.url);
  });

  test("an upgrade behind a request that is still held harms nobody else", async () => {
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/p?wait=0.05") + handshake("/channels/p"));
    await client.until("101 Switching Protocols");
    await client[Symbol.asyncDispose]();
    await stillServes(server.url);
  });

  test("a stream that is asked for by HEAD has no body, and leaves the connection to what comes next", async () => {
    await using client = await RawClient.open(server.port);
    client.send(
      getRequest("/connect?channel=p", { Accept: "text/event-stream" }).replace("GET", "HEAD") +
        getRequest("/healthz"),
    );
    expect(await client.until("\r\n\r\n")).toContain("text/event-stream");
    expect(await client.until(`"alive"}`)).toMatch(/^HTTP\/1\.1 200 OK/);
    await stillServes(server.url);
  });

  test("HTTP/1.0 is answered too, a stream until the connection ends", async () => {
    await using client = await RawClient.open(server.port);
    client.send(`GET /channels/old HTTP/1.0\r\n${HOST}Accept: text/event-stream\r\n\r\n`);
    expect(await client.until("\r\n\r\n")).toMatch(/^HTTP\/1\.[01] 200 OK/);
    await client.until("caught-up");
    await client.until("\n\n");
    await server.tidings.publish("old", 1);
    expect(await client.until("\n\n")).toMatch(/\ndata: 1\n\n$/);
  });

  test("an expectation that nobody knows is passed over (RFC 9110 §10.1.1)", async () => {
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/healthz", { Expect: "the-unexpected" }));
    expect(await client.until("}")).toMatch(/^HTTP\/1\.1 200 [\s\S]*"alive"/);
    const foreign = getRequest("/healthz", { Host: "attacker.example", Expect: "x", Connection: "close" });
    client.send(foreign);
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 403 [\s\S]*HOST_FORBIDDEN/);
  });

  test("a request in absolute form, as to a proxy, is understood (RFC 9112 §3.2.2)", async () => {
    await using client = await RawClient.open(server.port);
    client.send(`GET http://localhost/healthz HTTP/1.1\r\n${HOST}\r\n`);
    expect(await client.until("}")).toContain(`"alive"`);
  });
});
