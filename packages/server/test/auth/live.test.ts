import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hashOfKey, newApiKey } from "../../src/auth/api-key.ts";
import { writeKeyFile } from "../../src/auth/key-file.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { frame, OPCODE, RawWebSocket } from "../support/raw-web-socket.ts";
import { HELD, type Held, heldBy, hold } from "./live/held.ts";
import { HS256, mint } from "./support.ts";
import { ask } from "./table/ask.ts";
import { Socket } from "./table/socket.ts";
import { bearer } from "./table/world.ts";

const SSE = { Accept: "text/event-stream" };
const EVERYTHING = { subscribe: ["**"], publish: ["**"], presence: ["**"], command: ["**"] };

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-live-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function open(options: Parameters<typeof openServer>[0] = {}): Promise<TestServer> {
  return openServer({
    auth: { jwt: [HS256], clockToleranceMs: 0 },
    limits: { presenceFlushMs: 1 },
    ...options,
  });
}

async function adminOf(): Promise<{ readonly authorization: string }> {
  return bearer(await mint({ admin: ["**"] }, { sub: "root" }));
}

async function revoke(url: string, what: object): Promise<void> {
  const { status, text } = await ask(url, {
    method: "POST",
    path: "/revocations",
    headers: { ...(await adminOf()), "content-type": "application/json" },
    body: JSON.stringify(what),
  });
  expect(status, text).toBe(204);
}

/** Publishes numbers to all channels until it is stopped; answers how many it has begun to publish. */
function publishing(server: TestServer): { readonly begun: number; stop(): Promise<number> } {
  let begun = 0;
  let isOver = false;
  const run = async (): Promise<void> => {
    while (!isOver) {
      const number = ++begun;
      await Promise.all(["a", "b"].map((channel) => server.tidings.publish(channel, { number })));
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const done = run();
  return {
    get begun() {
      return begun;
    },
    async stop() {
      isOver = true;
      await done;
      return begun;
    },
  };
}

function newestIn(text: string): number {
  return Math.max(0, ...[...text.matchAll(/"number":([0-9]+)/g)].map(([, digits]) => Number(digits)));
}

test("everything that is held ends with its token", async () => {
  await using server = await open();
  const exp = Math.floor(Date.now() / 1_000) + 3;
  const token = await mint(EVERYTHING, { sub: "ann", exp });
  const all: Held[] = [];
  try {
    for (const { name } of HELD) all.push(await hold(name, server, token));
    for (const held of all) expectEnd(await held.ended);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
  } finally {
    for (const held of all) await held[Symbol.asyncDispose]();
  }
});

describe.each(HELD)("$name", ({ name, isPoll }) => {
  test.each([
    ["its id", { token: "t1" }],
    ["its subject", { subject: "ann" }],
  ])(
    "ends when its token is revoked by %s, and nothing that is published afterwards reaches it",
    async (_, what) => {
      await using server = await open();
      await using held = await hold(name, server, await mint(EVERYTHING, { sub: "ann", jti: "t1" }));
      await using other = await hold(name, server, await mint(EVERYTHING, { sub: "bob", jti: "t2" }));
      const publisher = publishing(server);
      if (!isPoll) await held.untilText('"number":');
      await revoke(server.url, what);
      const { begun } = publisher;
      if (isPoll) await tellPolls(server);
      const end = await held.ended;
      expectEnd(end);
      // The other one goes on.
      if (isPoll) expect((await other.ended).status).toBe(200);
      else await other.untilText(`"number":${begun + 20}`);
      await publisher.stop();
      expect(newestIn(end.text)).toBeLessThanOrEqual(begun);
    },
  );
});

/** Something new for all that wait on the quiet channel. */
async function tellPolls({ url, tidings }: TestServer): Promise<void> {
  await tidings.publish("quiet", { number: Number.MAX_SAFE_INTEGER });
  const headers = { ...(await adminOf()), "content-type": "application/json" };
  await ask(url, { method: "PUT", path: "/presence/quiet?member=eve", headers, body: "1" });
}

/** How each transport says that it ends because of its credential. */
function expectEnd({ status, code, text }: Awaited<Held["ended"]>): void {
  if (code !== undefined) expect(code, text).toBe(4401);
  else if (status === 401) expect(text).toContain("UNAUTHENTICATED");
  else expect(text.trimEnd().split("\n").at(-1), text).toContain("UNAUTHENTICATED");
}

describe("a key", () => {
  test("that is taken out of the file ends what came in with it, on every transport", async () => {
    const { id, key } = newApiKey();
    const path = join(folder, "keys.json");
    const createdAt = new Date().toISOString();
    const record = { id, name: "ci", hash: hashOfKey(key), grants: EVERYTHING, createdAt };
    await writeKeyFile(path, [record]);
    await using server = await open({ auth: { keys: path, jwt: [HS256] } });
    const all: Held[] = [];
    try {
      for (const { name } of HELD) all.push(await hold(name, server, key));
      await writeKeyFile(path, []);
      for (const held of all) expectEnd(await held.ended);
      const refused = await ask(server.url, {
        method: "GET",
        path: "/channels/a",
        headers: bearer(key),
      });
      expect(refused.status).toBe(401);
    } finally {
      for (const held of all) await held[Symbol.asyncDispose]();
    }
  });
});

describe("what was revoked", () => {
  test.each([
    ["SSE", SSE],
    ["SSE, compressed", { ...SSE, "Accept-Encoding": "gzip" }],
    ["NDJSON", { Accept: "application/x-ndjson" }],
  ])("keeps no socket of a client that does not read its end: %s", async (_, headers) => {
    await using server = await open({ limits: { pongTimeoutMs: 50, presenceFlushMs: 1 } });
    const token = await mint(EVERYTHING, { sub: "ann" });
    await using client = await RawClient.open(server.port);
    client.socket.pause();
    client.send(getRequest("/channels/a", { Authorization: `Bearer ${token}`, ...headers }));
    while ((await heldBy(server)) === 0) {
      // asked again: the client reads nothing that would say so
    }
    // More than the system takes on the way, of what does not compress.
    for (let sent = 0; sent < 400; sent++) {
      await server.tidings.publish("a", randomBytes(50_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await revoke(server.url, { subject: "ann" });
    while ((await heldBy(server)) > 0) {
      // asked again: the server gives up by itself
    }
  });

  test("stays so across a restart of a durable server", async () => {
    await using server = await open({ log: "lmdb" });
    const token = await mint(EVERYTHING, { sub: "ann", jti: "t1" });
    await revoke(server.url, { token: "t1" });
    await server.restart();
    for (const path of ["/channels/a", "/connect?channel=a"]) {
      const { status } = await ask(server.url, { method: "GET", path, headers: bearer(token) });
      expect(status).toBe(401);
    }
    const other = await mint(EVERYTHING, { sub: "ann", jti: "t2" });
    const { status } = await ask(server.url, { method: "GET", path: "/channels/a", headers: bearer(other) });
    expect(status).toBe(200);
  });

  test.each([
    ["a message", "/channels/a", "application/json"],
    ["a batch", "/channels/a", "application/x-ndjson"],
    ["a command", "/commands/evals.stop", "application/json"],
  ])("does nothing with a body that had begun to come: %s", async (_, path, type) => {
    await using server = await open();
    let runs = 0;
    server.tidings.command("evals.stop", { handler: () => ++runs });
    const token = await mint(EVERYTHING, { sub: "ann" });
    // Verified once, so that it is let on as its head comes.
    await ask(server.url, { method: "GET", path: "/channels/a", headers: bearer(token) });
    await using client = await RawClient.open(server.port);
    client.send(
      [
        `POST ${path} HTTP/1.1`,
        "Host: 127.0.0.1",
        `Authorization: Bearer ${token}`,
        `Content-Type: ${type}`,
        "Expect: 100-continue",
        "Content-Length: 11",
        "\r\n",
      ].join("\r\n"),
    );
    // The server has looked at who it is, and waits for the body.
    await client.until("100 Continue\r\n\r\n");
    client.send('{"data"');
    await revoke(server.url, { subject: "ann" });
    client.send(":1}\n");
    expect(await client.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 401 /);
    expect(runs).toBe(0);
    expect(await messagesOf(server, "a")).toEqual([]);
  });

  test("in the turn in which a poll gets its message leaves one answer: all of the page, or none of it", async () => {
    await using server = await open();
    for (let round = 0; round < 10; round++) {
      for (const name of ["long poll", "poll in lines"]) {
        const jti = `${name} ${round}`;
        const token = await mint(EVERYTHING, { sub: "ann", jti });
        await using held = await hold(name, server, token);
        await Promise.all([
          server.tidings.publish("quiet", { number: round }),
          server.tidings.revoke({ token: jti }),
        ]);
        const { status, text } = await held.ended;
        expect([200, 401]).toContain(status);
        expect(text.includes('"number":'), text).toBe(status === 200);
      }
    }
  });

  test("publishes nothing more on a WebSocket that does not answer its close, nor calls a command", async () => {
    await using server = await open();
    let runs = 0;
    server.tidings.command("evals.stop", { handler: () => ++runs });
    await using socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
    socket.sendJson({ type: "hello", token: await mint(EVERYTHING, { sub: "ann", jti: "t1" }) });
    await socket.jsonOf("welcome");
    await revoke(server.url, { token: "t1" });
    await socket.jsonOf("error");
    socket.sendJson({ type: "publish", id: "1", channel: "a", data: 1 });
    socket.sendJson({ type: "command", id: "2", name: "evals.stop" });
    // The answer to the close ends it: all that was sent before has been looked at then.
    expect((await socket.closeFrame()).code).toBe(4401);
    await socket.client.closed();
    expect(runs).toBe(0);
    expect(await messagesOf(server, "a")).toEqual([]);
  });
});

async function messagesOf({ url }: TestServer, channel: string): Promise<unknown> {
  const { text } = await ask(url, { method: "GET", path: `/channels/${channel}`, headers: await adminOf() });
  return (JSON.parse(text) as { readonly messages: unknown }).messages;
}

describe("a live connection goes on with another credential", () => {
  async function stream(server: TestServer, token: string): Promise<Held & { readonly id: string }> {
    const held = await hold("NDJSON of several", server, token);
    await held.untilText('"welcome"');
    const [welcome = ""] = held.text.split("\n");
    const { connection: id } = JSON.parse(welcome) as { readonly connection: string };
    return Object.assign(held, { id });
  }

  test("by PATCH, and lasts as long as that", async () => {
    await using server = await open();
    const exp = Math.floor(Date.now() / 1_000) + 2;
    await using one = await stream(server, await mint(EVERYTHING, { sub: "ann", exp }));
    const token = await mint(EVERYTHING, { sub: "ann", exp: exp + 1 });
    expect((await patch(server, one.id, token, { token })).status).toBe(200);
    const { text } = await one.ended;
    expect(Date.now()).toBeGreaterThanOrEqual((exp + 1) * 1_000);
    expect(text).toContain("UNAUTHENTICATED");
  });

  test("of fewer grants: the channels and memberships that it does not cover are ended, and no others", async () => {
    await using server = await open();
    const all = await mint(EVERYTHING, { sub: "ann" });
    await using one = await stream(server, all);
    await using socket = await Socket.open(`${server.url}/connect?channel=a&channel=b`, bearer(all), false);
    socket.send({ type: "join", id: "j", channel: "room", member: "ann" });
    socket.send({ type: "join", id: "k", channel: "hall", member: "ann" });
    await socket.until({ type: "ok", id: "k" });
    const less = await mint({ subscribe: ["b"], presence: ["hall"] }, { sub: "ann" });
    expect((await patch(server, one.id, less, { token: less })).status).toBe(200);
    socket.send({ type: "token", id: "t", token: less });
    await socket.until({ type: "ok", id: "t" });
    expect(server.tidings.presence("room").count).toBe(0);
    expect(server.tidings.presence("hall").count).toBe(1);
    await server.tidings.publish("a", "of a");
    await server.tidings.publish("b", "of b");
    await socket.untilText("of b");
    await one.untilText("of b");
    for (const text of [socket.text, one.text]) {
      expect(text).toMatch(/"type":"error","channel":"a","code":"FORBIDDEN"/);
      expect(text).not.toContain("of a");
    }
    // Nothing that it does not cover can be begun either.
    socket.send({ type: "subscribe", id: "s", channel: "a" });
    await socket.until({ type: "error", id: "s", code: "FORBIDDEN" });
    const again = await patch(server, one.id, less, { subscribe: [{ channel: "a" }] });
    expect(again.status).toBe(403);
  });

  test("of another subject is refused, and the old one goes on", async () => {
    await using server = await open();
    const ann = await mint(EVERYTHING, { sub: "ann" });
    const bob = await mint(EVERYTHING, { sub: "bob" });
    await using one = await stream(server, ann);
    await using socket = await Socket.open(`${server.url}/connect?channel=a`, bearer(ann), false);
    socket.send({ type: "token", id: "t", token: bob });
    await socket.until({ type: "error", id: "t", code: "FORBIDDEN" });
    expect((await patch(server, one.id, ann, { token: bob })).status).toBe(403);
    expect((await patch(server, one.id, bob, { token: bob })).status).toBe(403);
    socket.send({ type: "token", id: "u", token: "not.a.token" });
    await socket.until({ type: "error", id: "u", code: "UNAUTHENTICATED" });
    await server.tidings.publish("a", "of a");
    await socket.untilText("of a");
    await one.untilText("of a");
  });

  test("of a key whose grants were changed in the file: what was all there was ends", async () => {
    const { id, key } = newApiKey();
    const path = join(folder, "keys.json");
    const record = { id, name: "ci", hash: hashOfKey(key), createdAt: new Date().toISOString() };
    await writeKeyFile(path, [{ ...record, grants: EVERYTHING }]);
    await using keyed = await open({ auth: { keys: path, jwt: [HS256] } });
    await using held = await hold("SSE of one channel", keyed, key);
    await using plain = await hold("plain WebSocket of one channel", keyed, key);
    await using poll = await hold("long poll", keyed, key);
    await using socket = await Socket.open(`${keyed.url}/connect?channel=a&channel=b`, bearer(key), false);
    await socket.until({ type: "ok", channel: "b" });
    await writeKeyFile(path, [{ ...record, grants: { subscribe: ["b"] } }]);
    expect((await held.ended).text).toContain("FORBIDDEN");
    expect((await plain.ended).code).toBe(4403);
    expect((await poll.ended).status).toBe(403);
    await socket.until({ type: "error", channel: "a", code: "FORBIDDEN" });
    await keyed.tidings.publish("b", "of b");
    await socket.untilText("of b");
  });
});

async function patch(
  server: TestServer,
  id: string,
  token: string,
  body: object,
): Promise<{ status: number }> {
  return ask(server.url, {
    method: "PATCH",
    path: `/connections/${id}`,
    headers: { ...bearer(token), "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

describe("a first frame", () => {
  const TOO_LATE = { limits: { authTimeoutMs: 20, presenceFlushMs: 1 } };

  async function waiting(server: TestServer): Promise<Socket> {
    return Socket.open(`${server.url}/connect?channel=a`, {}, false);
  }

  test("that does not come in time ends the connection", async () => {
    await using server = await open(TOO_LATE);
    await using socket = await waiting(server);
    expect(await socket.closed()).toBe(4401);
    expect(socket.frames).toEqual([]);
  });

  test("that came in time sets that aside", async () => {
    await using server = await open(TOO_LATE);
    const token = await mint(EVERYTHING, { sub: "ann" });
    // Verified before, so that the frame is answered as it comes.
    await ask(server.url, { method: "GET", path: "/channels/a", headers: bearer(token) });
    await using socket = await waiting(server);
    socket.send({ type: "hello", token });
    await socket.until({ type: "caught-up" });
    // Long after it would have been over.
    await using late = await waiting(server);
    await late.closed();
    socket.send({ type: "ping", id: "p" });
    await socket.until({ type: "pong", id: "p" });
  });

  test.each([
    ["is bytes", (socket: Socket) => socket.sendBytes(Buffer.from('{"type":"hello"}'))],
    ["is no JSON", (socket: Socket) => socket.send("{")],
    ["is of a type that there is not", (socket: Socket) => socket.send({ type: "login", id: "1" })],
    ["lacks what it must have", (socket: Socket) => socket.send({ type: "token", id: "1" })],
    ["says hello, and nothing else", (socket: Socket) => socket.send({ type: "hello" })],
  ])("that %s ends the connection, and is not answered", async (_, send) => {
    await using server = await open();
    await using socket = await waiting(server);
    send(socket);
    expect(await socket.closed()).toBe(4401);
    expect(socket.frames).toEqual([]);
  });

  test("has what comes behind it wait, and begins it in order", async () => {
    await using server = await open();
    await using socket = await waiting(server);
    socket.send({ type: "hello", token: await mint(EVERYTHING, { sub: "ann" }) });
    for (let number = 1; number <= 50; number++)
      socket.send({ type: "publish", id: String(number), channel: "a", data: { number } });
    await socket.untilText('"number":50');
    const types = socket.frames.map(({ type }) => type);
    expect(types[0]).toBe("welcome");
    const ids = socket.frames.filter(({ type, id }) => type === "ok" && id !== undefined).map(({ id }) => id);
    expect(ids).toEqual(Array.from({ length: ids.length }, (_, at) => String(at + 1)));
    const numbers = [...socket.text.matchAll(/"number":([0-9]+)/g)].map(([, digits]) => Number(digits));
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
  });

  test("may be followed by another credential of the same subject, and by none of another", async () => {
    await using server = await open();
    await using socket = await waiting(server);
    socket.send({ type: "token", id: "1", token: await mint(EVERYTHING, { sub: "ann" }) });
    socket.send({ type: "token", id: "2", token: await mint({ publish: ["b"] }, { sub: "ann" }) });
    socket.send({ type: "token", id: "3", token: await mint(EVERYTHING, { sub: "bob" }) });
    socket.send({ type: "publish", id: "4", channel: "a", data: 1 });
    socket.send({ type: "publish", id: "5", channel: "b", data: 1 });
    await socket.until({ type: "ok", id: "5" });
    await socket.until({ type: "ok", id: "1" });
    await socket.until({ type: "ok", id: "2" });
    await socket.until({ type: "error", id: "3", code: "FORBIDDEN" });
    await socket.until({ type: "error", id: "4", code: "FORBIDDEN" });
    await socket.until({ type: "error", channel: "a", code: "FORBIDDEN" });
  });

  test("may show what anonymous ones have not, where these may do something", async () => {
    await using server = await open({ auth: { jwt: [HS256], anonymous: { subscribe: ["public"] } } });
    for (const path of ["/channels/a", "/connect?channel=a"]) {
      await using socket = await Socket.open(`${server.url}${path}`, {}, false);
      expect(socket.refused).toBeUndefined();
      socket.send({ type: "hello", token: await mint(EVERYTHING, { sub: "ann" }) });
      await socket.until({ type: "ok", channel: "a" });
      await using raw = await Socket.open(`${server.url}${path}`, {}, true);
      expect(raw.refused?.status).toBe(401);
    }
    await using anonymous = await Socket.open(`${server.url}/connect?channel=public`, {}, false);
    await anonymous.until({ type: "ok", channel: "public" });
    anonymous.send({ type: "token", id: "t", token: await mint({ subscribe: ["a"] }, { sub: "ann" }) });
    await anonymous.until({ type: "error", channel: "public", code: "FORBIDDEN" });
  });
});

test("a command is told who calls, on a WebSocket as over HTTP; and a cancel finds the command before it", async () => {
  await using server = await open();
  const callers: unknown[] = [];
  server.tidings.command("who", { handler: (_, { caller }) => void callers.push(caller.subject) });
  server.tidings.command("wait", {
    handler: (_, { signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve(1))),
  });
  const token = await mint(EVERYTHING, { sub: "ann" });
  await using socket = await RawWebSocket.open(server.port, "/connect", "tidings.v1");
  socket.sendJson({ type: "hello", token });
  await socket.jsonOf("welcome");
  // As one packet.
  socket.client.send(
    Buffer.concat([
      frame(OPCODE.text, '{"type":"command","id":"1","name":"wait"}'),
      frame(OPCODE.text, '{"type":"cancel","id":"1"}'),
      frame(OPCODE.text, '{"type":"command","id":"2","name":"who"}'),
    ]),
  );
  expect(await socket.json()).toMatchObject({ type: "error", id: "1", code: "COMMAND_CANCELLED" });
  expect(await socket.json()).toMatchObject({ type: "ok", id: "2" });
  await ask(server.url, { method: "POST", path: "/commands/who", headers: bearer(token) });
  expect(callers).toEqual(["ann", "ann"]);
});
