import { get } from "node:http";
import { send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { untilHeld } from "../support/held.ts";
import { openServer } from "../support/logs.ts";

async function put(url: string, query: string, body = ""): Promise<{ status: number; json: object }> {
  const answer = await send(`${url}/presence/room?${query}`, { method: "PUT", body });
  return { status: answer.status, json: answer.json() as object };
}

describe("PUT /presence/{channel}", () => {
  test("answers the member: 201 when it is new, 200 when it is renewed", async () => {
    await using server = await openServer();
    expect(await put(server.url, "member=ada", ' {"n": 12345678901234567890}\n')).toMatchObject({
      status: 201,
      json: { member: "ada" },
    });
    expect((await send(`${server.url}/presence/room`)).text).toContain('"state":{"n": 12345678901234567890}');
    const renewed = await put(server.url, "member=ada&ttl=0.5");
    expect(renewed.status).toBe(200);
    expect(renewed.json).not.toHaveProperty("state");
  });

  test("is over when its time is, unless it is put again", async () => {
    await using server = await openServer({ limits: { presenceFlushMs: 5 } });
    await put(server.url, "member=ada&ttl=0.05");
    const { headers } = await send(`${server.url}/presence/room`);
    const gone = await send(`${server.url}/presence/room?wait=30`, {
      headers: { "if-none-match": String(headers["etag"]) },
    });
    expect(gone.json()).toMatchObject({ count: 0, members: [] });
    expect(server.tidings.presence("room")).toEqual({ count: 0, members: [] });
  });

  test.each([
    ["no member", "", "", 400, "QUERY_INVALID"],
    ["an empty name", "member=", "", 400, "PRESENCE_INVALID"],
    ["a name with a line end", "member=a%0Ab", "", 400, "PRESENCE_INVALID"],
    ["a name that is too long", `member=${"x".repeat(129)}`, "", 400, "PRESENCE_INVALID"],
    ["a state that is no JSON", "member=a", "{", 400, "PRESENCE_INVALID"],
    ["a state that is too large", "member=a", `"${"x".repeat(1_024)}"`, 400, "PRESENCE_INVALID"],
    ["a state of megabytes", "member=a", `"${"x".repeat(3_000_000)}"`, 400, "PRESENCE_INVALID"],
    ["no time at all", "member=a&ttl=0", "", 400, "QUERY_INVALID"],
    ["a time above the limit", "member=a&ttl=86401", "", 400, "QUERY_INVALID"],
    ["a time that is none", "member=a&ttl=-1", "", 400, "QUERY_INVALID"],
    ["a parameter that is not known", "member=a&tll=1", "", 400, "QUERY_INVALID"],
  ])("with %s is refused", async (_, query, body, status, code) => {
    await using server = await openServer();
    expect(await put(server.url, query, body)).toMatchObject({ status, json: { code } });
    expect(server.tidings.presence("room").count).toBe(0);
  });

  test("is refused above the most members of a channel", async () => {
    await using server = await openServer({ limits: { maxPresenceMembers: 2 } });
    for (const member of ["a", "b"]) await put(server.url, `member=${member}`);
    expect(await put(server.url, "member=c")).toMatchObject({ status: 503, json: { code: "PRESENCE_FULL" } });
    expect((await put(server.url, "member=b")).status).toBe(200);
  });
});

describe("DELETE /presence/{channel}", () => {
  test("takes a member away that was put, and says of another one that it is not there", async () => {
    await using server = await openServer();
    await put(server.url, "member=ada");
    const remove = async (): Promise<number> =>
      (await send(`${server.url}/presence/room?member=ada`, { method: "DELETE" })).status;
    expect([await remove(), await remove()]).toEqual([204, 404]);
  });
});

describe("GET /presence/{channel}", () => {
  test("gives pages by name", async () => {
    await using server = await openServer();
    for (const member of ["c", "a", "b"]) await put(server.url, `member=${member}`);
    const first = await send(`${server.url}/presence/room?limit=2`);
    expect(first.json()).toMatchObject({ count: 3, members: [{ member: "a" }, { member: "b" }], next: "b" });
    const second = (await send(`${server.url}/presence/room?limit=2&after=b`)).json();
    expect(second).toMatchObject({ count: 3, members: [{ member: "c" }] });
    expect(second).not.toHaveProperty("next");
  });

  test("answers a HEAD at once, with the tag", async () => {
    await using server = await openServer();
    const { headers } = await send(`${server.url}/presence/room`);
    const head = await send(`${server.url}/presence/room?wait=30`, {
      method: "HEAD",
      headers: { "if-none-match": "other" },
    });
    expect([head.status, head.text, head.headers["etag"]]).toEqual([200, "", headers["etag"]]);
  });

  test("is refused where there is no presence", async () => {
    await using server = await openServer({ policies: [{ pattern: "closed", presence: false }] });
    const codes = await Promise.all(
      ["closed", "$tidings/canary", "a//b"].map(async (name) =>
        (await send(`${server.url}/presence/${name}`)).json(),
      ),
    );
    expect(codes).toMatchObject([
      { code: "PRESENCE_FORBIDDEN" },
      { code: "CHANNEL_RESERVED" },
      { code: "CHANNEL_NAME_INVALID" },
    ]);
  });

  test("with wait counts as a long poll, and is answered when its time is over or the server goes down", async () => {
    await using server = await openServer();
    const { headers } = await send(`${server.url}/presence/room`);
    const known = { "if-none-match": String(headers["etag"]) };
    expect((await send(`${server.url}/presence/room?wait=0.02`, { headers: known })).status).toBe(304);
    const held = send(`${server.url}/presence/room?wait=60`, { headers: known });
    await untilHeld(server.url, 1);
    await server.tidings.drain();
    expect((await held).status).toBe(304);
  });

  test("is let go when its client goes away", async () => {
    await using server = await openServer();
    const { headers } = await send(`${server.url}/presence/room`);
    const request = get(`${server.url}/presence/room?wait=60`, {
      headers: { "if-none-match": String(headers["etag"]) },
      agent: false,
    });
    request.on("error", () => undefined);
    await untilHeld(server.url, 1);
    request.destroy();
    await untilHeld(server.url, 0);
    await put(server.url, "member=ada");
    expect(server.tidings.presence("room").count).toBe(1);
  });
});
