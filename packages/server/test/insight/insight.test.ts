import { stat } from "node:fs/promises";
import { join } from "node:path";
import { send } from "@tidings/testing";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import type { Sample } from "../../src/insight/sample.ts";
import { api } from "../docs/support/openapi.ts";
import { HS256, mint } from "../auth/support.ts";
import { openServer } from "../support/logs.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { json, untilData } from "./support.ts";

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(api, "api");

/** The answer of an administrator's URL, which must be what the OpenAPI document says. */
async function asked(base: string, path: string, schema: string): Promise<Record<string, unknown>> {
  const answer = await json(`${base}${path}`);
  expect(ajv.validate({ $ref: `api#/components/schemas/${schema}` }, answer), ajv.errorsText()).toBe(true);
  return answer;
}

describe("samples", () => {
  test("tell what came in, what went out and how long it took; an idle durable log is not written to for them", async () => {
    await using server = await openServer({ log: "lmdb" });
    const { tidings, url } = server;
    await using reader = await RawClient.open(server.port);
    reader.send(getRequest("/channels/a", { Accept: "application/x-ndjson" }));
    await reader.until('"caught-up"');
    for (let at = 0; at < 5; at++) await tidings.publish("a", at);
    await send(`${url}/nothing`);
    const sample = await untilData<Sample>(
      tidings,
      "$tidings/stats",
      ({ in: { messages } }) => messages > 0,
      "earliest",
    );
    expect(sample.out.messages).toBeGreaterThanOrEqual(sample.in.messages);
    expect(sample.deliveryMs).toMatchObject({ count: 5 });
    expect(sample.commitMs?.count).toBeGreaterThanOrEqual(1);
    expect(sample).toMatchObject({
      connections: { ndjson: 1, sse: 0, websocket: 0, "long-poll": 0 },
      log: { channels: 1, maxChannels: 1_000_000 },
      laggingReaders: 0,
    });
    const data = await folderOf(url);
    const before = await stat(join(data, "data.mdb"));
    let more = 0;
    const idle = await untilData<Sample>(tidings, "$tidings/stats", () => ++more === 3);
    expect(idle.commitMs).toBeNull();
    expect((await stat(join(data, "data.mdb"))).mtimeMs).toBe(before.mtimeMs);
    expect(idle.log.usedBytes).toBeGreaterThan(0);
    expect(sample.refused["NOT_FOUND"] ?? idle.refused["NOT_FOUND"]).toBeGreaterThan(0);
  });
});

async function folderOf(url: string): Promise<string> {
  const { config } = (await json(`${url}/admin/config`)) as { config: { name: string; value: string }[] };
  return config.find(({ name }) => name === "data")?.value ?? "";
}

describe("which reader is furthest behind, and why", () => {
  test("is told by the lists: a client that takes nothing is waited for, and since when", async () => {
    await using server = await openServer({ limits: { maxPageBytes: 65_536 } });
    const { tidings, url } = server;
    await using slow = await RawClient.open(server.port);
    slow.send(getRequest("/channels/big", { Accept: "application/x-ndjson" }));
    await slow.until('"caught-up"');
    await using live = await RawClient.open(server.port);
    live.send(getRequest("/channels/small", { Accept: "text/event-stream" }));
    await live.until("caught-up");
    slow.socket.pause();
    const isBehind = async (): Promise<boolean> =>
      ((await json(`${url}/admin/connections`)) as { connections: { lag: number }[] }).connections[0]?.lag !==
      0;
    // More than the kernels keep for it.
    for (let at = 0; at < 2_000 && !(await isBehind()); at++)
      for (let each = 0; each < 20; each++) await tidings.publish("big", "x".repeat(60_000));
    for (let each = 0; each < 7; each++) await tidings.publish("big", "x");

    const { connections, count } = (await asked(url, "/admin/connections", "AdminConnections")) as {
      connections: Record<string, unknown>[];
      count: number;
    };
    expect(count).toBe(2);
    expect(connections[0]).toMatchObject({
      transport: "ndjson",
      state: "waiting",
      slowest: "big",
      behind: 1,
      channels: 1,
    });
    expect(connections[0]?.["lag"]).toBeGreaterThanOrEqual(7);
    expect(Date.parse(connections[0]?.["stateSince"] as string)).toBeLessThanOrEqual(Date.now());
    expect(connections[1]).toMatchObject({ transport: "sse", state: "live", lag: 0 });

    const listed = (await asked(url, "/admin/channels?sort=lag", "AdminChannels")) as {
      channels: Record<string, unknown>[];
    };
    expect(listed.channels[0]).toMatchObject({ channel: "big", slowest: connections[0]?.["connection"] });
    const one = await asked(
      url,
      `/admin/connections/${connections[0]?.["connection"] as string}`,
      "AdminConnection",
    );
    expect(one["reads"]).toMatchObject([{ channel: "big", live: false, lag: listed.channels[0]?.["lag"] }]);

    const top = await untilData<{ connections: Record<string, unknown>[] }>(
      tidings,
      "$tidings/top/connections/lag",
      (list) => list.connections.length > 0,
    );
    expect(top.connections[0]).toMatchObject({
      connection: connections[0]?.["connection"],
      state: "waiting",
    });
    // Those that read it alone.
    const ofSmall = (await json(`${url}/admin/connections?channel=small`)) as { count: number };
    expect(ofSmall.count).toBe(1);
  });
});

describe("lists of channels", () => {
  test("are searched, ordered and read in pages; rates and readers are of now", async () => {
    await using server = await openServer();
    const { tidings, url } = server;
    for (let at = 0; at < 30; at++) await tidings.publish(`Job/${at}`, "x".repeat(at));
    await tidings.publish("A/Job/5", "");
    await tidings.publish("other", 1);
    const page = (await asked(url, "/admin/channels?search=jOB&sort=bytes&limit=10", "AdminChannels")) as {
      channels: { channel: string }[];
      next: string;
    };
    expect(page.channels[0]?.channel).toBe("Job/29");
    const second = (await json(
      `${url}/admin/channels?search=job&sort=bytes&limit=10&after=${page.next}`,
    )) as typeof page;
    expect(second).toMatchObject({ count: 31, complete: true, next: "20" });
    expect(second.channels[0]?.channel).toBe("Job/19");
    const named = (await json(`${url}/admin/channels?limit=2`)) as typeof page;
    expect(named.channels.map(({ channel }) => channel)).toEqual(["A/Job/5", "Job/0"]);
    const exact = (await json(`${url}/admin/channels?search=job/5&limit=1`)) as typeof page;
    expect(exact.channels[0]?.channel).toBe("Job/5");
    const own = (await json(`${url}/admin/channels?search=$`)) as typeof page;
    expect(own.channels.map(({ channel }) => channel)).toContain("$tidings/events");
    const busy = await untilData<{ channels: { channel: string; messagesPerSecond: number }[] }>(
      tidings,
      "$tidings/top/channels/rate",
      ({ channels }) => {
        void tidings.publish("other", 1);
        return channels.length > 0;
      },
    );
    expect(busy.channels[0]?.channel).toBe("other");
    expect(busy.channels[0]?.messagesPerSecond).toBeGreaterThan(0);
  });

  test("of each order are made while they are read, of what has something of it", async () => {
    await using server = await openServer();
    const { tidings } = server;
    await using reader = await RawClient.open(server.port);
    reader.send(getRequest("/channels/a", { Accept: "application/x-ndjson" }));
    await reader.until('"caught-up"');
    await tidings.publish("unread", "x".repeat(100));
    const first = async (list: string, member: string): Promise<unknown> =>
      untilData<Record<string, Record<string, unknown>[]>>(tidings, `$tidings/top/${list}`, (data) => {
        void tidings.publish("a", 1);
        return (data[member]?.length ?? 0) > 0;
      }).then((data) => data[member]?.[0]);
    const listed = await Promise.all([
      first("channels/rate", "channels"),
      first("channels/readers", "channels"),
      first("channels/bytes", "channels"),
      first("connections/age", "connections"),
      first("connections/bytes", "connections"),
      first("connections/rate", "connections"),
    ]);
    expect(listed).toMatchObject([
      { channel: "a" },
      { channel: "a", readers: 1 },
      { channel: expect.stringMatching(/^a$|^unread$/) as string },
      { transport: "ndjson" },
      { transport: "ndjson" },
      { transport: "ndjson" },
    ]);
    // Whom nobody waits for is in no list of those that lag.
    const { messages } = await json(`${server.url}/channels/$tidings/top/connections/lag`);
    expect(messages).toEqual([]);
  });

  test("what is asked for wrongly is told", async () => {
    await using server = await openServer();
    for (const [path, said] of [
      ["/admin/channels?sort=size", "rate, lag, readers, bytes, name"],
      ["/admin/channels?limit=201", "from 1 to 200"],
      ["/admin/connections?after=10001", "from 0 to 10000"],
      [`/admin/connections?search=${"x".repeat(256)}`, "the limit is 255"],
      ["/admin/events?kind=none", "refused, disconnected"],
      ["/admin/events?since=noon", "must be a time"],
    ]) {
      const { status, text } = await send(`${server.url}${path}`);
      expect([status, text]).toEqual([400, expect.stringContaining(said ?? "")]);
    }
    expect((await send(`${server.url}/admin/connections/nobody`)).status).toBe(404);
  });
});

describe("events", () => {
  test("say why a client was refused, who it was and whence it came, and nothing that could be used", async () => {
    await using server = await openServer({ auth: { jwt: [HS256] } });
    const admin = await mint({ admin: ["**"] }, { sub: "root" });
    const zoe = await mint({ subscribe: ["own/**"] }, { sub: "zoe", jti: "t1" });
    const refused = await send(`${server.url}/channels/secret`, {
      headers: { authorization: `Bearer ${zoe}` },
    });
    expect(refused.status).toBe(403);
    // Everything but the system's.
    const all = await mint({ subscribe: ["**"] }, { sub: "all" });
    for (const channel of ["$tidings/events", "$tidings/stats", "$tidings/top/connections/lag"]) {
      const headers = { authorization: `Bearer ${all}` };
      expect((await send(`${server.url}/channels/${channel}`, { headers })).status, channel).toBe(403);
    }
    const list = async (query: string): Promise<string> =>
      (await send(`${server.url}/admin/events${query}`, { headers: { authorization: `Bearer ${admin}` } }))
        .text;
    const { events } = JSON.parse(await list("?search=ZOE&code=FORBIDDEN")) as { events: object[] };
    expect(events).toMatchObject([
      {
        kind: "refused",
        code: "FORBIDDEN",
        method: "GET",
        route: "/channels/*",
        channel: "secret",
        address: "127.0.0.1",
        who: { kind: "token", subject: "zoe", id: "t1" },
        request: refused.headers["tidings-request"],
        message: expect.stringContaining("secret") as string,
      },
    ]);
    expect(await list("")).not.toContain(zoe);
    expect(JSON.parse(await list("?kind=started"))).toMatchObject({ count: 1 });
    expect(JSON.parse(await list("?since=2999-01-01T00:00Z"))).toMatchObject({ count: 0 });
  });

  test("say why a connection has ended: by its client, by an operator; and of a reader that messages are missing", async () => {
    await using server = await openServer({
      policies: [{ pattern: "short", retention: { maxMessages: 2 } }],
    });
    const { tidings, url } = server;
    const first = await tidings.publish("short", 0);
    for (let at = 1; at < 5; at++) await tidings.publish("short", at);
    const reader = await RawClient.open(server.port);
    reader.send(getRequest(`/channels/short?since=${first.cursor}`, { Accept: "application/x-ndjson" }));
    await reader.until('"caught-up"');
    const away = await RawClient.open(server.port);
    away.send(getRequest("/channels/short", { Accept: "text/event-stream" }));
    await away.until("caught-up");
    const { connections } = (await json(`${url}/admin/connections?sort=age`)) as {
      connections: { connection: string }[];
    };
    const [ndjson, sse] = connections.map(({ connection }) => connection);
    const sent = await send(`${url}/admin/connections/${sse}?reason=too%20loud`, { method: "DELETE" });
    expect(sent.status).toBe(204);
    expect(await away.closed()).toContain("event: tidings.draining");
    await reader[Symbol.asyncDispose]();
    for (const reason of ["operator", "client-closed"])
      await untilData<{ reason?: string }>(
        tidings,
        "$tidings/events",
        (data) => data.reason === reason,
        "earliest",
      );
    const { events } = (await asked(url, "/admin/events", "AdminEvents")) as {
      events: Record<string, unknown>[];
    };
    const of = (connection: string | undefined, kind: string): Record<string, unknown> | undefined =>
      events.find((event) => event["connection"] === connection && event["kind"] === kind);
    expect(of(sse, "disconnected")).toMatchObject({
      reason: "operator",
      message: "too loud",
      transport: "sse",
    });
    expect(of(ndjson, "disconnected")).toMatchObject({ reason: "client-closed" });
    expect(of(ndjson, "gap")).toMatchObject({
      channel: "short",
      reason: "expired",
      missed: 2,
      who: { kind: "open" },
    });
  });

  test("say that a poll was told of a gap, that a connection broke, and that one was sent away by a drain", async () => {
    await using server = await openServer({
      policies: [{ pattern: "short", retention: { maxMessages: 1 } }],
    });
    const { tidings, url } = server;
    const { cursor } = await tidings.publish("short", 0);
    for (let at = 1; at < 4; at++) await tidings.publish("short", at);
    await send(`${url}/channels/short?since=${cursor}`);
    const polled = await untilData<object>(
      tidings,
      "$tidings/events",
      (_, event) => event === "gap",
      "earliest",
    );
    expect(polled).toMatchObject({ transport: "poll", channel: "short", missed: 2, address: "127.0.0.1" });

    const broken = await RawClient.open(server.port);
    broken.send(getRequest("/channels/short", { Accept: "text/event-stream" }));
    await broken.until("caught-up");
    broken.socket.resetAndDestroy();
    const lost = await untilData<{ reason?: string }>(
      tidings,
      "$tidings/events",
      (_, event) => event === "disconnected",
      "earliest",
    );
    expect(lost.reason).toBe("lost");

    await using drained = await RawClient.open(server.port);
    drained.send(getRequest("/channels/short", { Accept: "application/x-ndjson" }));
    await drained.until('"caught-up"');
    await tidings.drain();
    await untilData<object>(tidings, "$tidings/events", (_, event) => event === "draining", "earliest");
    await untilData<{ reason?: string }>(
      tidings,
      "$tidings/events",
      ({ reason }) => reason === "drained",
      "earliest",
    );
  });

  test("say that a WebSocket did not answer its ping", async () => {
    await using server = await openServer({ limits: { pingMs: 50, pongTimeoutMs: 50 } });
    await using _silent = await openSocket(server.port);
    const { reason } = await untilData<{ reason: string }>(
      server.tidings,
      "$tidings/events",
      (_, event) => event === "disconnected",
      "earliest",
    );
    expect(reason).toBe("silent");
  });

  test("say that a WebSocket was closed since its credential was revoked", async () => {
    await using server = await openServer({ auth: { jwt: [HS256] } });
    const token = await mint({ subscribe: ["**"] }, { sub: "bob" });
    const socket = await openSocket(server.port, { Authorization: `Bearer ${token}` });
    await server.tidings.revoke({ subject: "bob" });
    await socket.until("revoked");
    await socket[Symbol.asyncDispose]();
    const { message } = await untilData<{ reason: string; message: string }>(
      server.tidings,
      "$tidings/events",
      (data) => data.reason === "UNAUTHENTICATED",
      "earliest",
    );
    expect(message).toContain("revoked");
  });
});

async function openSocket(port: number, headers: Readonly<Record<string, string>> = {}): Promise<RawClient> {
  const client = await RawClient.open(port);
  client.send(
    getRequest("/connect?channel=a", {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...headers,
    }),
  );
  await client.until("101 Switching Protocols");
  return client;
}

test("the configuration is told with where it comes from, and without secrets", async () => {
  await using server = await openServer({
    auth: { jwt: [{ algorithm: "HS256", secret: `${HS256.secret} and more` }] },
    limits: { maxChannels: Number.POSITIVE_INFINITY },
  });
  const admin = await mint(
    { admin: ["**"] },
    {},
    { key: new TextEncoder().encode(`${HS256.secret} and more`) },
  );
  const { text } = await send(`${server.url}/admin/config`, {
    headers: { authorization: `Bearer ${admin}` },
  });
  expect(text).not.toContain("thirty-two");
  const { config } = JSON.parse(text) as { config: { name: string }[] };
  const of = (name: string): object | undefined => config.find((each) => each.name === name);
  expect(of("limits.maxChannels")).toEqual({
    name: "limits.maxChannels",
    value: "Infinity",
    source: "option",
  });
  expect(of("auth.jwt")).toMatchObject({ value: [{ algorithm: "HS256", secret: "…" }], source: "option" });
  expect(of("compression")).toEqual({ name: "compression", value: "http", source: "default" });
});
