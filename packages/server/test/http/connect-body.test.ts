import { once } from "node:events";
import { request } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { numbers, publish, publishNumbers, send } from "@tidings/testing";
import { describe, expect, test, vi } from "vitest";
import { held, untilHeld } from "../support/held.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { RawClient } from "../support/raw-client.ts";

const SSE = "text/event-stream";
const LINES = "application/x-ndjson";
const PAGE = "application/json";

type Frame = Readonly<Record<string, unknown>> & { readonly type: string; readonly channel?: string };

/** A `POST /connect` as it stands on the wire. */
function postRequest(body: string, accept: string, headers: Readonly<Record<string, string>> = {}): string {
  const all = {
    Host: "localhost",
    Accept: accept,
    "Content-Type": "application/json",
    "Content-Length": String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /connect HTTP/1.1\r\n${lines.join("")}\r\n${body}`;
}

/** Opens a stream, and takes its head. */
async function open(server: TestServer, body: object, accept: string): Promise<RawClient> {
  const client = await RawClient.open(server.port);
  client.send(postRequest(JSON.stringify(body), accept));
  const head = await client.until("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(head).toContain(`Content-Type: ${accept}`);
  return client;
}

/** The lines of an NDJSON stream up to and with the first that fits. */
async function framesUntil(
  client: RawClient,
  fits: (frame: Frame, frames: readonly Frame[]) => boolean,
): Promise<readonly Frame[]> {
  const frames: Frame[] = [];
  for (;;) {
    const frame = JSON.parse(await client.until("\n")) as Frame;
    frames.push(frame);
    if (fits(frame, frames)) return frames;
  }
}

const caughtUpOn =
  (count: number) =>
  (_: Frame, frames: readonly Frame[]): boolean =>
    frames.filter(({ type }) => type === "caught-up").length === count;

async function post(
  server: TestServer,
  body: string | object,
  { accept = PAGE, query = "", headers = {} }: { accept?: string; query?: string; headers?: object } = {},
): ReturnType<typeof send> {
  return send(`${server.url}/connect${query}`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { accept, "content-type": "application/json", ...headers },
  });
}

/** So many channels to read. */
function named(count: number): readonly { readonly channel: string }[] {
  return Array.from({ length: count }, (_, index) => ({ channel: `many/${index}` }));
}

/** How often it was told that there are too many channels. */
async function refused(server: TestServer): Promise<number> {
  const metrics = (await send(`${server.url}/metrics`)).text;
  return Number(/^tidings_refused_total\{code="TOO_MANY_CHANNELS"\} (\d+)$/m.exec(metrics)?.[1]);
}

async function refusal(answer: ReturnType<typeof send>): Promise<object> {
  const refused = await answer;
  expect(refused.headers["content-type"]).toBe("application/problem+json");
  return { status: refused.status, ...(refused.json() as object) };
}

describe("POST /connect: a stream", () => {
  test.each([SSE, LINES])("as %s reads a thousand channels whose names no URL could hold", async (accept) => {
    await using server = await openServer();
    const channels = Array.from(
      { length: 1_000 },
      (_, index) => `${String(index).padStart(4, "0")}/${"n".repeat(195)}`,
    );
    await publish(server.url, channels[999] as string, '"before"');
    const subscribe = channels.map((channel) => ({ channel, since: "earliest" }));
    await using client = await open(server, { subscribe }, accept);
    const caughtUp = new Set<string>();
    let wasRead = false;
    while (caughtUp.size < 1_000) {
      const line = await client.until("\n");
      wasRead ||= line.includes('"data":"before"');
      const [, channel] = /"type":"caught-up","channel":"([^"]+)"/.exec(line) ?? [];
      if (channel !== undefined) caughtUp.add(channel);
    }
    expect(wasRead).toBe(true);
    await publish(server.url, channels[0] as string, '"after"');
    await client.until('"data":"after"');
  });

  test("as SSE has no ids: what comes is told by the objects, and the pause before a reconnect by retry", async () => {
    await using server = await openServer({ limits: { heartbeatMs: 50 } });
    await publishNumbers(server.url, "a", 1, 3);
    const { cursor } = await publish(server.url, "b", "1");
    const subscribe = [
      { channel: "a", since: "earliest" },
      { channel: "b", since: cursor },
      { channel: "c", since: "old.7" },
    ];
    await using client = await open(server, { subscribe }, SSE);
    const parts: string[] = [];
    while (parts.filter((part) => part.includes("caught-up")).length < 3)
      parts.push(await client.until("\n\n"));
    parts.push(await client.until(":\n\n"));
    await publish(server.url, "b", "2");
    parts.push(await client.until('"data":2}\n\n'));
    const text = parts.join("");
    expect(text).toMatch(/^event: tidings\.welcome\n/);
    expect(text).toContain("event: tidings.gap\n");
    expect(text).not.toMatch(/^id/m);
  });

  test("reads each channel as its own entry says", async () => {
    await using server = await openServer();
    for (const channel of ["all", "some", "last", "new"]) {
      for (const [index, event] of ["x", "y", "x", "y"].entries())
        await publish(server.url, channel, String(index + 1), { event });
    }
    const subscribe = [
      { channel: "all", since: "earliest" },
      { channel: "some", since: "earliest", events: ["y"] },
      { channel: "last", last: 1, presence: true },
      { channel: "new" },
    ];
    await using client = await open(server, { subscribe }, LINES);
    const frames = await framesUntil(client, caughtUpOn(4));
    const dataOf = (of: string): readonly unknown[] =>
      frames.filter(({ type, channel }) => type === "message" && channel === of).map(({ data }) => data);
    expect(dataOf("all")).toEqual([1, 2, 3, 4]);
    expect(dataOf("some")).toEqual([2, 4]);
    expect(dataOf("last")).toEqual([4]);
    expect(dataOf("new")).toEqual([]);
    expect(frames.filter(({ type }) => type === "presence").map(({ channel }) => channel)).toEqual(["last"]);
  });

  test("says nothing of a channel's start: a keyed one begins with its state, any other with what comes", async () => {
    await using server = await openServer({ policies: [{ pattern: "keyed", compact: true }] });
    await publish(server.url, "keyed", "1", { key: "k" });
    await publish(server.url, "plain", "1");
    await using client = await open(
      server,
      { subscribe: [{ channel: "keyed" }, { channel: "plain" }] },
      LINES,
    );
    const frames = await framesUntil(client, caughtUpOn(2));
    expect(frames.filter(({ type }) => type === "message").map(({ channel }) => channel)).toEqual(["keyed"]);
  });

  test("tells a channel that cannot be read by an error with its name, and reads the others", async () => {
    await using server = await openServer({
      policies: [{ pattern: "closed", presence: false }],
      limits: { maxFilterEvents: 1 },
    });
    const subscribe = [
      { channel: "no name" },
      { channel: "cursor", since: "nonsense" },
      { channel: "both", since: "latest", last: 1 },
      { channel: "events", events: ["x", "y"] },
      { channel: "event", events: ["tidings.gap"] },
      { channel: "closed", presence: true },
      { channel: "gone", since: "old.7", gap: "fail" },
      { channel: "good" },
    ];
    await using client = await open(server, { subscribe }, LINES);
    const frames = await framesUntil(
      client,
      (_, all) => all.filter(({ type }) => type === "error").length === 7,
    );
    const errors = frames.filter(({ type }) => type === "error");
    expect(Object.fromEntries(errors.map(({ channel, code }) => [channel, code]))).toEqual({
      "no name": "CHANNEL_NAME_INVALID",
      cursor: "CURSOR_INVALID",
      both: "QUERY_INVALID",
      events: "QUERY_INVALID",
      event: "EVENT_NAME_INVALID",
      closed: "PRESENCE_FORBIDDEN",
      gone: "CURSOR_GONE",
    });
    await publish(server.url, "good", "1");
    await client.until('"data":1');
  });

  test("of no channels stays open, and PATCH adds some, however long their names are together", async () => {
    await using server = await openServer({ limits: { maxPositionBytes: 100 } });
    await using client = await open(server, {}, SSE);
    const [, connection] = /"connection":"([^"]+)"/.exec(await client.until("}}\n\n")) ?? [];
    const subscribe = Array.from({ length: 20 }, (_, index) => ({ channel: `${"n".repeat(200)}/${index}` }));
    const patched = await send(`${server.url}/connections/${connection}`, {
      method: "PATCH",
      body: JSON.stringify({ subscribe }),
    });
    expect([patched.status, Object.keys((patched.json() as { channels: object }).channels).length]).toEqual([
      200, 20,
    ]);
    await publish(server.url, `${"n".repeat(200)}/19`, '"added"');
    await client.until('"data":"added"');
  });

  test("joins presence before it reads, and tells as whom", async () => {
    await using server = await openServer();
    const body = {
      join: [{ channel: "lobby", member: "ada", state: { typing: false } }, { channel: "kitchen" }],
      subscribe: [{ channel: "lobby", presence: true }],
    };
    await using client = await open(server, body, LINES);
    const [welcome, lobby, kitchen, ...rest] = await framesUntil(client, ({ type }) => type === "presence");
    expect(welcome).toMatchObject({ type: "welcome" });
    expect(lobby).toEqual({ type: "ok", channel: "lobby", member: "ada" });
    expect(kitchen).toEqual({ type: "ok", channel: "kitchen", member: expect.any(String) as string });
    expect(rest.at(-1)).toMatchObject({ count: 1, members: [{ member: "ada", state: { typing: false } }] });
  });

  test("passes a member's state on with the digits it has", async () => {
    await using server = await openServer();
    await using client = await RawClient.open(server.port);
    client.send(
      postRequest('{"join":[{"channel":"a","member":"m","state":[1.50,12345678901234567890]}]}', LINES),
    );
    await client.until('"member":"m"');
    expect((await send(`${server.url}/presence/a`)).text).toContain("[1.50,12345678901234567890]");
  });

  test("that cannot join everything is refused, and has joined nothing", async () => {
    await using server = await openServer({ policies: [{ pattern: "closed", presence: false }] });
    const join = [{ channel: "lobby", member: "ada" }, { channel: "closed" }];
    expect(await refusal(post(server, { join }, { accept: LINES }))).toMatchObject({
      status: 403,
      code: "PRESENCE_FORBIDDEN",
    });
    expect((await send(`${server.url}/presence/lobby`)).json()).toMatchObject({ count: 0 });
    expect(await held(server.url)).toBe(0);
  });
});

describe("POST /connect: a page", () => {
  test("has the messages and cursors of all channels, each read as its own entry says, and no ETag", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 3);
    await publish(server.url, "b", "4", { event: "x" });
    await publish(server.url, "b", "5", { event: "y" });
    const subscribe = [
      { channel: "a", last: 2 },
      { channel: "b", since: "earliest", events: ["y"] },
      { channel: "c", since: "old.7" },
      { channel: "d" },
    ];
    const answer = await post(server, { subscribe }, { headers: { "if-none-match": "*" } });
    const { messages, cursors, from, caughtUp, gaps } = answer.json() as {
      messages: { data: unknown }[];
      cursors: Record<string, string>;
      from: object;
      caughtUp: boolean;
      gaps: object[];
    };
    expect(messages.map(({ data }) => data)).toEqual([2, 3, 5]);
    expect(Object.keys(cursors)).toEqual(["a", "b", "c", "d"]);
    // As the `ok` of a stream tells it, of those whose start was no cursor.
    const [epoch] = (cursors["a"] ?? "").split(".");
    expect(from).toEqual({ a: `${epoch}.1`, b: `${epoch}.0`, d: `${epoch}.0` });
    expect(caughtUp).toBe(true);
    expect(gaps).toMatchObject([{ channel: "c", reason: "epoch", missed: null }]);
    expect(answer.headers).toMatchObject({ "cache-control": "no-store" });
    expect(answer.headers["etag"]).toBeUndefined();
  });

  test("is cut to the limit, and the next one goes on", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 5);
    const seen: string[] = [];
    let since = "earliest";
    for (let isDone = false; !isDone;) {
      const answer = await post(server, { subscribe: [{ channel: "a", since }] }, { query: "?limit=2" });
      const page = answer.json() as {
        messages: { data: unknown }[];
        cursors: { a: string };
        caughtUp: boolean;
      };
      expect(page.messages.length).toBeLessThanOrEqual(2);
      seen.push(...page.messages.map(({ data }) => String(data)));
      since = page.cursors.a;
      isDone = page.caughtUp;
    }
    expect(seen).toEqual(numbers(1, 5));
  });

  test.each([
    ["wait", "?wait=30", {}],
    ["Prefer", "", { prefer: "wait=30" }],
  ])("with %s is held until one of the channels has a message", async (_, query, headers) => {
    await using server = await openServer();
    const subscribe = [{ channel: "a" }, { channel: "b" }];
    const polled = post(server, { subscribe }, { query, headers });
    await untilHeld(server.url, 1);
    await publish(server.url, "b", "1");
    const answer = await polled;
    expect(answer.json()).toMatchObject({ messages: [{ channel: "b", data: 1 }] });
    expect(answer.headers["preference-applied"]).toBe(query === "" ? "wait=30" : undefined);
  });

  test("of no channels is empty, and held for its time where it waits", async () => {
    await using server = await openServer();
    const empty = { messages: [], cursors: {}, caughtUp: true };
    expect((await post(server, {})).json()).toEqual(empty);
    const polled = post(server, {}, { query: "?wait=30" });
    await untilHeld(server.url, 1);
    await server.tidings.drain();
    expect((await polled).json()).toEqual(empty);
  });

  test.each([
    ["a cursor that is none", { channel: "b", since: "nonsense" }, 400, "CURSOR_INVALID"],
    ["a gap that is not to be crossed", { channel: "b", since: "old.7", gap: "fail" }, 410, "CURSOR_GONE"],
  ])("with %s is refused as a whole, by a problem that names the channel", async (_, entry, status, code) => {
    await using server = await openServer();
    const problem = await refusal(post(server, { subscribe: [{ channel: "a" }, entry] }));
    expect(problem).toMatchObject({ status, code, channel: "b" });
  });

  test.each([
    ["presence", { subscribe: [{ channel: "a", presence: true }] }, "GET /presence/{channel}"],
    ["join", { join: [{ channel: "a" }] }, "PUT /presence/{channel}"],
  ])("with %s is refused, and told where that is", async (field, body, where) => {
    await using server = await openServer();
    const problem = await refusal(post(server, body));
    expect(problem).toMatchObject({
      status: 400,
      code: "QUERY_INVALID",
      field,
      detail: expect.stringContaining(where) as string,
    });
    expect((await send(`${server.url}/presence/a`)).json()).toMatchObject({ count: 0 });
  });
});

describe("POST /connect?wait: a stream that ends", () => {
  const lines = async (server: TestServer, body: object, query = "?wait=0"): Promise<readonly Frame[]> => {
    const { status, headers, text } = await post(server, body, { accept: LINES, query });
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "application/x-ndjson; charset=utf-8",
      "content-length": String(Buffer.byteLength(text)),
      "cache-control": "no-store",
    });
    return text.split("\n").flatMap((each) => (each === "" ? [] : [JSON.parse(each) as Frame]));
  };

  test("has the frames of a stream without its welcome, each channel's in their order", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 3);
    await publish(server.url, "b", "4", { event: "x" });
    await publish(server.url, "b", "5", { event: "y" });
    const subscribe = [
      { channel: "a", last: 2 },
      { channel: "b", since: "earliest", events: ["x"] },
      { channel: "c", since: "old.7" },
      { channel: "d" },
    ];
    const frames = await lines(server, { subscribe });
    const told = (channel: string): unknown =>
      frames
        .filter((frame) => frame.channel === channel)
        .map((frame) => [frame.type, String(frame["to"] ?? frame["cursor"]).split(".")[1]]);
    expect(frames.map(({ type }) => type)).not.toContain("welcome");
    expect(["a", "b", "c", "d"].map(told)).toEqual([
      [
        ["ok", "1"],
        ["message", "2"],
        ["message", "3"],
        ["caught-up", "3"],
      ],
      // What the filter holds back is passed over.
      [
        ["ok", "0"],
        ["message", "1"],
        ["caught-up", "2"],
      ],
      [
        ["ok", "7"],
        ["gap", "0"],
        ["caught-up", "0"],
      ],
      [
        ["ok", "0"],
        ["caught-up", "0"],
      ],
    ]);
  });

  test("is cut to the limit: the last ok says where the next one goes on", async () => {
    await using server = await openServer();
    await publishNumbers(server.url, "a", 1, 5);
    await publishNumbers(server.url, "b", 1, 5);
    const seen: string[] = [];
    const since: Record<string, unknown> = { a: "earliest", b: "earliest" };
    for (let isDone = false; !isDone;) {
      const subscribe = Object.entries(since).map(([channel, at]) => ({ channel, since: at }));
      const frames = await lines(server, { subscribe }, "?wait=30&limit=2");
      const messages = frames.filter(({ type }) => type === "message");
      expect(messages.length).toBeLessThanOrEqual(2);
      seen.push(...messages.map(({ channel, data }) => `${channel}${String(data)}`));
      for (const { type, channel = "", cursor } of frames)
        if (type === "ok" || type === "caught-up") since[channel] = cursor;
      isDone = frames.filter(({ type }) => type === "caught-up").length === 2;
      if (seen.length === 10) break;
    }
    expect(seen.filter((each) => each.startsWith("a"))).toEqual(numbers(1, 5).map((each) => `a${each}`));
    expect(seen.filter((each) => each.startsWith("b"))).toEqual(numbers(1, 5).map((each) => `b${each}`));
  });

  test("waits until there is a message on one of its channels, and counts as a connection meanwhile", async () => {
    await using server = await openServer();
    const polled = lines(server, { subscribe: [{ channel: "a" }, { channel: "b" }] }, "?wait=30");
    await untilHeld(server.url, 1);
    await publish(server.url, "b", "1");
    expect((await polled).filter(({ type }) => type === "message")).toMatchObject([
      { channel: "b", data: 1 },
    ]);
    await untilHeld(server.url, 0);
  });

  test("of no channels is empty, and waits until the server goes down", async () => {
    await using server = await openServer();
    expect(await lines(server, {})).toEqual([]);
    const polled = lines(server, {}, "?wait=30");
    await untilHeld(server.url, 1);
    await server.tidings.drain();
    expect(await polled).toEqual([]);
  });

  test.each([
    ["no name", "CHANNEL_NAME_INVALID", {}],
    ["closed", "PRESENCE_FORBIDDEN", { presence: true }],
    ["gone", "CURSOR_GONE", { since: "old.7", gap: "fail" }],
  ])("with a channel that cannot be read (%s) does not wait to tell so", async (channel, code, entry) => {
    await using server = await openServer({ policies: [{ pattern: "closed", presence: false }] });
    const subscribe = [{ channel: "a" }, { channel, ...entry }];
    const frames = await lines(server, { subscribe }, "?wait=30");
    expect(frames.filter(({ type }) => type === "error")).toMatchObject([{ channel, code }]);
    expect(await held(server.url)).toBe(0);
  });

  test("tells presence that the client has not, and waits while it has it", async () => {
    await using server = await openServer({ limits: { presenceFlushMs: 1 } });
    const put = async (state: string): Promise<unknown> =>
      send(`${server.url}/presence/a?member=ada`, { method: "PUT", body: state });
    const ask = async (presence: unknown, wait: number): Promise<Frame | undefined> => {
      const subscribe = [{ channel: "a", presence }, { channel: "b" }];
      const frames = await lines(server, { subscribe }, `?wait=${wait}`);
      return frames.find(({ type }) => type === "presence");
    };
    const nobody = await ask(true, 30);
    expect(nobody).toMatchObject({ channel: "a", count: 0, members: [] });
    expect(await ask(nobody?.["version"], 0)).toBeUndefined();
    const changed = ask(nobody?.["version"], 30);
    await untilHeld(server.url, 1);
    await put("1");
    const one = await changed;
    expect(one).toMatchObject({ count: 1, members: [{ member: "ada", state: 1 }] });
    expect(one?.["version"]).not.toBe(nobody?.["version"]);
    // As GET names it.
    expect((await send(`${server.url}/presence/a`)).headers["etag"]).toBe(`"${String(one?.["version"])}"`);
    expect(await ask("of another process", 30)).toEqual(one);
  });

  test("tells the count alone where there are more members than are listed, and of many channels a part", async () => {
    await using server = await openServer({ limits: { maxPresenceListed: 1, maxPageBytes: 1_024 } });
    const channels = Array.from({ length: 20 }, (_, index) => `c${index}`);
    for (const member of ["ada", "bob"])
      await send(`${server.url}/presence/c0?member=${member}`, { method: "PUT" });
    const known: Record<string, unknown> = {};
    const subscribe = (): object[] =>
      channels.map((channel) => ({ channel, presence: known[channel] ?? true }));
    const parts: number[] = [];
    while (Object.keys(known).length < channels.length) {
      const told = (await lines(server, { subscribe: subscribe() }, "?wait=30")).filter(
        ({ type }) => type === "presence",
      );
      if (parts.length === 0) expect(told[0]).toMatchObject({ channel: "c0", count: 2 });
      expect(told[0]).not.toHaveProperty(parts.length === 0 ? "members" : "joined");
      for (const { channel = "", version } of told) known[channel] = version;
      parts.push(told.length);
    }
    expect(parts.length).toBeGreaterThan(1);
  });

  test("joins nobody, and is no connection that could be changed", async () => {
    await using server = await openServer();
    const body = { join: [{ channel: "a" }] };
    expect(await refusal(post(server, body, { accept: LINES, query: "?wait=0" }))).toMatchObject({
      code: "QUERY_INVALID",
      field: "join",
    });
  });

  test("whose client goes away is given up", async () => {
    await using server = await openServer();
    const client = await RawClient.open(server.port);
    const ask = (presence: unknown): void => {
      const body = JSON.stringify({ subscribe: [{ channel: "a", presence }] });
      client.send(postRequest(body, LINES).replace("/connect", "/connect?wait=30"));
    };
    ask(true);
    await client.until('"version":"');
    ask((await client.until('"')).slice(0, -1));
    await untilHeld(server.url, 1);
    await client[Symbol.asyncDispose]();
    await untilHeld(server.url, 0);
  });

  test.each(["?wait=soon", "?wait=-1", "?wait=1&wait=2"])("with %s is refused", async (query) => {
    await using server = await openServer();
    expect(await refusal(post(server, {}, { accept: LINES, query }))).toMatchObject({
      code: "QUERY_INVALID",
      field: "wait",
    });
  });
});

describe("POST /connect: more channels than a connection may have", () => {
  const codesOf = (frames: readonly Frame[]): readonly unknown[] =>
    frames.flatMap(({ type, channel, code }) => (type === "error" ? [[channel, code]] : []));

  test.each([SSE, LINES])(
    "as %s it reads those that fit, and tells of each of the others",
    async (accept) => {
      await using server = await openServer({ limits: { maxChannelsPerConnection: 2 } });
      // One that has no name takes nobody's place.
      const subscribe = [
        { channel: "a" },
        { channel: "b//b" },
        { channel: "b" },
        { channel: "c" },
        { channel: "d" },
      ];
      await using client = await open(server, { subscribe }, accept);
      const told: string[] = [];
      while (told.filter((line) => line.includes('"caught-up"')).length < 2)
        told.push(await client.until("\n"));
      const frames = told
        .flatMap((line) => /\{.*\}/.exec(line) ?? [])
        .map((json) => JSON.parse(json) as Frame);
      expect(codesOf(frames)).toEqual([
        ["b//b", "CHANNEL_NAME_INVALID"],
        ["c", "TOO_MANY_CHANNELS"],
        ["d", "TOO_MANY_CHANNELS"],
      ]);
      expect(await refused(server)).toBe(2);
      await publish(server.url, "b", '"it is read"');
      await client.until('"data":"it is read"');
    },
  );

  test("lines that end tell the same, and are not held", async () => {
    await using server = await openServer({ limits: { maxChannelsPerConnection: 2 } });
    const answer = await post(server, { subscribe: named(4) }, { accept: LINES, query: "?wait=60" });
    const frames = answer.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Frame);
    expect(codesOf(frames)).toEqual([
      ["many/2", "TOO_MANY_CHANNELS"],
      ["many/3", "TOO_MANY_CHANNELS"],
    ]);
    expect(frames.flatMap(({ type, channel }) => (type === "caught-up" ? channel : []))).toEqual([
      "many/0",
      "many/1",
    ]);
  });

  test("a page is refused as a whole, and says from which channel on", async () => {
    await using server = await openServer({ limits: { maxChannelsPerConnection: 2 } });
    expect(await refusal(post(server, { subscribe: named(4) }))).toMatchObject({
      status: 400,
      code: "TOO_MANY_CHANNELS",
      channel: "many/2",
    });
  });

  test("as many as can be refused one by one are", async () => {
    await using server = await openServer({ limits: { maxChannelsPerConnection: 2 } });
    const answer = await post(server, { subscribe: named(10_000) }, { accept: LINES, query: "?wait=0" });
    expect(answer.status).toBe(200);
    expect(answer.text.match(/"TOO_MANY_CHANNELS"/g)).toHaveLength(9_998);
    await using client = await open(server, { subscribe: named(10_000) }, SSE);
    await client.until('"channel":"many/9999"');
  });

  test("a connection that may have more than that may be asked for as many", async () => {
    await using server = await openServer({ limits: { maxChannelsPerConnection: 10_001 } });
    const answer = await post(server, { subscribe: named(10_001) }, { accept: LINES, query: "?wait=0" });
    expect(answer.text.match(/"type":"ok"/g)?.length).toBeGreaterThan(0);
    expect(answer.text).not.toContain("TOO_MANY_CHANNELS");
  });
});

describe("POST /connect: what is refused", () => {
  const many = JSON.stringify({ subscribe: [{ channel: "a" }, { channel: "b" }, { channel: "c" }] });
  const tooMany = JSON.stringify({ subscribe: named(10_001) });
  test.each([
    ["nothing", "", 400, "BODY_INVALID"],
    ["broken JSON", "{", 400, "BODY_INVALID"],
    ["a list", "[]", 400, "BODY_INVALID"],
    ["null", "null", 400, "BODY_INVALID"],
    ["an unknown member", '{"subscribed":[]}', 400, "BODY_INVALID"],
    [
      "an unknown member of a channel",
      '{"subscribe":[{"channel":"a","sinse":"latest"}]}',
      400,
      "BODY_INVALID",
    ],
    ["members of PATCH alone", '{"unsubscribe":["a"]}', 400, "BODY_INVALID"],
    ["a channel that is a number", '{"subscribe":[{"channel":7}]}', 400, "BODY_INVALID"],
    ["no events at all", '{"subscribe":[{"channel":"a","events":[]}]}', 400, "BODY_INVALID"],
    ["a channel that is named twice", '{"subscribe":[{"channel":"a"},{"channel":"a"}]}', 400, "BODY_INVALID"],
    ["more channels than can be refused one by one", tooMany, 400, "TOO_MANY_CHANNELS"],
    ["too many to join", many.replace("subscribe", "join"), 400, "TOO_MANY_CHANNELS"],
    [
      "a state nested deeper than any parser goes",
      `{"join":[{"channel":"a","state":${"[".repeat(100_000)}${"]".repeat(100_000)}}]}`,
      400,
      "BODY_INVALID",
    ],
    [
      "half a million entries that are wrong",
      `{"subscribe":[{"channel":"a","events":[${"1,".repeat(500_000)}1]}]}`,
      400,
      "BODY_INVALID",
    ],
    ["more than a mebibyte", " ".repeat(1_048_577), 413, "BATCH_TOO_LARGE"],
  ])("a body with %s", async (_, body, status, code) => {
    await using server = await openServer({ limits: { maxChannelsPerConnection: 2 } });
    for (const accept of [SSE, LINES, PAGE]) {
      expect(await refusal(post(server, body, { accept }))).toMatchObject({ status, code, retryable: false });
    }
    expect(await held(server.url)).toBe(0);
  });

  test("says where in the body the fault is", async () => {
    await using server = await openServer();
    expect(
      await refusal(post(server, { subscribe: [{ channel: "a" }, { channel: "b", last: -1 }] })),
    ).toMatchObject({
      field: "subscribe.1.last",
    });
    expect(await refusal(post(server, { subscribe: [{ channel: "a" }, { channel: "a" }] }))).toMatchObject({
      field: "subscribe.1.channel",
      detail: 'channel "a" is named twice; name it once.',
    });
  });

  test("a body that is not UTF-8, or not said to be JSON", async () => {
    await using server = await openServer();
    const bytes = Buffer.from('{"subscribe":[{"channel":"a\xff"}]}', "latin1");
    const answer = send(`${server.url}/connect`, {
      method: "POST",
      body: bytes,
      headers: { "content-type": "application/json" },
    });
    expect(await refusal(answer)).toMatchObject({ status: 400, code: "BODY_INVALID" });
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
    ]) {
      expect(await refusal(post(server, {}, { headers: { "content-type": type } })), type).toMatchObject({
        status: 415,
        code: "CONTENT_TYPE_UNSUPPORTED",
      });
    }
    expect(
      (await post(server, {}, { headers: { "content-type": "application/json; charset=utf-8" } })).status,
    ).toBe(200);
  });

  test("a body of more than a mebibyte that does not say its length, before all of it has come", async () => {
    await using server = await openServer();
    const sent = request(`${server.url}/connect`, {
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json", "transfer-encoding": "chunked" },
    });
    sent.on("error", () => undefined);
    sent.write(Buffer.alloc(1_048_577, " "));
    const [response] = (await once(sent, "response")) as [{ statusCode: number }];
    expect(response.statusCode).toBe(413);
    sent.destroy();
  });

  test("options of all channels in the query, which belong to each in the body", async () => {
    await using server = await openServer();
    for (const query of ["?since=latest", "?channel=a", "?presence", "?envelope", "?wait=x", "?limit=0"]) {
      expect(await refusal(post(server, {}, { query })), query).toMatchObject({
        status: 400,
        code: "QUERY_INVALID",
      });
    }
  });

  test("other media types, and other methods", async () => {
    await using server = await openServer();
    expect(await refusal(post(server, {}, { accept: "text/html" }))).toMatchObject({ status: 406 });
    for (const method of ["PUT", "PATCH", "DELETE"]) {
      const answer = await send(`${server.url}/connect`, { method });
      expect([answer.status, answer.headers["allow"]]).toEqual([405, "GET, HEAD, POST, OPTIONS"]);
    }
    expect((await send(`${server.url}/connect`, { method: "HEAD" })).status).toBe(200);
  });

  test("a request with the Host or Origin of somebody else", async () => {
    await using server = await openServer();
    expect(await refusal(post(server, {}, { headers: { host: "elsewhere.example" } }))).toMatchObject({
      code: "HOST_FORBIDDEN",
    });
    // A simple request: browsers send it without asking before (Fetch, "CORS protocol").
    for (const type of ["application/json", "text/plain"]) {
      const headers = { origin: "https://attacker.example", "content-type": type };
      expect(await refusal(post(server, {}, { headers }))).toMatchObject({ code: "ORIGIN_FORBIDDEN" });
    }
  });
});

describe("POST /connect: the request", () => {
  const subscribe = [{ channel: "a" }];

  test.each([SSE, LINES])(
    "a client that goes away is noticed, as %s, though its body was large",
    async (accept) => {
      await using server = await openServer();
      const long = Array.from({ length: 900 }, (_, index) => ({
        channel: `${"n".repeat(240)}/${index}`,
        events: ["x".repeat(200)],
      }));
      for (const body of [{ subscribe }, {}, { subscribe: long }]) {
        const client = await open(server, body, accept);
        await client.until("welcome");
        expect(await held(server.url)).toBe(1);
        await client[Symbol.asyncDispose]();
        await untilHeld(server.url, 0);
      }
    },
  );

  test("a client that goes away from a long poll is noticed", async () => {
    await using server = await openServer();
    const client = await RawClient.open(server.port);
    client.send(postRequest(JSON.stringify({ subscribe }), PAGE, { Prefer: "wait=60" }));
    await untilHeld(server.url, 1);
    await client[Symbol.asyncDispose]();
    await untilHeld(server.url, 0);
  });

  test("the time for the body is over with the body: it does not end the stream", async () => {
    await using server = await openServer({
      limits: { requestTimeoutMs: 100, longPollMaxMs: 100, longPollDefaultMs: 100, heartbeatMs: 50 },
    });
    await using client = await RawClient.open(server.port);
    const body = JSON.stringify({ subscribe });
    const whole = postRequest(body, LINES);
    client.send(whole.slice(0, -3));
    // The rest comes later, and yet in time.
    setImmediate(() => client.send(whole.slice(-3)));
    await client.until("welcome");
    for (let beats = 0; beats < 10; beats++) await client.until("heartbeat");
    await publish(server.url, "a", "1");
    await client.until('"data":1');
  });

  test("a body that does not come whole in time is refused, and no stream begins", async () => {
    await using server = await openServer({ limits: { requestTimeoutMs: 100 } });
    await using client = await RawClient.open(server.port);
    client.send(postRequest(JSON.stringify({ subscribe }), SSE).slice(0, -3));
    expect(await client.closed()).toMatch(/^HTTP\/1\.1 408 [\s\S]*REQUEST_TIMEOUT/);
    expect(await held(server.url)).toBe(0);
  });

  test("a client that goes away in the middle of its body leaves nothing behind", async () => {
    await using server = await openServer();
    const client = await RawClient.open(server.port);
    client.send(postRequest(JSON.stringify({ subscribe }), SSE).slice(0, -3));
    await client[Symbol.asyncDispose]();
    await using next = await open(server, { subscribe }, SSE);
    await next.until("caught-up");
    expect(await held(server.url)).toBe(1);
  });

  test("a body is not kept for as long as the stream that answers it", async () => {
    await using server = await openServer();
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const body = JSON.stringify({ subscribe }).padEnd(1_000_000);
    const openOne = async (): Promise<RawClient> => {
      const client = await RawClient.open(server.port);
      client.send(postRequest(body, LINES));
      await client.until("caught-up");
      return client;
    };
    const clients = [await openOne()];
    collect();
    const before = process.memoryUsage().arrayBuffers;
    while (clients.length < 20) clients.push(await openOne());
    // What a collection finds may be freed by the next one only.
    await vi.waitFor(() => {
      collect();
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4_000_000);
    }, 10_000);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  test("many requests on one connection: a page leaves it open for the next", async () => {
    await using server = await openServer();
    await using client = await RawClient.open(server.port);
    for (let count = 0; count < 3; count++) {
      client.send(postRequest(JSON.stringify({ subscribe }), PAGE));
      expect(await client.until('"caughtUp":true}')).toMatch(/^HTTP\/1\.1 200 /);
    }
    client.send(postRequest(JSON.stringify({ subscribe }), LINES));
    await client.until("caught-up");
  });

  test("is drained as every other stream", async () => {
    await using server = await openServer();
    await using client = await open(server, { subscribe }, SSE);
    await client.until("caught-up");
    await server.tidings.drain();
    expect(await client.closed()).toMatch(/retry: [0-9]+\nevent: tidings\.draining\n/);
  });
});
