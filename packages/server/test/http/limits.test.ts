import { once } from "node:events";
import { Grants } from "@tidings/core";
import { DEFAULT_LIMITS } from "@tidings/protocol";
import { publish, publishBatch, send } from "@tidings/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Access } from "../../src/auth/index.ts";
import { Senders } from "../../src/http/senders.ts";
import { Tally } from "../../src/http/tally.ts";
import { HS256, mint } from "../auth/support.ts";
import { untilHeld } from "../support/held.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { getRequest, RawClient } from "../support/raw-client.ts";
import { frame, handshake, OPCODE, RawWebSocket } from "../support/raw-web-socket.ts";
import type { TidingsOptions } from "../../src/create/options.ts";

/** Rates at which nothing comes back during a test. */
const SLOW = 1;
const ALL = { subscribe: ["**"], publish: ["**"], presence: ["**"] };
const ADMIN = { admin: ["**"] };

const opened: AsyncDisposable[] = [];
let authorization: (grants: unknown, sub?: string) => Promise<Record<string, string>>;
beforeEach(() => {
  authorization = async (grants, sub) => ({
    authorization: `Bearer ${await mint(grants, sub === undefined ? {} : { sub })}`,
  });
});
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
});

/** One that asks who comes in. */
async function openAsking(options: TidingsOptions): Promise<TestServer> {
  const server = await openServer({ auth: { jwt: [HS256] }, ...options });
  opened.push(server);
  return server;
}

async function openOpen(options: TidingsOptions): Promise<TestServer> {
  const server = await openServer(options);
  opened.push(server);
  return server;
}

/** A request that is held until the test is over. */
async function stream(
  server: TestServer,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawClient> {
  const client = await RawClient.open(server.port);
  opened.push(client);
  client.send(getRequest(path, { Accept: "application/x-ndjson", ...headers }));
  return client;
}

async function refused(server: TestServer, code: string): Promise<number> {
  const { text } = await send(`${server.url}/metrics`, { headers: await authorization(ADMIN) });
  const found = new RegExp(`^tidings_refused_total\\{code="${code}"\\} ([0-9]+)$`, "m").exec(text)?.[1];
  return Number(found);
}

/** What a WebSocket handshake is answered with. */
async function upgrade(server: TestServer, headers: Readonly<Record<string, string>>): Promise<string> {
  await using client = await RawClient.open(server.port);
  client.send(handshake("/channels/a", headers));
  // Waited for here: what is returned unwaited would find the connection closed.
  const head = await client.until("\r\n\r\n");
  return head;
}

interface Answer {
  readonly type: string;
  readonly code?: string;
  readonly id?: string;
}

/** A WebSocket that sends frames and waits for what comes. */
class Client {
  readonly socket: WebSocket;
  readonly closed: Promise<readonly [code: number, reason: Buffer]>;
  readonly #answers: Answer[] = [];
  readonly #waiting = new Set<() => void>();

  constructor(server: TestServer, headers: Readonly<Record<string, string>>) {
    this.socket = new WebSocket(`${server.url.replace("http", "ws")}/connect`, ["tidings.v1"], { headers });
    this.closed = once(this.socket, "close") as Promise<[number, Buffer]>;
    this.socket.on("message", (data: Buffer) => {
      this.#answers.push(JSON.parse(data.toString()) as Answer);
      for (const look of this.#waiting) look();
      this.#waiting.clear();
    });
    opened.push({ [Symbol.asyncDispose]: async () => this.socket.terminate() });
  }

  static async open(server: TestServer, headers: Readonly<Record<string, string>> = {}): Promise<Client> {
    const client = new Client(server, headers);
    await once(client.socket, "open");
    return client;
  }

  async ask(message: Readonly<Record<string, unknown>>): Promise<Answer> {
    this.socket.send(JSON.stringify(message));
    for (;;) {
      const found = this.#answers.find(({ id }) => id === message["id"]);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }
}

const publishing = (id: string, channel = "a", data: unknown = 1) => ({ type: "publish", id, channel, data });

describe("connections of one address", () => {
  const limits = { maxConnectionsPerAddress: 2 };
  const trustedProxies = ["127.0.0.1"];

  test("are counted by the address that a trusted proxy tells, on every transport together", async () => {
    const server = await openOpen({ limits, trustedProxies });
    const ann = { "x-forwarded-for": "198.51.100.1" };
    const first = await stream(server, "/channels/a", ann);
    await first.until("caught-up");
    await stream(server, "/channels/a?wait=60", { ...ann, Accept: "application/json" });
    await untilHeld(server.url, 2);
    for (const accept of ["text/event-stream", "application/x-ndjson"]) {
      const answer = await send(`${server.url}/channels/a`, { headers: { accept, ...ann } });
      expect([answer.status, answer.json()]).toMatchObject([
        503,
        { code: "TOO_MANY_CONNECTIONS", retryable: true },
      ]);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    }
    const poll = await send(`${server.url}/channels/a?wait=1`, { headers: ann });
    expect(poll.status).toBe(503);
    expect(await upgrade(server, ann)).toMatch(/^HTTP\/1\.1 503 [^]*Retry-After: [123]/);
    // A short request holds nothing, and other addresses are others.
    expect((await send(`${server.url}/channels/a`, { headers: ann })).status).toBe(200);
    const bob = await stream(server, "/channels/a", { "x-forwarded-for": "6.6.6.6, 198.51.100.2" });
    await bob.until("caught-up");
    expect(await refused(server, "TOO_MANY_CONNECTIONS")).toBe(4);
    // One that goes makes room.
    await first[Symbol.asyncDispose]();
    await untilHeld(server.url, 2);
    await (await stream(server, "/channels/a", ann)).until("caught-up");
  });

  test("are those of its network of 64 bits, where it is of IPv6", async () => {
    const server = await openOpen({ limits, trustedProxies });
    for (const at of [1, 2])
      await (
        await stream(server, "/channels/a", { "x-forwarded-for": `2001:db8::${at}` })
      ).until("caught-up");
    const third = await stream(server, "/channels/a", { "x-forwarded-for": "2001:db8::3" });
    expect(await third.until("\r\n\r\n")).toMatch(/^HTTP\/1\.1 503 /);
    await (await stream(server, "/channels/a", { "x-forwarded-for": "2001:db8:0:1::3" })).until("caught-up");
  });

  test("beyond the limit are told so whatever they ask and closed, but for health and administration", async () => {
    const server = await openAsking({ limits });
    const admin = await authorization(ADMIN);
    const bearer = await authorization(ALL);
    for (let each = 0; each < 2; each++)
      await (await stream(server, "/channels/a", bearer)).until("caught-up");
    for (const path of ["/healthz", "/readyz", "/", "/openapi.json"])
      expect((await once503(server, path)).status, path).toBe(200);
    for (const path of ["/metrics", "/revocations"]) {
      expect((await once503(server, path, admin)).status, path).toBe(200);
      expect((await once503(server, path, bearer)).status, path).toBe(403);
    }
    for (const path of ["/channels/a", "/channels", "/presence/a", "/channels/a?wait=1"])
      expect(await once503(server, path, bearer), path).toEqual({ status: 503, closes: true });
    expect(await upgrade(server, bearer)).toMatch(/^HTTP\/1\.1 503 /);
  });

  test("that say nothing beyond the limit go when others come", async () => {
    const server = await openOpen({ limits });
    const silent = await Promise.all(Array.from({ length: 40 }, () => RawClient.open(server.port)));
    opened.push(...silent);
    // Two have room, 32 wait, and the six that waited longest went.
    await Promise.all(silent.slice(2, 8).map(async (each) => each.closed()));
    expect(silent.filter(({ socket }) => socket.destroyed)).toHaveLength(6);
    expect((await once503(server, "/healthz")).status).toBe(200);
  });
});

/** On a connection of its own: the status, and whether the server closes it. */
async function once503(
  server: TestServer,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly closes: boolean }> {
  await using client = await RawClient.open(server.port);
  client.send(getRequest(path, headers));
  const answer = await client.closed();
  return {
    status: Number(/^HTTP\/1\.1 ([0-9]+)/.exec(answer)?.[1]),
    closes: /\r\nConnection: close\r\n/i.test(answer),
  };
}

describe("connections of one subject", () => {
  const limits = { maxConnectionsPerSubject: 2 };

  test("are counted whatever address they come from; other subjects, and keys of backends, are not theirs", async () => {
    const server = await openAsking({ limits, trustedProxies: ["127.0.0.1"] });
    const ann = await authorization(ALL, "ann");
    for (let at = 1; at <= 2; at++)
      await (
        await stream(server, "/channels/a", { ...ann, "x-forwarded-for": `198.51.100.${at}` })
      ).until("caught-up");
    const third = await stream(server, "/channels/a", { ...ann, "x-forwarded-for": "198.51.100.3" });
    expect(await third.until('"TOO_MANY_CONNECTIONS"')).toMatch(/^HTTP\/1\.1 503 /);
    await (await stream(server, "/channels/a", await authorization(ALL, "bob"))).until("caught-up");
    for (let each = 0; each < 4; each++)
      await (await stream(server, "/channels/a", await authorization(ALL))).until("caught-up");
    expect(await refused(server, "TOO_MANY_CONNECTIONS")).toBe(1);
  });

  test("count a WebSocket that shows its token in the first frame, from then on", async () => {
    const server = await openAsking({ limits });
    const token = (await authorization(ALL, "ann"))["authorization"]?.slice("Bearer ".length);
    const clients = [await Client.open(server), await Client.open(server), await Client.open(server)];
    for (const client of clients.slice(0, 2))
      expect(await client.ask({ type: "token", id: "t", token })).toMatchObject({ type: "ok" });
    expect(await clients[2]?.ask({ type: "token", id: "t", token })).toMatchObject({
      type: "error",
      code: "TOO_MANY_CONNECTIONS",
    });
    expect((await clients[2]?.closed)?.[0]).toBe(4503);
    clients[0]?.socket.close();
    await clients[0]?.closed;
    const next = await Client.open(server);
    expect(await next.ask({ type: "token", id: "t", token })).toMatchObject({ type: "ok" });
  });
});

test("nothing is kept of who has no connection", () => {
  const tally = new Tally();
  for (let each = 0; each < 1_000; each++) tally.add(String(each % 10));
  expect([tally.size, tally.of("3"), tally.of("x")]).toEqual([10, 100, 0]);
  for (let each = 0; each < 1_000; each++) tally.delete(String(each % 10));
  tally.delete("x");
  expect([tally.size, tally.of("3")]).toEqual([0, 0]);
});

test("streams and WebSockets that one address opens are so many a second; short requests are not counted", async () => {
  const server = await openOpen({ limits: { maxConnectsPerSecond: SLOW }, trustedProxies: ["127.0.0.1"] });
  const ann = { "x-forwarded-for": "198.51.100.1" };
  await (await stream(server, "/channels/a", ann)).until("caught-up");
  await Client.open(server, ann);
  const over = await stream(server, "/channels/a", ann);
  expect(await over.until("maxConnectsPerSecond")).toMatch(
    /^HTTP\/1\.1 429 [^]*Retry-After: 1\r\n[^]*RATE_LIMITED/,
  );
  expect(await upgrade(server, ann)).toMatch(/^HTTP\/1\.1 429 [^]*Retry-After: 1\r\n/);
  for (let each = 0; each < 10; each++)
    expect((await send(`${server.url}/channels/a`, { headers: ann })).status).toBe(200);
  await (await stream(server, "/channels/a", { "x-forwarded-for": "198.51.100.2" })).until("caught-up");
  expect(await refused(server, "RATE_LIMITED")).toBe(2);
});

describe("publishing", () => {
  const limits = { maxPublishesPerSecond: 2 };

  test("over HTTP a subject has so many messages a second, from wherever it sends, a batch counts its own", async () => {
    const server = await openAsking({ limits });
    const ann = await authorization(ALL, "ann");
    const post = async (headers: Record<string, string>, body: string, type = "application/json") =>
      send(`${server.url}/channels/a`, {
        method: "POST",
        headers: { "content-type": type, ...headers },
        body,
      });
    expect((await post(ann, '{"data":1}\n{"data":2}\n{"data":3}\n', "application/x-ndjson")).status).toBe(
      201,
    );
    expect((await post(ann, "1")).status).toBe(201);
    const over = await post(ann, "1");
    expect([over.status, over.json()]).toMatchObject([429, { code: "RATE_LIMITED", retryable: true }]);
    expect((over.json() as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(0);
    expect(over.headers["retry-after"]).toBe("1");
    expect((await post(await authorization(ALL, "bob"), "1")).status).toBe(201);
    expect(await refused(server, "RATE_LIMITED")).toBe(1);
  });

  test("those without a subject are counted by address", async () => {
    const server = await openAsking({
      limits: { maxPublishesPerSecond: SLOW },
      trustedProxies: ["127.0.0.1"],
      auth: { jwt: [HS256], anonymous: { publish: ["**"] } },
    });
    const post = async (address: string) =>
      (
        await send(`${server.url}/channels/a`, {
          method: "POST",
          headers: { "content-type": "application/json", "x-forwarded-for": address },
          body: "1",
        })
      ).status;
    expect([await post("198.51.100.1"), await post("198.51.100.1"), await post("198.51.100.1")]).toEqual([
      201, 201, 429,
    ]);
    expect(await post("198.51.100.2")).toBe(201);
  });

  test("on a WebSocket what is over is told with the frame's id, and the connection goes on", async () => {
    const server = await openAsking({ limits: { maxPublishesPerSecond: SLOW } });
    const client = await Client.open(server, await authorization(ALL));
    expect(await client.ask(publishing("1"))).toMatchObject({ type: "ok" });
    expect(await client.ask(publishing("2"))).toMatchObject({ type: "ok" });
    expect(await client.ask(publishing("3"))).toMatchObject({
      type: "error",
      code: "RATE_LIMITED",
      retryable: true,
    });
    expect(await client.ask({ type: "subscribe", id: "s", channel: "a" })).toMatchObject({ type: "ok" });
    // Another connection has its own.
    const other = await Client.open(server, await authorization(ALL));
    expect(await other.ask(publishing("1"))).toMatchObject({ type: "ok" });
  });

  test("a WebSocket that goes on all the same is closed with 4429", async () => {
    const server = await openAsking({ limits: { maxPublishesPerSecond: SLOW } });
    const client = await Client.open(server, await authorization(ALL));
    for (let each = 0; each < 3_000; each++) client.socket.send(JSON.stringify(publishing(String(each))));
    const [code, reason] = await client.closed;
    expect([code, reason.toString()]).toEqual([4429, expect.stringContaining("you publish too much")]);
    expect(await refused(server, "RATE_LIMITED")).toBeGreaterThan(1_000);
  });

  test("bytes have a rate of their own; what is stored counts, and a body is not taken in where nothing may be sent", async () => {
    const server = await openAsking({ limits: { maxPublishBytesPerSecond: 1_000, inlineBytes: 100 } });
    const bearer = await authorization(ALL, "ann");
    const first = await send(`${server.url}/channels/a`, {
      method: "POST",
      headers: { "content-type": "application/json", ...bearer },
      body: JSON.stringify("x".repeat(50_000)),
    });
    expect(first.status).toBe(201);
    const client = await RawClient.open(server.port);
    opened.push(client);
    client.send(
      `POST /channels/a HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n` +
        `Expect: 100-continue\r\nAuthorization: ${bearer["authorization"]}\r\n\r\n`,
    );
    expect(await client.until("maxPublishBytesPerSecond")).toMatch(
      /^HTTP\/1\.1 429 [^]*Retry-After: (?:4[5-9]|50)\r\n/,
    );
  });

  test("the library, and clients of a server that asks nobody, have no such rates", async () => {
    const server = await openOpen({
      limits: { maxPublishesPerSecond: SLOW, maxPublishBytesPerSecond: SLOW },
    });
    for (let each = 0; each < 5; each++) {
      expect((await publish(server.url, "a", '"x"')).status).toBe(201);
      await server.tidings.publish("a", "x");
    }
    const client = await Client.open(server);
    for (let each = 0; each < 5; each++)
      expect(await client.ask(publishing(String(each)))).toMatchObject({ type: "ok" });
  });
});

test.each([
  ["key", "backend", false],
  ["open", undefined, false],
  ["token", "ann", true],
  ["token", undefined, true],
  ["anonymous", undefined, true],
  ["anonymous", "named by the application", true],
] as const)("whoever shows %s, as %s, has rates of publishing: %s", (kind, subject, has) => {
  const senders = new Senders(DEFAULT_LIMITS, () => 0);
  const access: Access = { identity: { kind, subject, grants: Grants.ALL }, check: () => undefined };
  const first = senders.of(access, () => "198.51.100.1");
  expect(first.rates !== undefined).toBe(has);
  expect(senders.ofSocket(access, "name").rates !== undefined).toBe(has);
  // Who has a subject is the same one from everywhere.
  const isSame = has && subject !== undefined;
  expect(senders.of(access, () => "198.51.100.2") === first).toBe(isSame);
});

describe("creating channels", () => {
  test.each(["memory", "lmdb"] as const)(
    "the log %s holds so many, and takes messages to those it has",
    async (log) => {
      const server = await openOpen({ log, limits: { maxChannels: 3 } });
      expect((await publish(server.url, "a", "1")).status).toBe(201);
      const client = await Client.open(server);
      // The canary and the like are the server's own; what is counted is what the log holds.
      const created = [];
      for (let each = 0; each < 4; each++)
        created.push(await client.ask(publishing(String(each), `b/${each}`)));
      const isFull = created.filter(({ code }) => code === "LOG_FULL").length;
      expect(isFull).toBe(2);
      expect(await publish(server.url, "c", "1")).toMatchObject({ status: 507, code: "LOG_FULL" });
      expect((await publishBatch(server.url, "a", [{ data: 2 }])).status).toBe(201);
      // Nothing is kept of what is ephemeral, and the library is trusted.
      expect((await publish(server.url, "d", "1", { ephemeral: true })).status).toBe(202);
      await server.tidings.publish("e", 1);
      expect(await refused(server, "LOG_FULL")).toBe(3);
    },
  );

  test("many at once do not get past it", async () => {
    const server = await openOpen({ log: "lmdb", limits: { maxChannels: 5 } });
    const client = await Client.open(server);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => client.ask(publishing(String(at), `n/${at}`))),
    );
    expect(answers.filter(({ type }) => type === "ok")).toHaveLength(5);
  });

  test("a client makes so many a minute, and goes on in those that are there", async () => {
    const server = await openAsking({ limits: { maxChannelsPerMinute: 2 } });
    const client = await Client.open(server, await authorization(ALL));
    expect(await client.ask(publishing("1", "a"))).toMatchObject({ type: "ok" });
    expect(await client.ask(publishing("2", "b"))).toMatchObject({ type: "ok" });
    expect(await client.ask(publishing("3", "c"))).toMatchObject({ type: "error", code: "RATE_LIMITED" });
    expect(await client.ask(publishing("4", "b"))).toMatchObject({ type: "ok" });
    const post = await send(`${server.url}/channels/b`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(await authorization(ALL)) },
      body: "1",
    });
    expect(post.status).toBe(201);
  });
});

describe("what is refused is counted by its code", () => {
  test("on HTTP, on WebSockets, and what never becomes a request", async () => {
    const server = await openOpen({
      limits: {
        maxMessageBytes: 100,
        maxFrameBytes: 1_000,
        maxBatchMessages: 1,
        maxArtifactBytes: 0,
        maxChannelsPerConnection: 1,
      },
    });
    expect((await publish(server.url, "a", `"${"x".repeat(200)}"`)).status).toBe(413);
    const batch = {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: '{"data":1}\n{"data":2}',
    };
    expect((await send(`${server.url}/channels/a`, batch)).status).toBe(413);
    expect((await send(`${server.url}/channels/${"a".repeat(25_000)}`)).status).toBe(414);
    const large = await stream(server, "/", { "X-Large": "x".repeat(70_000) });
    expect(await large.closed()).toMatch(/^HTTP\/1\.1 431 /);
    const client = await Client.open(server);
    await client.ask({ type: "subscribe", id: "1", channel: "a" });
    expect(await client.ask({ type: "subscribe", id: "2", channel: "b" })).toMatchObject({
      code: "TOO_MANY_CHANNELS",
    });
    await using socket = await RawWebSocket.open(server.port, "/channels/a");
    socket.client.send(frame(OPCODE.text, "x".repeat(2_000)));
    await socket.client.closed();
    await using bad = await RawClient.open(server.port);
    bad.send(handshake("/channels/a", { "Sec-WebSocket-Version": "7" }));
    await bad.closed();
    for (const code of [
      "MESSAGE_TOO_LARGE",
      "BATCH_TOO_LARGE",
      "URL_TOO_LONG",
      "HEADERS_TOO_LARGE",
      "TOO_MANY_CHANNELS",
      "FRAME_TOO_LARGE",
      "UPGRADE_INVALID",
    ])
      expect(await refused(server, code), code).toBe(1);
  });
});

test("a connection on which nothing is asked any more is closed after its time", async () => {
  const server = await openOpen({ limits: { keepAliveMs: 50 } });
  await using client = await RawClient.open(server.port);
  client.send(getRequest("/healthz"));
  expect(await client.closed()).toMatch(/^HTTP\/1\.1 200 /);
});
