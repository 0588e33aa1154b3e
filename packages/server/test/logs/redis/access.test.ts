import { hasRedis, RedisServer } from "@tidings/testing";
import { blocksOf, readDoc } from "@tidings/testing/docs";
import type { Offset, TidingsError } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { RedisLog } from "../../../src/logs/redis/index.ts";
import { Node, text, textsOf, WHOLE } from "./node.ts";
import { plainOptions } from "./opened.ts";

/** The rights that the documents name, as `ACL SETUSER` takes them. */
function documentedRights(): readonly string[] {
  const block = blocksOf(readDoc("docs/scaling.md")).find(({ tag }) => tag === "acl");
  return block?.text.trim().split(" ").slice(1) ?? [];
}

describe.runIf(hasRedis())("what a Redis lets in, and takes (redis-server is installed)", () => {
  test("a user with the rights that docs/scaling.md names can do all that a log does", async () => {
    await using server = await RedisServer.start();
    await server.command("ACL", "SETUSER", ...documentedRights());
    const url = `redis://tidings:secret@127.0.0.1:${server.port}`;
    await using a = await Node.open(plainOptions(url, "tidings:"));
    await a.log.follow("a");
    await a.log.append("a", [text("one"), text("two")], { idempotencyKey: "k" });
    await a.log.broadcast("a", [text("ephemeral")]);
    await a.until(({ heard }) => heard.length === 3);
    await a.log.sweep();
    expect(await textsOf(a.log)).toEqual(["one", "two"]);
    expect(await a.log.channels({ prefix: "", after: "", limit: 10 })).toHaveLength(1);
    await a.log.truncate("a");
    // Others' keys are not for it.
    const other = RedisLog.open({ ...plainOptions(url, "other:"), timeoutMs: 500 });
    await expect(other).rejects.toMatchObject({ code: "LOG_UNAVAILABLE" });
  });

  test("what a record has no room for is refused by itself, and the append beside it is taken", async () => {
    await using server = await RedisServer.start();
    await using node = await Node.open(plainOptions(server.url));
    const name = "x".repeat(65_535);
    await node.log.append("a", [text("one", { event: name, key: name, artifact: new Uint8Array(65_535) })]);
    const results = await Promise.allSettled([
      node.log.append("a", [text("two", { event: `${name}x` })]),
      node.log.append("a", [text("two", { key: `${name}x` })]),
      node.log.append("a", [text("two", { artifact: new Uint8Array(65_536) })]),
      node.log.append("", [text("two")]),
      node.log.append("a", [text("three")]),
    ]);
    expect(
      results.map((result) => (result.status === "rejected" ? (result.reason as TidingsError).code : "ok")),
    ).toEqual(["EVENT_NAME_INVALID", "KEY_INVALID", "MESSAGE_TOO_LARGE", "CHANNEL_NAME_INVALID", "ok"]);
    const { messages } = await node.log.read("a", 0 as Offset, WHOLE);
    expect(messages[0]).toMatchObject({ event: name, key: name });
    expect(messages[0]?.artifact).toHaveLength(65_535);
    expect(messages).toHaveLength(2);
  });

  test("a wrong password is told as such, without it", async () => {
    await using server = await RedisServer.start({ settings: { requirepass: "right" } });
    const options = plainOptions(`redis://:s3cret@127.0.0.1:${server.port}`);
    const opening = RedisLog.open({ ...options, timeoutMs: 500 });
    await expect(opening).rejects.toMatchObject({
      code: "LOG_UNAVAILABLE",
      message: expect.stringContaining("WRONGPASS") as string,
    });
    await expect(opening).rejects.not.toMatchObject({ message: expect.stringContaining("s3cret") as string });
  });

  test("a Redis whose memory is full refuses with LOG_FULL, and what is there can be read", async () => {
    await using server = await RedisServer.start();
    await using node = await Node.open(plainOptions(server.url));
    await node.log.append("a", [text("one")]);
    await server.command("CONFIG", "SET", "maxmemory", "1mb");
    const refused = node.log.append("a", [text("two")]);
    await expect(refused).rejects.toMatchObject({ code: "LOG_FULL" });
    const page = await node.log.read("a", 0 as Offset, WHOLE);
    expect(page).toMatchObject({ head: 1 });
    await server.command("CONFIG", "SET", "maxmemory", "0");
    expect(await node.log.append("a", [text("two")])).toMatchObject({ offset: 2 });
  });
});
