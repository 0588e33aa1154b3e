import { Writable } from "node:stream";
import { send } from "@tidings/testing";
import { type Logger, pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mint } from "../../auth/support.ts";
import type { TestServer } from "../../support/logs.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";
import { handshake, OPCODE, RawWebSocket } from "../../support/raw-web-socket.ts";
import { openSecured } from "../../support/secured.ts";

/** Stands in every secret and every payload that the tests send, and in nothing else. */
const MARK = "Zq7";
const SECRET = `${MARK}secret${MARK}`;
const JSON_TYPE = { "content-type": "application/json" };

let server: TestServer;
let good: string;
let admin: { readonly authorization: string };
/** Everything that was logged, from the finest level on. */
const lines: string[] = [];
/** Everything that was answered to those who were refused. */
const refusals: string[] = [];

function logger(): Logger {
  const sink = new Writable({
    write: (line: Buffer, _encoding, done) => {
      lines.push(line.toString());
      done();
    },
  });
  return pino({ level: "trace" }, sink);
}

beforeAll(async () => {
  server = await openSecured(
    {
      cookie: "session",
      hook: {
        actions: ["subscribe"],
        headers: ["cookie", "authorization"],
        ask: ({ channel }) => {
          if (channel === "unsaid") throw new Error("no database");
          return { allow: true };
        },
      },
    },
    {
      logger: logger(),
      limits: { authTimeoutMs: 60_000 },
      policies: [{ pattern: "open/**", presence: true }],
    },
  );
  server.tidings.command("fails", {
    handler: () => {
      throw new Error("a fault of the handler's own");
    },
  });
  const all = { subscribe: ["**"], publish: ["**"], presence: ["**"], command: ["**"] };
  // The mark stands in the token as it is sent, too.
  good = await mint(all, { sub: "ann", jti: SECRET });
  admin = { authorization: `Bearer ${await mint({ admin: ["**"] }, { sub: "root" })}` };
});
afterAll(async () => server[Symbol.asyncDispose]());

/** That nothing of what was sent is told by an answer that refuses; a credential that holds is no one's to see either. */
function keep(answer: string): void {
  refusals.push(answer);
}

interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function refused({ method = "GET", path, headers = {}, body }: Sent): Promise<number> {
  const answer = await send(server.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  if (answer.status >= 400) keep(`${JSON.stringify(answer.headers)}\n${answer.text}`);
  return answer.status;
}

/** Of the token that holds: the part that nobody could guess. */
function signatureOf(token: string): string {
  return token.split(".")[2] as string;
}

describe("what nobody else is to see", () => {
  test("credentials that do not hold, however they are carried", async () => {
    const wrong = [
      { authorization: `Bearer ${SECRET}` },
      { authorization: `Bearer tk_${SECRET}` },
      { authorization: `Bearer ${good.slice(0, -4)}${MARK}A` },
      { authorization: `Basic ${SECRET}` },
      { authorization: SECRET },
      { cookie: `session=${SECRET}` },
      { cookie: `session=${good.slice(0, -4)}${MARK}A; other=${SECRET}` },
    ];
    const paths = [
      "/channels/a",
      "/connect?channel=a",
      "/channels",
      "/metrics",
      "/commands",
      "/presence/open/a",
    ];
    for (const headers of wrong) {
      for (const path of paths) expect(await refused({ path, headers }), path).toBe(401);
      expect(await refused({ method: "POST", path: "/tickets", headers })).toBeGreaterThanOrEqual(401);
      await using client = await RawClient.open(server.port);
      client.send(handshake("/channels/a", headers));
      keep(await client.closed());
    }
  });

  test("tickets: wrong ones, used ones, and in URLs that lead nowhere", async () => {
    for (const path of ["/channels/a", "/connect", "/nothing", "/healthz", "/channels/%", "/channels/a/"])
      await refused({ path: `${path}?ticket=${SECRET}` });
    // Beside a header that holds, it is a parameter that nobody knows.
    await refused({ path: `/channels/a?ticket=${SECRET}`, headers: { authorization: `Bearer ${good}` } });
    const issued = await send(`${server.url}/tickets`, {
      method: "POST",
      headers: { authorization: `Bearer ${good}` },
    });
    const { ticket } = issued.json() as { ticket: string };
    expect((await send(`${server.url}/channels/a?ticket=${ticket}`)).status).toBe(200);
    const again = await send(`${server.url}/channels/a?ticket=${ticket}`);
    expect([again.status, again.text.includes(ticket)]).toEqual([401, false]);
    expect(lines.join("")).not.toContain(ticket);
    await using client = await RawClient.open(server.port);
    client.send(handshake(`/channels/a?ticket=${SECRET}`));
    keep(await client.closed());
  });

  test("bodies that are refused, and bodies that are taken", async () => {
    const headers = { authorization: `Bearer ${good}`, ...JSON_TYPE };
    const lineType = { ...headers, "content-type": "application/x-ndjson" };
    const bad: readonly Sent[] = [
      { path: "/channels/a", headers, body: SECRET },
      { path: "/channels/a", headers, body: `{"a":"${SECRET}` },
      { path: "/channels/a", headers, body: `{"a":1 ${SECRET}}` },
      { path: "/channels/a", headers: { ...headers, "content-type": "multipart/form-data" }, body: SECRET },
      { path: "/channels/a", headers: lineType, body: `{"data":${SECRET}}` },
      { path: "/channels/a", headers: lineType, body: `"${SECRET}"` },
      { path: "/channels/a", headers: lineType, body: `{"data":1,"preview":${SECRET}}` },
      { path: `/channels/a?preview=${SECRET}`, headers, body: "1" },
      { path: "/connect", headers, body: SECRET },
      { path: "/connect", headers, body: `{"subscribe":"${SECRET}"}` },
      { path: "/connect", headers, body: `{"join":[{"channel":"open/a","state":${SECRET}}]}` },
      { path: "/commands/fails", headers, body: `{"password":"${SECRET}"}` },
      { path: "/commands/none", headers, body: SECRET },
      { path: "/revocations", headers: { ...admin, ...JSON_TYPE }, body: `{"token":["${SECRET}"]}` },
      { path: "/revocations", headers: { ...admin, ...JSON_TYPE }, body: SECRET },
      { path: "/artifacts?progress=$x", headers, body: SECRET },
      { method: "PUT", path: "/presence/open/a?member=me", headers, body: SECRET },
      { method: "PATCH", path: "/connections/none", headers, body: `{"token":"${SECRET}"}` },
      { method: "PATCH", path: "/connections/none", headers, body: `{"token":["${SECRET}"]}` },
      { method: "PATCH", path: "/connections/none", headers, body: SECRET },
    ];
    for (const each of bad)
      expect(await refused({ method: "POST", ...each }), JSON.stringify(each)).toBeGreaterThanOrEqual(400);
    expect(await refused({ method: "POST", path: "/channels/a", headers, body: `"${SECRET}"` })).toBe(201);
    expect(await refused({ method: "POST", path: "/artifacts", headers, body: SECRET })).toBe(201);
    expect(await refused({ path: "/channels/unsaid", headers })).toBe(503);
  });

  test("a live connection's new credential that does not hold", async () => {
    const stream = await RawClient.open(server.port);
    stream.send(
      getRequest("/connect?channel=a", { Accept: "text/event-stream", Authorization: `Bearer ${good}` }),
    );
    const { connection } = JSON.parse(
      /\{"type":"welcome".*\}/.exec(
        await stream.until("heartbeatMs").then(async (text) => text + (await stream.until("\n"))),
      )?.[0] ?? "{}",
    ) as { connection: string };
    const headers = { authorization: `Bearer ${good}`, ...JSON_TYPE };
    const status = await refused({
      method: "PATCH",
      path: `/connections/${connection}`,
      headers,
      body: `{"token":"${SECRET}"}`,
    });
    expect(status).toBe(401);
    await stream[Symbol.asyncDispose]();
  });

  test("a WebSocket's frames: a wrong token first, a wrong one later, and payloads that are refused", async () => {
    for (const first of [
      { type: "hello", token: SECRET },
      { type: "token", id: "1", token: SECRET },
      { type: "publish", id: "1", channel: "a", data: SECRET },
    ]) {
      await using socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
      socket.sendJson(first);
      await untilClosed(socket);
    }
    await using socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
    socket.sendJson({ type: "hello", token: good });
    await socket.jsonOf("welcome");
    for (const frame of [
      `{"type":"token","id":"1","token":"${SECRET}"}`,
      `{"type":"publish","id":"1","channel":"a","data":"${SECRET}!","encoding":"base64"}`,
      `{"type":"publish","id":"1","channel":"a","data":["${SECRET}"],"contentType":"text/plain"}`,
      `{"type":"publish","id":"1","channel":"a","data":{"a":"${SECRET}"},"key":7}`,
      `{"type":"command","id":"1","name":"fails","data":"${SECRET}"}`,
      `{"type":"join","id":"1","channel":"a//","state":"${SECRET}"}`,
      `{"type":"hello","id":"1","token":["${SECRET}"]}`,
    ]) {
      socket.send(OPCODE.text, frame);
      keep(JSON.stringify(await socket.jsonOf("error")));
    }
    for (const frame of [SECRET, `"${SECRET}"`, `{"type":"publish","data":${SECRET}}`]) {
      await using broken = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
      broken.sendJson({ type: "hello", token: good });
      await broken.jsonOf("welcome");
      broken.send(OPCODE.text, frame);
      await untilClosed(broken);
    }
  });

  test("is in no log line, no refusal, no metric and no event", async () => {
    const { text: metrics } = await send(`${server.url}/metrics`, { headers: admin });
    expect(metrics).toContain("tidings_http_requests_total");
    const { text: channel } = await send(`${server.url}/channels/$tidings/events`, { headers: admin });
    // What a token is revoked by is told: it is no credential.
    const events = channel.replaceAll(`"id":"${SECRET}"`, "");
    expect(events).toContain("UNAUTHENTICATED");
    expect(refusals.length).toBeGreaterThan(80);
    // So that silence is not taken for discretion.
    expect(lines.filter((line) => line.includes('"answered"')).length).toBeGreaterThan(80);
    expect(lines.join("")).toContain("the application's say could not be had");
    for (const secret of [MARK, good, signatureOf(good), signatureOf(admin.authorization)]) {
      expect(refusals.filter((answer) => answer.includes(secret))).toEqual([]);
      expect(lines.filter((line) => line.includes(secret))).toEqual([]);
      expect([metrics.includes(secret), events.includes(secret)]).toEqual([false, false]);
    }
  });
});

/** Keeps what a WebSocket is told until its close frame, and that. */
async function untilClosed(socket: RawWebSocket): Promise<void> {
  for (;;) {
    const { opcode, payload } = await socket.frame();
    keep(payload.toString("latin1"));
    if (opcode === OPCODE.close) return;
  }
}
