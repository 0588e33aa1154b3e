import { hasRedis, RedisServer, send } from "@tidings/testing";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HS256 } from "../auth/support.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import { bearer } from "../support/secured.ts";
import { untilNodes } from "./support.ts";

/** Some parts, and some bytes. */
const BYTES = randomBytes(300_001);
const SHA256 = createHash("sha256").update(BYTES).digest("hex");

interface Message {
  readonly artifact: { readonly url: string; readonly size: number; readonly sha256: string };
}

async function publishLarge(server: TestServer, channel: string): Promise<void> {
  const answer = await fetch(`${server.url}/channels/${channel}`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: BYTES,
  });
  expect(answer.status).toBe(201);
}

async function artifactOf(server: TestServer, channel: string): Promise<Message["artifact"]> {
  const { messages } = (await (await fetch(`${server.url}/channels/${channel}`)).json()) as {
    messages: readonly Message[];
  };
  return (messages.at(-1) as Message).artifact;
}

async function upload(url: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const answer = await fetch(`${url}/artifacts`, {
    method: "POST",
    headers: { ...headers, "content-type": "text/plain" },
    body: "abc",
  });
  return ((await answer.json()) as { id: string }).id;
}

describe.runIf(hasRedis())("artifacts on several nodes (redis-server is installed)", () => {
  test("what was stored on one is fetched from any, whole and by ranges, named by messages of any, and removed by any", async () => {
    await using redis = await RedisServer.start();
    await using a = await openServer({ log: redis.url });
    await using b = await openServer({ log: redis.url });
    await untilNodes(b, 2);
    await publishLarge(a, "room");
    const { url, size, sha256 } = await artifactOf(b, "room");
    expect([size, sha256]).toEqual([BYTES.length, SHA256]);
    const whole = await fetch(`${b.url}${url}`);
    expect(
      createHash("sha256")
        .update(Buffer.from(await whole.arrayBuffer()))
        .digest("hex"),
    ).toBe(SHA256);
    const range = await fetch(`${b.url}${url}`, { headers: { range: "bytes=70000-70009" } });
    expect([range.status, Buffer.from(await range.arrayBuffer())]).toEqual([
      206,
      BYTES.subarray(70_000, 70_010),
    ]);
    const same = { headers: { "if-none-match": String(whole.headers.get("etag")) } };
    expect((await fetch(`${b.url}${url}`, same)).status).toBe(304);
    // Uploaded to one, and named by a message that another one publishes: kept for as long as that.
    const id = await upload(a.url);
    await b.tidings.publish("files", undefined, { artifact: id });
    expect(await (await fetch(`${a.url}/artifacts/${id}`)).text()).toBe("abc");
    expect((await fetch(`${b.url}/artifacts/${id}`, { method: "DELETE" })).status).toBe(204);
    for (const server of [a, b]) expect((await fetch(`${server.url}/artifacts/${id}`)).status).toBe(404);
    await expect(b.tidings.publish("files", undefined, { artifact: id })).rejects.toMatchObject({
      code: "ARTIFACT_UNKNOWN",
      message: expect.stringContaining("on any node") as string,
    });
  });

  test("a folder is one node's alone: another one is told so, and what to do, until it is free", async () => {
    await using redis = await RedisServer.start();
    const folder = await mkdtemp(join(tmpdir(), "tidings-"));
    const options = { log: redis.url, data: folder };
    {
      await using _ = await openServer(options);
      await expect(openServer(options)).rejects.toMatchObject({
        code: "LOG_LOCKED",
        message: expect.stringContaining("a folder of its own (--data)") as string,
      });
    }
    // The first one has removed the folder of its test.
    await using again = await openServer(options);
    expect((await fetch(`${again.url}/readyz`)).status).toBe(200);
  });

  test("is for those who may read a message that names it, wherever that is asked", async () => {
    await using redis = await RedisServer.start();
    const auth = { jwt: [HS256] };
    await using a = await openServer({ log: redis.url, auth });
    await using b = await openServer({ log: redis.url, auth });
    const writer = await bearer({ publish: ["room"], subscribe: ["room"] });
    const id = await upload(a.url, writer);
    const named = await fetch(`${b.url}/channels/room?artifact=${id}`, { method: "POST", headers: writer });
    expect(named.status).toBe(201);
    const get = async (headers: Readonly<Record<string, string>>): Promise<number> =>
      (await send(`${b.url}/artifacts/${id}`, { headers })).status;
    expect(await get(writer)).toBe(200);
    expect(await get(await bearer({ subscribe: ["other"] }))).toBe(403);
    expect(await get({})).toBe(401);
    const remove = await send(`${b.url}/artifacts/${id}`, {
      method: "DELETE",
      headers: await bearer({ publish: ["other"] }),
    });
    expect(remove.status).toBe(403);
  });
});
