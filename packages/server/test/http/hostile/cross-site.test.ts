import { send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { api, operationsOf } from "../../docs/support/openapi.ts";
import { openServer } from "../../support/logs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { handshake } from "../../support/raw-web-socket.ts";

const POST = { method: "POST", body: "1" };
const JSON_TYPE = { "content-type": "application/json" };

/** What a WebSocket handshake is answered. */
async function upgrade(port: number, headers: Readonly<Record<string, string>>): Promise<string> {
  await using client = await RawClient.open(port);
  client.send(handshake("/channels/a", headers));
  return await client.until("\r\n\r\n");
}

describe("a server on loopback without keys is not to be reached by web pages that a person visits", () => {
  test.each([
    "attacker.example",
    "attacker.example:80",
    "127.0.0.1.attacker.example",
    "localhost.attacker.example",
    "10.0.0.1",
    "0.0.0.0",
    "[::]",
    "::1",
  ])(
    "a Host of %j is refused, since a name may be bound anew to this address (DNS rebinding)",
    async (host) => {
      await using server = await openServer();
      const answer = await send(`${server.url}/channels/a`, { headers: { host } });
      expect([answer.status, answer.json()]).toEqual([
        403,
        expect.objectContaining({ code: "HOST_FORBIDDEN" }),
      ]);
      expect(await upgrade(server.port, { Host: host })).toMatch(/^HTTP\/1\.1 403 /);
    },
  );

  test.each([
    "localhost",
    "localhost:1234",
    "LOCALHOST",
    "app.localhost",
    "127.0.0.1",
    "127.1.2.3:80",
    "[::1]",
    "[::1]:8080",
  ])("a Host of %j is this machine", async (host) => {
    await using server = await openServer();
    expect((await send(`${server.url}/healthz`, { headers: { host } })).status).toBe(200);
    expect(await upgrade(server.port, { Host: host })).toMatch(/^HTTP\/1\.1 101 /);
  });

  test.each([
    "https://attacker.example",
    "null",
    "http://localhost:1",
    "http://127.0.0.1.attacker.example",
    "file://",
  ])("an Origin of %j is refused, on every transport and for every method", async (origin) => {
    await using server = await openServer();
    for (const accept of ["application/json", "text/event-stream", "application/x-ndjson"]) {
      const answer = await send(`${server.url}/channels/a`, { headers: { origin, accept } });
      expect([answer.status, answer.json()], accept).toEqual([
        403,
        expect.objectContaining({ code: "ORIGIN_FORBIDDEN" }),
      ]);
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
    }
    // A simple request: browsers send it without asking before (Fetch, "CORS protocol").
    expect(
      (await send(`${server.url}/channels/a`, { ...POST, headers: { origin, "content-type": "text/plain" } }))
        .status,
    ).toBe(403);
    expect((await send(`${server.url}/channels/a`, { method: "DELETE", headers: { origin } })).status).toBe(
      403,
    );
    expect(await upgrade(server.port, { Host: "localhost", Origin: origin })).toMatch(/^HTTP\/1\.1 403 /);
    expect((await send(`${server.url}/channels/a`)).json()).toMatchObject({ messages: [] });
  });

  test("a preflight of another origin is refused, without a word that would allow anything", async () => {
    await using server = await openServer();
    const headers = { origin: "https://attacker.example", "access-control-request-method": "POST" };
    const answer = await send(`${server.url}/channels/a`, { method: "OPTIONS", headers });
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
  });

  test("a script or image of another site, which has no Origin, is refused by Sec-Fetch-Site", async () => {
    await using server = await openServer();
    const image = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    expect((await send(`${server.url}/channels/a`, { headers: image })).status).toBe(403);
    const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect((await send(`${server.url}/channels/a`, { headers: link })).status).toBe(200);
  });

  test("its own pages may do everything", async () => {
    await using server = await openServer();
    const origin = `http://127.0.0.1:${server.port}`;
    const answer = await send(`${server.url}/channels/a`, { ...POST, headers: { ...JSON_TYPE, origin } });
    expect(answer.status).toBe(201);
    expect(await upgrade(server.port, { Host: `127.0.0.1:${server.port}`, Origin: origin })).toMatch(
      /^HTTP\/1\.1 101 /,
    );
  });
});

describe("origins and hosts that were configured", () => {
  const ORIGIN = "https://app.example.com";

  test("pages of a configured origin may read and write, and may ask before", async () => {
    await using server = await openServer({ cors: { origins: [ORIGIN] } });
    const preflight = await send(`${server.url}/channels/a`, {
      method: "OPTIONS",
      headers: {
        origin: ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "idempotency-key",
      },
    });
    expect([preflight.status, preflight.text]).toEqual([204, ""]);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE, PATCH",
      "access-control-allow-headers": expect.stringContaining("Idempotency-Key") as string,
      "access-control-max-age": "600",
    });
    const answer = await send(`${server.url}/channels/a`, { headers: { origin: ORIGIN } });
    expect(answer.headers).toMatchObject({
      "access-control-allow-origin": ORIGIN,
      "access-control-expose-headers": expect.stringContaining("ETag") as string,
    });
    // What was answered to one origin must not be given to another one by a cache.
    expect(String(answer.headers["vary"]).split(", ")).toEqual(
      expect.arrayContaining(["Origin", "Accept", "Last-Event-ID"]),
    );
    const stream = await RawClient.open(server.port);
    stream.send(
      `GET /channels/a HTTP/1.1\r\nHost: localhost\r\nOrigin: ${ORIGIN}\r\nAccept: text/event-stream\r\n\r\n`,
    );
    expect(await stream.until("\r\n\r\n")).toContain(`Access-Control-Allow-Origin: ${ORIGIN}\r\n`);
    await stream[Symbol.asyncDispose]();
    expect(
      (await send(`${server.url}/channels/a`, { headers: { origin: "https://other.example.com" } })).status,
    ).toBe(403);
  });

  test("a page may ask before it posts its channels with a credential", async () => {
    await using server = await openServer({ cors: { origins: [ORIGIN] } });
    const preflight = await send(`${server.url}/connect`, {
      method: "OPTIONS",
      headers: {
        origin: ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    expect([preflight.status, preflight.headers["access-control-allow-origin"]]).toEqual([204, ORIGIN]);
    expect(String(preflight.headers["access-control-allow-methods"]).split(", ")).toContain("POST");
    expect(String(preflight.headers["access-control-allow-headers"]).split(", ")).toEqual(
      expect.arrayContaining(["Authorization", "Content-Type"]),
    );
    const page = await send(`${server.url}/connect`, {
      method: "POST",
      body: "{}",
      headers: { ...JSON_TYPE, origin: ORIGIN },
    });
    expect([page.status, page.headers["access-control-allow-origin"]]).toEqual([200, ORIGIN]);
  });

  test("a page can read every header that the OpenAPI document says an answer has", async () => {
    await using server = await openServer({ cors: { origins: [ORIGIN] } });
    const { headers } = await send(`${server.url}/healthz`, { headers: { origin: ORIGIN } });
    const exposed = new Set(String(headers["access-control-expose-headers"]).split(", "));
    const named = operationsOf(api).flatMap(({ operation }) =>
      Object.values(operation.responses).flatMap((response) =>
        Object.keys((response as { headers?: object }).headers ?? {}),
      ),
    );
    expect(named).toEqual(expect.arrayContaining(["ETag", "Location", "Retry-After"]));
    // Fetch, "CORS-safelisted response-header name": these can always be read.
    const always = new Set(["Cache-Control", "Content-Length", "Content-Type"]);
    expect(named.filter((name) => !exposed.has(name) && !always.has(name))).toEqual([]);
  });

  test("a problem can be read by the page that met it", async () => {
    await using server = await openServer({ cors: { origins: ["*"] } });
    const answer = await send(`${server.url}/channels/a?since=x`, { headers: { origin: ORIGIN } });
    expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([400, ORIGIN]);
  });

  test("a configured host is this server, with any port or with its own", async () => {
    await using server = await openServer({ allowedHosts: ["push.example.com", "other.example.com:444"] });
    const status = async (host: string): Promise<number> =>
      (await send(`${server.url}/healthz`, { headers: { host } })).status;
    expect(await status("push.example.com")).toBe(200);
    expect(await status("PUSH.example.com:8443")).toBe(200);
    expect(await status("other.example.com:444")).toBe(200);
    expect(await status("other.example.com")).toBe(403);
    expect(await status("push.example.com.attacker.example")).toBe(403);
  });

  test("an address beyond loopback is refused without open, and says what to do", async () => {
    await using server = await openServer();
    await expect(server.tidings.listen({ host: "0.0.0.0", port: 0 })).rejects.toMatchObject({
      code: "OPEN_REFUSED",
      message: expect.stringContaining("--open") as string,
    });
    await using open = await openServer({ open: true });
    const { port } = await open.tidings.listen({ host: "0.0.0.0", port: 0 });
    expect(
      (await send(`http://127.0.0.1:${port}/healthz`, { headers: { host: "any.example" } })).status,
    ).toBe(200);
  });
});
