import { afterAll, beforeAll, expect, test } from "vitest";
import { objectsIn, Running, serve, type Served, tidings } from "./support/tidings.ts";

let served: Served;
beforeAll(async () => {
  served = await serve();
});
afterAll(async () => served[Symbol.asyncDispose]());

async function put(channel: string, member: string, state?: unknown): Promise<void> {
  const url = `${served.url}/presence/${channel}?member=${encodeURIComponent(member)}`;
  await fetch(url, { method: "PUT", ...(state === undefined ? {} : { body: JSON.stringify(state) }) });
}

test("presence lists the members by name, for people or as JSON", async () => {
  await put("list", "bob");
  await put("list", "ada", { at: "lobby" });
  const { code, stdout } = await tidings(["presence", "list"], { env: served.env });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'ada  {"at":"lobby"}\nbob\n' });
  const json = await tidings(["presence", "list", "--json"], { env: served.env });
  expect(objectsIn(json.stdout)).toMatchObject([
    { member: "ada", state: { at: "lobby" } },
    { member: "bob" },
  ]);
});

test("presence --watch goes on with who joins, changes and leaves", async () => {
  await put("watch", "ada", 1);
  await using watching = new Running(["presence", "watch", "--watch"], { env: served.env });
  await watching.until(({ stdout }) => /^\+ ada {2}1$/m.test(stdout));
  await put("watch", "bob");
  await watching.until(({ stdout }) => /^\+ bob$/m.test(stdout));
  await put("watch", "ada", 2);
  await watching.until(({ stdout }) => /^~ ada {2}2$/m.test(stdout));
  await fetch(`${served.url}/presence/watch?member=bob`, { method: "DELETE" });
  await watching.until(({ stdout }) => /^- bob$/m.test(stdout));
});

test("presence of what has none is refused", async () => {
  const { code, stderr } = await tidings(["presence", "$tidings/canary"], { env: served.env });
  expect(code).toBe(4);
  expect(stderr).toContain("CHANNEL_RESERVED");
});
