import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Writable } from "node:stream";
import { send } from "@tidings/testing";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { createTidings } from "../../src/tidings.ts";
import { openServer } from "../support/logs.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { handshake } from "../support/raw-web-socket.ts";
import { openSecured } from "../support/secured.ts";

const COMMON = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-site",
};
const ID = /^[A-Za-z0-9_-]{16}$/;

describe("every answer", () => {
  test.each([
    ["GET", "/healthz", 200],
    ["GET", "/", 200],
    ["GET", "/openapi.json", 200],
    ["GET", "/metrics", 200],
    ["GET", "/channels/a", 200],
    ["HEAD", "/channels/a", 200],
    ["DELETE", "/channels/a", 204],
    ["OPTIONS", "/channels/a", 204],
    ["POST", "/artifacts", 201],
    ["GET", "/nothing", 404],
    ["PUT", "/channels/a", 405],
    ["GET", "/channels/a//b", 400],
  ])("%s %s has the headers of all, and an id of its own", async (method, path, status) => {
    await using server = await openServer();
    const headers = { "content-type": "text/plain" };
    const body = method === "POST" ? { body: "x" } : {};
    const answers = [
      await send(server.url + path, { method, headers, ...body }),
      await send(server.url + path, { method, headers, ...body }),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(status);
      expect(answer.headers).toMatchObject(COMMON);
      expect(answer.headers["tidings-request"]).toMatch(ID);
    }
    expect(new Set(answers.map((answer) => answer.headers["tidings-request"])).size).toBe(2);
  });

  test("a publish that was done has none of them: it is named by its cursor; one that was refused has", async () => {
    await using server = await openServer();
    const sent = { method: "POST", headers: { "content-type": "text/plain" }, body: "x" };
    const { status, headers } = await send(`${server.url}/channels/a`, sent);
    expect([status, headers["referrer-policy"], headers["tidings-request"]]).toEqual([
      201,
      undefined,
      undefined,
    ]);
    const refused = await send(`${server.url}/channels/a?x=1`, sent);
    expect([refused.status, refused.headers]).toEqual([400, expect.objectContaining(COMMON)]);
    expect(refused.headers["tidings-request"]).toMatch(ID);
  });

  test.each(["text/event-stream", "application/x-ndjson"])("a stream as %s has them too", async (accept) => {
    await using server = await openServer();
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/a", { Accept: accept }));
    const head = await client.until("\r\n\r\n");
    for (const [name, value] of Object.entries(COMMON))
      expect(head.toLowerCase()).toContain(`${name}: ${value}\r\n`);
    expect(head).toMatch(/Tidings-Request: [A-Za-z0-9_-]{16}\r\n/);
  });

  test("a refused upgrade and a request that is no HTTP have them too", async () => {
    await using server = await openSecured();
    for (const bytes of [handshake("/channels/a"), "nonsense\r\n\r\n"]) {
      await using client = await RawClient.open(server.port);
      client.send(bytes);
      const answer = await client.closed();
      for (const [name, value] of Object.entries(COMMON))
        expect(answer.toLowerCase()).toContain(`${name}: ${value}\r\n`);
      expect(answer.includes("Tidings-Request: ")).toBe(bytes !== "nonsense\r\n\r\n");
    }
  });

  test("the live page says more, and each header once", async () => {
    await using server = await openServer();
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/channels/a", { Accept: "text/html", Connection: "close" }));
    const [head = ""] = (await client.closed()).split("\r\n\r\n");
    const names = head.split("\r\n").map((line) => line.split(":")[0]?.toLowerCase());
    expect(names).toEqual([...new Set(names)]);
    expect(head).toContain("Referrer-Policy: same-origin");
    expect(head).toContain("frame-ancestors 'none'");
  });

  test("of a server that every page may use can be embedded by every page", async () => {
    await using server = await openServer({ cors: { origins: ["*"] } });
    const { headers } = await send(`${server.url}/healthz`);
    expect(headers["cross-origin-resource-policy"]).toBe("cross-origin");
  });

  test("no page of another origin may read any, unless it is configured", async () => {
    await using server = await openServer();
    const { headers } = await send(`${server.url}/healthz`);
    expect(Object.keys(headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("of a mounted server has them, and what is the app's own has not", async () => {
    const tidings = await createTidings({ log: "memory", basePath: "/push" });
    const app = createServer((req, res) => tidings.handler(req, res, () => res.end("the app's")));
    await once(app.listen(0, "127.0.0.1"), "listening");
    const url = `http://127.0.0.1:${(app.address() as AddressInfo).port}`;
    const ours = await send(`${url}/push/channels/a`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "x",
    });
    expect([ours.status, ours.headers]).toEqual([201, expect.objectContaining(COMMON)]);
    expect(ours.headers["tidings-request"]).toMatch(ID);
    const theirs = await send(`${url}/other`);
    expect([theirs.text, theirs.headers["tidings-request"]]).toEqual(["the app's", undefined]);
    await tidings.close();
    app.close();
  });
});

describe("the log names a request by the id that its answer has", () => {
  test("on level debug each is told once it is answered, by its route and not by its URL", async () => {
    const lines: Record<string, unknown>[] = [];
    const told = Promise.withResolvers<void>();
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        lines.push(JSON.parse(line.toString()) as Record<string, unknown>);
        if (line.includes("answered")) told.resolve();
        done();
      },
    });
    await using server = await openServer({ logger: pino({ level: "debug" }, sink) });
    const { headers } = await send(`${server.url}/channels/who?last=1`);
    await told.promise;
    expect(lines.find(({ msg }) => msg === "answered")).toMatchObject({
      request: headers["tidings-request"],
      method: "GET",
      route: "/channels/*",
      status: 200,
    });
    expect(JSON.stringify(lines)).not.toContain("who");
  });
});
