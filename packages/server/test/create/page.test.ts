import { describe, expect, test } from "vitest";
import type { TidingsOptions } from "../../src/create/options.ts";
import { openServer } from "../support/logs.ts";

describe.each(["memory", "lmdb"] as const)("%s: reading a page from the server's own code", (log) => {
  const open = async (options: TidingsOptions = {}) => openServer({ log, ...options });

  test("an empty channel is an empty page at once, with a cursor to read on from", async () => {
    await using server = await open();
    const { tidings } = server;
    const empty = await tidings.read("a", { last: 1 });
    expect(empty).toMatchObject({ messages: [], caughtUp: true });
    await tidings.publish("a", { x: 1 }, { event: "log" });
    const page = await tidings.read("a", { since: empty.cursor });
    expect(page.messages).toMatchObject([{ event: "log", data: { x: 1 }, cursor: page.cursor }]);
  });

  test("pages of a limit follow each other up to the head; last begins with the newest", async () => {
    await using server = await open();
    const { tidings } = server;
    for (const each of ["one", Uint8Array.of(0, 255), { three: 3 }]) await tidings.publish("a", each);
    const first = await tidings.read("a", { limit: 2 });
    expect(first.messages.map(({ data }) => data)).toEqual(["one", Uint8Array.of(0, 255)]);
    expect(first.caughtUp).toBe(false);
    const rest = await tidings.read("a", { since: first.cursor, limit: 2 });
    expect(rest).toMatchObject({ messages: [{ data: { three: 3 } }], caughtUp: true });
    const newest = await tidings.read("a", { last: 1 });
    expect(newest.messages.map(({ data }) => data)).toEqual([{ three: 3 }]);
  });

  test("only the events that are asked for, and a gap where the log has dropped what came next", async () => {
    await using server = await open({ policies: [{ pattern: "short", retention: { maxMessages: 2 } }] });
    const { tidings } = server;
    const { cursor } = await tidings.read("short");
    for (const event of ["a", "b", "a", "b"]) await tidings.publish("short", event, { event });
    const page = await tidings.read("short", { since: cursor, events: ["b"] });
    expect(page.gap).toMatchObject({ type: "gap", reason: "expired", missed: 2 });
    expect(page.messages).toMatchObject([{ event: "b" }]);
    await expect(tidings.read("short", { since: cursor, gap: "fail" })).rejects.toMatchObject({
      code: "CURSOR_GONE",
    });
  });

  test("a truncated channel holds nothing, and goes on above where it was", async () => {
    await using server = await open();
    const { tidings } = server;
    await tidings.publish("a", 1);
    await tidings.truncate("a");
    expect(await tidings.read("a")).toMatchObject({ messages: [], caughtUp: true });
    await tidings.publish("a", 2);
    expect((await tidings.read("a", { last: 1 })).messages).toMatchObject([{ data: 2 }]);
    await expect(tidings.truncate("$system")).rejects.toMatchObject({ code: "CHANNEL_RESERVED" });
  });

  test("what cannot be read says why", async () => {
    await using server = await open();
    const { tidings } = server;
    await expect(tidings.read("a b")).rejects.toMatchObject({ code: "CHANNEL_NAME_INVALID" });
    await expect(tidings.read("a", { since: "x" })).rejects.toMatchObject({ code: "CURSOR_INVALID" });
    await expect(tidings.read("a", { since: "earliest", last: 1 })).rejects.toMatchObject({
      code: "QUERY_INVALID",
    });
    await expect(tidings.read("a", { limit: 0 })).rejects.toMatchObject({ code: "QUERY_INVALID" });
  });
});
