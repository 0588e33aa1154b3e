import { send } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openServer, type TestServer } from "../../support/logs.ts";
import { RawClient } from "../../support/raw-client.ts";
import { stillServes } from "../../support/still-serves.ts";

const JSON_TYPE = { "content-type": "application/json" };
const NDJSON_TYPE = { "content-type": "application/x-ndjson" };

interface Bad {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

let server: TestServer;
beforeAll(async () => {
  server = await openServer({
    limits: { maxMessageBytes: 1_000, maxArtifactBytes: 0, maxBatchBytes: 2_000, maxBatchMessages: 3 },
  });
});
afterAll(async () => server[Symbol.asyncDispose]());

/** Sends what is wrong, expects to be told what it is and what to do, and that the server goes on. */
async function expectProblem(
  { method = "POST", path = "/channels/a", headers = JSON_TYPE, body }: Bad,
  status: number,
  code: string,
): Promise<void> {
  const answer = await send(server.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  expect(answer.headers["content-type"]).toBe("application/problem+json");
  const problem = answer.json() as { detail: string };
  expect([answer.status, problem]).toEqual([
    status,
    expect.objectContaining({ status, code, title: expect.any(String) as string }),
  ]);
  expect(problem.detail.length).toBeGreaterThan(20);
  expect(problem.detail.length).toBeLessThan(600);
  await stillServes(server.url);
}

describe("a body that is wrong", () => {
  test.each<[string, Bad, number, string]>([
    ["broken JSON", { body: `{"a":` }, 400, "BODY_INVALID"],
    ["no JSON at all", { body: "" }, 400, "BODY_INVALID"],
    ["JSON with a byte order mark (RFC 8259 §8.1)", { body: "﻿{}" }, 400, "BODY_INVALID"],
    ["JSON that is not UTF-8", { body: Buffer.from([0x22, 0xff, 0x22]) }, 400, "BODY_INVALID"],
    ["JSON of 400 brackets too deep to end", { body: "[".repeat(400) }, 400, "BODY_INVALID"],
    [
      "text that is not UTF-8",
      { headers: { "content-type": "text/plain" }, body: Buffer.from([0xc3, 0x28]) },
      400,
      "BODY_INVALID",
    ],
    [
      "a form, as curl -d sends it",
      { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=1" },
      415,
      "CONTENT_TYPE_UNSUPPORTED",
    ],
    ["no content type", { headers: {}, body: "1" }, 415, "CONTENT_TYPE_UNSUPPORTED"],
    [
      "a content type that is none",
      { headers: { "content-type": "💥".slice(0, 0) + "nonsense" }, body: "1" },
      415,
      "CONTENT_TYPE_UNSUPPORTED",
    ],
    [
      "another charset",
      { headers: { "content-type": "text/plain; charset=utf-16" }, body: "1" },
      415,
      "CONTENT_TYPE_UNSUPPORTED",
    ],
    [
      "a compressed body",
      { headers: { ...JSON_TYPE, "content-encoding": "gzip" }, body: "1" },
      415,
      "CONTENT_TYPE_UNSUPPORTED",
    ],
    ["one byte more than a message may have", { body: `"${"x".repeat(999)}"` }, 413, "MESSAGE_TOO_LARGE"],
    ["a batch of no lines", { headers: NDJSON_TYPE, body: "\n\n" }, 400, "BODY_INVALID"],
    [
      "a batch with one line too many",
      { headers: NDJSON_TYPE, body: `{"data":1}\n`.repeat(4) },
      413,
      "BATCH_TOO_LARGE",
    ],
    [
      "a batch of one byte too many",
      { headers: NDJSON_TYPE, body: `{"data":"${"x".repeat(1_990)}"}` },
      413,
      "BATCH_TOO_LARGE",
    ],
    [
      "a batch with a message that is too large",
      { headers: NDJSON_TYPE, body: `{"data":"${"x".repeat(1_000)}"}` },
      413,
      "MESSAGE_TOO_LARGE",
    ],
    ["a line that is an array", { headers: NDJSON_TYPE, body: `[1]` }, 400, "BODY_INVALID"],
    [
      "a line with an unknown field",
      { headers: NDJSON_TYPE, body: `{"data":1,"cursor":"x.1"}` },
      400,
      "BODY_INVALID",
    ],
    ["a line without data", { headers: NDJSON_TYPE, body: `{"event":"x"}` }, 400, "BODY_INVALID"],
    [
      "a line whose event is a number",
      { headers: NDJSON_TYPE, body: `{"data":1,"event":1}` },
      400,
      "BODY_INVALID",
    ],
    [
      "a line with __proto__",
      { headers: NDJSON_TYPE, body: `{"data":1,"__proto__":{"event":"x"}}` },
      400,
      "BODY_INVALID",
    ],
    [
      "a line whose text is a number",
      { headers: NDJSON_TYPE, body: `{"data":1,"contentType":"text/plain"}` },
      400,
      "BODY_INVALID",
    ],
    [
      "a line whose bytes are not base64",
      { headers: NDJSON_TYPE, body: `{"data":"%","encoding":"base64"}` },
      400,
      "BODY_INVALID",
    ],
    [
      "a line with an event of two lines",
      { headers: NDJSON_TYPE, body: `{"data":1,"event":"a\\nb"}` },
      400,
      "EVENT_NAME_INVALID",
    ],
  ])("%s", async (_, bad, status, code) => expectProblem(bad, status, code));

  test("of exactly the limit is taken", async () => {
    const answer = await send(`${server.url}/channels/a`, {
      method: "POST",
      headers: JSON_TYPE,
      body: `"${"x".repeat(998)}"`,
    });
    expect(answer.status).toBe(201);
    const batch = await send(`${server.url}/channels/a`, {
      method: "POST",
      headers: NDJSON_TYPE,
      body: `{"data":1}\n`.repeat(3),
    });
    expect(batch.json()).toMatchObject({ count: 3 });
  });
});

describe("a query or header that is wrong", () => {
  test.each<[string, Bad, number, string]>([
    [
      "a parameter that is not known",
      { method: "GET", path: "/channels/a?sinse=latest" },
      400,
      "QUERY_INVALID",
    ],
    [
      "a parameter that stands twice",
      { method: "GET", path: "/channels/a?since=earliest&since=latest" },
      400,
      "QUERY_INVALID",
    ],
    ["since and last", { method: "GET", path: "/channels/a?since=earliest&last=1" }, 400, "QUERY_INVALID"],
    ["last that is no number", { method: "GET", path: "/channels/a?last=-1" }, 400, "QUERY_INVALID"],
    [
      "last beyond all numbers",
      { method: "GET", path: "/channels/a?last=99999999999999999999" },
      400,
      "QUERY_INVALID",
    ],
    ["gap that is none of the two", { method: "GET", path: "/channels/a?gap=maybe" }, 400, "QUERY_INVALID"],
    ["a cursor of nowhere", { method: "GET", path: "/channels/a?since=42" }, 400, "CURSOR_INVALID"],
    [
      "a cursor with a huge offset",
      { method: "GET", path: "/channels/a?since=abc.99999999999999999" },
      400,
      "CURSOR_INVALID",
    ],
    [
      "an event of the system's",
      { path: "/channels/a?event=tidings.gap", body: "1" },
      400,
      "EVENT_NAME_INVALID",
    ],
    ["an event with a line end", { path: "/channels/a?event=a%0Ab", body: "1" }, 400, "EVENT_NAME_INVALID"],
    ["an event with a NUL", { path: "/channels/a?event=a%00b", body: "1" }, 400, "EVENT_NAME_INVALID"],
    [
      "an event that is too long",
      { path: `/channels/a?event=${"é".repeat(128)}`, body: "1" },
      400,
      "EVENT_NAME_INVALID",
    ],
    ["a key that is empty", { path: "/channels/a?key=", body: "1" }, 400, "KEY_INVALID"],
    [
      "an idempotency key that is too long",
      { headers: { ...JSON_TYPE, "idempotency-key": "k".repeat(256) }, body: "1" },
      400,
      "KEY_INVALID",
    ],
    [
      "an If-Match without quotes",
      { headers: { ...JSON_TYPE, "if-match": "abc.1" }, body: "1" },
      400,
      "HEADER_INVALID",
    ],
    [
      "an If-Match with two",
      { headers: { ...JSON_TYPE, "if-match": `"abc.1", "abc.2"` }, body: "1" },
      400,
      "HEADER_INVALID",
    ],
    [
      "an ephemeral publish with a condition",
      { path: "/channels/a?ephemeral", headers: { ...JSON_TYPE, "if-match": `"abc.1"` }, body: "1" },
      400,
      "HEADER_INVALID",
    ],
    [
      "a media type that nobody offers",
      { method: "GET", headers: { accept: "image/png" } },
      406,
      "NOT_ACCEPTABLE",
    ],
    ["a method that the URL does not take", { method: "PUT", body: "1" }, 405, "METHOD_NOT_ALLOWED"],
    ["a path that is nothing", { method: "GET", path: "/channel/a" }, 404, "NOT_FOUND"],
    [
      "a connection that is not there",
      { method: "PATCH", path: "/connections/__proto__", body: "{}" },
      404,
      "CONNECTION_UNKNOWN",
    ],
    [
      "a URL of 25,000 characters",
      { method: "GET", path: `/channels/${"a".repeat(25_000)}` },
      414,
      "URL_TOO_LONG",
    ],
    ["a channel named twice", { method: "GET", path: "/connect?channel=a&channel=a" }, 400, "QUERY_INVALID"],
  ])("%s", async (_, bad, status, code) => expectProblem(bad, status, code));

  test("a method that is not taken is told which are (RFC 9110 §15.5.6)", async () => {
    const answer = await send(`${server.url}/channels/a`, { method: "PUT" });
    expect(answer.headers["allow"]).toBe("GET, HEAD, POST, DELETE, OPTIONS");
    expect((await send(`${server.url}/channels/a`, { method: "OPTIONS" })).headers["allow"]).toBe(
      "GET, HEAD, POST, DELETE, OPTIONS",
    );
  });

  test("what a Last-Event-ID makes up is refused, and not kept", async () => {
    for (const id of ["x", "a@b.1,c", "@x.1", "a@x.1,,", "a b@x.1"]) {
      await expectRefusal("/connect?channel=a", { accept: "text/event-stream", "last-event-id": id });
    }
  });

  async function expectRefusal(path: string, headers: Readonly<Record<string, string>>): Promise<void> {
    const answer = await send(server.url + path, { headers });
    expect(answer.status, JSON.stringify(headers)).toBe(400);
    await stillServes(server.url);
  }
});

describe("the name of a channel in a path", () => {
  test.each([
    "/channels/",
    "/channels//",
    "/channels/a//b",
    "/channels/a/",
    "/channels/a%20b",
    "/channels/a%00b",
    "/channels/%2e%2e",
    "/channels/a/../b",
    "/channels/a/%2e/b",
    "/channels/a%0d%0ab",
    "/channels/%c3%28",
    "/channels/%",
    "/channels/%zz",
    "/channels/a%5cb",
    "/channels/%e2%80%ae",
    `/channels/${"a".repeat(256)}`,
    "/channels/a;b",
    "/channels/a@b.1",
    "/channels/a,b",
    "/channels/a#b",
    "/channels/$a$",
  ])("%s is refused", async (path) => {
    await using client = await RawClient.open(server.port);
    client.send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    expect(await client.until("}")).toMatch(/^HTTP\/1\.1 400 [\s\S]*"CHANNEL_NAME_INVALID"/);
    await stillServes(server.url);
  });

  test.each([
    ["/channels/a%2Fb", "a/b"],
    ["/channels/a%2fb/%63", "a/b/c"],
    ["/channels/%7Eme.-_", "~me.-_"],
    [`/channels/${"a".repeat(255)}`, "a".repeat(255)],
  ])("%s is a name all the same, percent-encoded", async (path, channel) => {
    await send(server.url + path, { method: "POST", headers: JSON_TYPE, body: "1" });
    expect((await send(`${server.url}/channels/${channel}?last=1`)).json()).toMatchObject({
      messages: [{ channel }],
    });
  });
});
