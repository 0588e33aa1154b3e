import { publish, send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { openServer } from "../support/logs.ts";

const json = { "content-type": "application/json" };
const post = (url: string, body: string, headers: Record<string, string> = json): ReturnType<typeof send> =>
  send(url, { method: "POST", headers, body });

describe("what holds for a publish, said in its URL", () => {
  test("idempotencyKey is as the header, and goes before it", async () => {
    await using server = await openServer();
    const url = `${server.url}/channels/a?idempotencyKey=k%201`;
    expect((await post(url, "1")).status).toBe(201);
    expect((await post(url, "1", { ...json, "idempotency-key": "other" })).json()).toMatchObject({
      duplicate: true,
    });
    expect((await post(`${server.url}/channels/a`, "1", { ...json, "idempotency-key": "k 1" })).status).toBe(
      200,
    );
    expect((await post(`${server.url}/channels/a?idempotencyKey=`, "1")).json()).toMatchObject({
      code: "KEY_INVALID",
    });
  });

  test("ifHead is as If-Match, without its quotes", async () => {
    await using server = await openServer();
    const { cursor } = await publish(server.url, "a", "1");
    expect((await post(`${server.url}/channels/a?ifHead=${cursor}`, "2")).status).toBe(201);
    expect((await post(`${server.url}/channels/a?ifHead=${cursor}`, "3")).json()).toMatchObject({
      code: "CONFLICT",
    });
    expect((await post(`${server.url}/channels/a?ifHead=7`, "3")).json()).toMatchObject({
      code: "QUERY_INVALID",
    });
  });

  test("deleted deletes its key, and has no payload", async () => {
    await using server = await openServer({ policies: [{ pattern: "**", compact: true }] });
    await post(`${server.url}/channels/a?key=k`, "1");
    expect((await post(`${server.url}/channels/a?key=k&deleted`, "1")).json()).toMatchObject({
      code: "BODY_INVALID",
    });
    expect((await post(`${server.url}/channels/a?key=k&deleted&artifact=x`, "")).json()).toMatchObject({
      code: "QUERY_INVALID",
    });
    expect((await post(`${server.url}/channels/a?deleted`, "")).json()).toMatchObject({
      code: "KEY_REQUIRED",
    });
    expect((await post(`${server.url}/channels/a?key=k&deleted&event=gone`, "", {})).json()).toMatchObject({
      offset: 2,
    });
    expect((await send(`${server.url}/channels/a`)).json()).toMatchObject({
      messages: [{ key: "k", event: "gone", deleted: true }],
    });
  });
});

test("the answer is one line where lines are wanted, and JSON for whoever wants neither", async () => {
  await using server = await openServer();
  const lines = { ...json, accept: "application/x-ndjson" };
  const url = `${server.url}/channels/a?idempotencyKey=k1`;
  const first = await post(url, "1", lines);
  expect(first.headers["content-type"]).toBe("application/x-ndjson");
  expect(first.text).toMatch(/^\{"type":"ok","cursor":"[a-z0-9]+\.1","offset":1\}\n$/);
  expect((await post(url, "1", lines)).text).toMatch(/"duplicate":true\}\n$/);
  const passed = await post(`${server.url}/channels/a?ephemeral`, "1", lines);
  expect([passed.status, passed.text]).toEqual([202, '{"type":"ok"}\n']);
  const other = await post(`${server.url}/channels/a`, "1", { ...json, accept: "text/html" });
  expect([other.status, other.headers["content-type"]]).toEqual([201, "application/json"]);
});
