import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hashOfKey, newApiKey } from "../../src/auth/api-key.ts";
import type { Ask, SayOptions } from "../../src/auth/index.ts";
import { writeKeyFile } from "../../src/auth/key-file.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { hold } from "./live/held.ts";
import { HS256, mint } from "./support.ts";
import { ask, type Answered } from "./table/ask.ts";
import { Socket } from "./table/socket.ts";
import { bearer } from "./table/world.ts";

const EVERYTHING = { subscribe: ["**"], publish: ["**"], presence: ["**"] };
const SSE = { accept: "text/event-stream" };
const NDJSON = { accept: "application/x-ndjson" };
const JSON_BODY = { "content-type": "application/json" };

/** No to the channel "b", for this reason. */
const notB: Ask = ({ channel }) =>
  channel === "b" ? { allow: false, reason: "not before noon" } : { allow: true };

async function open(hook: SayOptions, more: object = {}): Promise<TestServer> {
  return openServer({ auth: { jwt: [HS256], hook, ...more } });
}

async function get(
  server: TestServer,
  path: string,
  headers: Readonly<Record<string, string>>,
  more: { readonly method?: string; readonly body?: string; readonly until?: readonly string[] } = {},
): Promise<Answered> {
  return ask(server.url, { method: "GET", path, headers, ...more });
}

test("a hook that throws at once is a no, and what it would have been given as time is over without a fault", async () => {
  const asks: Ask[] = [
    () => {
      throw new Error("not today");
    },
    // The time of this one ends after that of the first.
    () => new Promise(() => undefined),
  ];
  await using server = await open({
    ask: (question, signal) => (asks.shift() as Ask)(question, signal),
    actions: ["connect"],
    timeoutMs: 20,
  });
  for (let at = 0; at < 2; at++) expect((await get(server, "/channels/a", {})).status).toBe(503);
});

describe("the application's no to a reader", () => {
  test.each([
    ["a page", "/channels/b", {}],
    ["a long poll", "/channels/b?wait=20", {}],
    ["SSE", "/channels/b", SSE],
    ["NDJSON", "/channels/b", NDJSON],
    ["a page of several", "/connect?channel=a&channel=b", {}],
  ])("%s is 403 with the reason", async (_, path, headers) => {
    await using server = await open({ ask: notB, actions: ["subscribe"] });
    const token = bearer(await mint(EVERYTHING, { sub: "ann" }));
    const { status, text } = await get(server, path, { ...token, ...headers });
    expect([status, text]).toEqual([403, expect.stringContaining("not before noon")]);
  });

  test.each([
    ["SSE", "/connect?channel=a&channel=b", SSE],
    ["NDJSON", "/connect?channel=a&channel=b", NDJSON],
  ])("%s of several tells it, and reads the others", async (_, path, headers) => {
    await using server = await open({ ask: notB, actions: ["subscribe"] });
    const token = bearer(await mint(EVERYTHING, { sub: "ann" }));
    const { text } = await get(
      server,
      path,
      { ...token, ...headers },
      { until: ['"caught-up"', "tidings.caught-up"] },
    );
    expect(text).toContain("not before noon");
    expect(text).toMatch(/"channel":"a"/);
  });

  test("a poll in lines tells it", async () => {
    await using server = await open({ ask: notB, actions: ["subscribe"] });
    const token = bearer(await mint(EVERYTHING, { sub: "ann" }));
    const body = JSON.stringify({ subscribe: [{ channel: "a" }, { channel: "b" }] });
    const headers = { ...token, ...NDJSON, ...JSON_BODY };
    const { status, text } = await get(server, "/connect?wait=20", headers, { method: "POST", body });
    expect([status, text]).toEqual([200, expect.stringContaining("not before noon")]);
  });

  test("a WebSocket is refused before the upgrade, and a frame by its id", async () => {
    await using server = await open({ ask: notB, actions: ["subscribe"] });
    const token = bearer(await mint(EVERYTHING, { sub: "ann" }));
    for (const isRaw of [true, false]) {
      await using refused = await Socket.open(`${server.url}/channels/b`, token, isRaw);
      expect(refused.refused?.status).toBe(403);
    }
    await using socket = await Socket.open(`${server.url}/connect?channel=b`, token, false);
    await socket.until({ type: "error", channel: "b", message: "not before noon" });
    socket.send({ type: "subscribe", id: "1", channel: "b" });
    await socket.until({ type: "error", id: "1", message: "not before noon" });
    socket.send({ type: "subscribe", id: "2", channel: "a" });
    await socket.until({ type: "ok", id: "2" });
    const { connection } = await socket.until({ type: "welcome" });
    const patched = await get(
      server,
      `/connections/${String(connection)}`,
      { ...token, ...JSON_BODY },
      {
        method: "PATCH",
        body: JSON.stringify({ subscribe: [{ channel: "b" }] }),
      },
    );
    expect([patched.status, patched.text]).toEqual([403, expect.stringContaining("not before noon")]);
  });
});

describe("the application's no to a publisher", () => {
  test("is told by a request and by a frame, and nothing is published", async () => {
    await using server = await open({ ask: notB, actions: ["publish"] });
    const token = bearer(await mint(EVERYTHING, { sub: "ann" }));
    const told = await get(server, "/channels/b", { ...token, ...JSON_BODY }, { method: "POST", body: "1" });
    expect([told.status, told.text]).toEqual([403, expect.stringContaining("not before noon")]);
    await using socket = await Socket.open(`${server.url}/connect`, token, false);
    socket.send({ type: "publish", id: "1", channel: "b", data: 1 });
    await socket.until({ type: "error", id: "1", message: "not before noon" });
    socket.send({ type: "publish", id: "2", channel: "a", data: 1 });
    await socket.until({ type: "ok", id: "2", offset: 1 });
    expect((await get(server, "/channels/b", token)).text).toContain('"messages":[]');
  });
});

const SILENT: readonly (readonly [string, Ask])[] = [
  ["throws", () => Promise.reject(new Error("no database"))],
  ["never answers", () => new Promise(() => undefined)],
];

describe("an application that does not answer", () => {
  test.each(SILENT)("as it %s is 503, which may pass, and nothing is done", async (_, hook) => {
    const token = bearer(await mint(EVERYTHING, { sub: "ann" }));
    const isNews: Ask = (question, signal) =>
      question.action === "connect" || question.channel === "a" ? { allow: true } : hook(question, signal);
    await using server = await open({ ask: isNews, timeoutMs: 20 });
    for (const headers of [SSE, NDJSON, {}])
      expect((await get(server, "/channels/b", { ...token, ...headers })).status).toBe(503);
    const published = await get(
      server,
      "/channels/b",
      { ...token, ...JSON_BODY },
      { method: "POST", body: "1" },
    );
    expect([published.status, published.headers["retry-after"]]).toEqual([503, expect.any(String)]);
    await using raw = await Socket.open(`${server.url}/channels/b`, token, true);
    expect(raw.refused?.status).toBe(503);
    await using socket = await Socket.open(`${server.url}/connect`, token, false);
    socket.send({ type: "publish", id: "1", channel: "b", data: 1 });
    await socket.until({ type: "error", id: "1", code: "AUTH_UNAVAILABLE", retryable: true });
    const describe = await server.tidings.publish("b", 1);
    expect(describe.cursor).toMatch(/\.1$/);
  });

  test("of those who connect lets nobody in", async () => {
    await using server = await open({ ask: () => Promise.reject(new Error("down")) });
    const token = bearer(await mint(EVERYTHING, { sub: "ann" }));
    expect((await get(server, "/channels/a", token)).status).toBe(503);
    await using raw = await Socket.open(`${server.url}/channels/a`, token, true);
    expect(raw.refused?.status).toBe(503);
    await using waiting = await Socket.open(`${server.url}/connect`, {}, false);
    expect(waiting.refused?.status).toBe(503);
  });
});

describe("while a frame waits for the application", () => {
  test("those behind it wait too, and all are begun in the order in which they came", async () => {
    const asked = Promise.withResolvers<void>();
    const said = Promise.withResolvers<void>();
    const slow: Ask = async ({ channel }) => {
      if (channel !== "slow") return { allow: true };
      asked.resolve();
      await said.promise;
      return { allow: true };
    };
    await using server = await open({ ask: slow, actions: ["publish"] });
    const token = bearer(await mint(EVERYTHING, { sub: "ann" }));
    await using socket = await Socket.open(`${server.url}/connect`, token, false);
    socket.send({ type: "ping", id: "before" });
    socket.send({ type: "publish", id: "1", channel: "slow", data: 1 });
    socket.send({ type: "publish", id: "2", channel: "fast", data: 2 });
    socket.send({ type: "ping", id: "after" });
    await asked.promise;
    await socket.until({ type: "pong", id: "before" });
    // Other connections do not wait with it.
    await using other = await Socket.open(`${server.url}/connect`, token, false);
    other.send({ type: "publish", id: "o", channel: "fast", data: 1 });
    await other.until({ type: "ok", id: "o", offset: 1 });
    expect(socket.frames.map(({ type }) => type)).toEqual(["welcome", "pong"]);
    said.resolve();
    await socket.until({ type: "ok", id: "1", offset: 1 });
    await socket.until({ type: "ok", id: "2", offset: 2 });
    await socket.until({ type: "pong", id: "after" });
  });

  test("and its credential is revoked, it is not done", async () => {
    const asked = Promise.withResolvers<void>();
    const said = Promise.withResolvers<void>();
    const slow: Ask = async () => {
      asked.resolve();
      await said.promise;
      return { allow: true };
    };
    await using server = await open({ ask: slow, actions: ["publish"] });
    const token = bearer(await mint(EVERYTHING, { sub: "ann", jti: "t1" }));
    await using socket = await Socket.open(`${server.url}/connect`, token, false);
    socket.send({ type: "publish", id: "1", channel: "a", data: 1 });
    socket.send({ type: "publish", id: "2", channel: "a", data: 2 });
    await asked.promise;
    await revoke(server, { token: "t1" });
    expect(await socket.closed()).toBe(4401);
    said.resolve();
    const { cursor } = await server.tidings.publish("a", 3);
    expect(cursor).toMatch(/\.1$/);
  });
});

describe("what the application adds to who connects", () => {
  test("holds on live connections after somebody else's revocation and a change of the key file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "tidings-say-"));
    try {
      const { id, key } = newApiKey();
      const keys = join(folder, "keys.json");
      const record = { id, name: "ci", hash: hashOfKey(key), createdAt: new Date().toISOString() };
      await writeKeyFile(keys, [{ ...record, grants: { subscribe: ["quiet"] } }]);
      const grants = { subscribe: ["a"] };
      await using server = await open(
        { ask: () => ({ allow: true, grants }), actions: ["connect"] },
        { keys },
      );
      await using held = await hold("SSE of one channel", server, key);
      await using poll = await hold("long poll", server, key);
      await revoke(server, { token: "another" });
      await writeKeyFile(keys, [{ ...record, grants: {} }]);
      // Its own grant goes with the file; what was said stays.
      expect((await poll.ended).status).toBe(403);
      await server.tidings.publish("a", "of a");
      await held.untilText("of a");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("is who it is, where its credentials are its own: on renewal it sees the new one, and nobody becomes another", async () => {
    const people: Readonly<Record<string, object>> = {
      "Bearer ann-1": { subject: "ann", grants: { subscribe: ["a", "b"] } },
      "Bearer ann-2": { subject: "ann", grants: { subscribe: ["b"] } },
      "Bearer bob-1": { subject: "bob", grants: { subscribe: ["a", "b"] } },
    };
    const know: Ask = ({ headers }) => ({ allow: true, ...people[headers?.["authorization"] ?? ""] });
    const hook: SayOptions = { ask: know, actions: ["connect"], headers: ["authorization"] };
    await using server = await openServer({ auth: { hook } });
    await using socket = await Socket.open(
      `${server.url}/connect?channel=a&channel=b`,
      bearer("ann-1"),
      false,
    );
    await socket.until({ type: "ok", channel: "b" });
    socket.send({ type: "token", id: "1", token: "bob-1" });
    await socket.until({ type: "error", id: "1", code: "FORBIDDEN" });
    socket.send({ type: "token", id: "2", token: "ann-2" });
    await socket.until({ type: "ok", id: "2" });
    await socket.until({ type: "error", channel: "a", code: "FORBIDDEN" });
    // Somebody is known, so it is not another credential that is asked for.
    expect((await get(server, "/channels/c", bearer("ann-1"))).status).toBe(403);
    expect((await get(server, "/channels/c", bearer("nobody"))).status).toBe(401);
    const { status, text } = await get(server, "/tickets", bearer("ann-1"), { method: "POST" });
    expect([status, text]).toEqual([201, expect.stringContaining('"ticket"')]);
    await using waiting = await Socket.open(`${server.url}/channels/a`, {}, false);
    waiting.send({ type: "hello", token: "ann-1" });
    await waiting.until({ type: "ok", channel: "a" });
  });

  test("ends when it says", async () => {
    const hook: SayOptions = {
      ask: () => ({ allow: true, grants: { subscribe: ["a"] }, expiresInMs: 300 }),
      actions: ["connect"],
    };
    await using server = await openServer({ auth: { hook } });
    await using socket = await Socket.open(`${server.url}/channels/a`, {}, true);
    expect(await socket.closed()).toBe(4401);
  });
});

async function revoke(server: TestServer, what: object): Promise<void> {
  const headers = { ...bearer(await mint({ admin: ["**"] }, { sub: "root" })), ...JSON_BODY };
  const body = JSON.stringify(what);
  const { status, text } = await get(server, "/revocations", headers, { method: "POST", body });
  expect(status, text).toBe(204);
}
