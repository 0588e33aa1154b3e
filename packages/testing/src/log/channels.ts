import { messageBytes, type Offset } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { LogHarness, text, texts } from "./log-harness.ts";
import type { OpenLog } from "./opened-log.ts";

const ALL = { prefix: "", after: "", limit: 1_000 };

export function describeChannels(open: OpenLog): void {
  describe("listing channels", () => {
    test("lists those that were ever written to, by name, each with what it holds", async () => {
      await using harness = await LogHarness.start(open);
      for (const channel of ["b", "a/2", "a", "a/10", "A", "a.b", "a-b", "$system"])
        await harness.append(channel, ["one"]);
      await harness.append("a", ["two"]);
      const listed = await harness.log.channels(ALL);
      expect(listed.map(({ channel }) => channel)).toEqual([
        "$system",
        "A",
        "a",
        "a-b",
        "a.b",
        "a/10",
        "a/2",
        "b",
      ]);
      expect(listed[2]).toEqual(await harness.log.describe("a"));
      expect(listed[2]).toMatchObject({ messages: 2, bytes: messageBytes(text("one")) * 2 });
    });

    test("a prefix is taken literally, a segment or not", async () => {
      await using harness = await LogHarness.start(open);
      for (const channel of ["a", "a/1", "a/2", "ab", "b"]) await harness.append(channel, ["one"]);
      const names = async (prefix: string): Promise<readonly string[]> =>
        (await harness.log.channels({ ...ALL, prefix })).map(({ channel }) => channel);
      expect(await names("a")).toEqual(["a", "a/1", "a/2", "ab"]);
      expect(await names("a/")).toEqual(["a/1", "a/2"]);
      expect(await names("c")).toEqual([]);
    });

    test("in pages: after the last name of one begins the next, until all were seen once", async () => {
      await using harness = await LogHarness.start(open);
      const names = [...texts(23, "p/"), "other"].sort();
      await Promise.all(names.map((channel) => harness.append(channel, ["one"])));
      const seen: string[] = [];
      for (let after = ""; ; after = seen.at(-1) ?? "") {
        const page = await harness.log.channels({ prefix: "", after, limit: 5 });
        expect(page.length).toBeLessThanOrEqual(5);
        seen.push(...page.map(({ channel }) => channel));
        if (page.length < 5) break;
      }
      expect(seen).toEqual(names);
    });

    test("a prefix and a name to begin after work together, whichever is higher", async () => {
      await using harness = await LogHarness.start(open);
      for (const channel of ["a/1", "a/2", "b/1", "b/2", "c/1"]) await harness.append(channel, ["one"]);
      const names = async (after: string): Promise<readonly string[]> =>
        (await harness.log.channels({ prefix: "b/", after, limit: 10 })).map(({ channel }) => channel);
      expect(await names("a/2")).toEqual(["b/1", "b/2"]);
      expect(await names("b/1")).toEqual(["b/2"]);
      expect(await names("b/2")).toEqual([]);
      expect(await names("c")).toEqual([]);
    });

    test("a limit of 0 lists nothing", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", ["one"]);
      expect(await harness.log.channels({ ...ALL, limit: 0 })).toEqual([]);
    });

    test("those that were ever written to are known at once, and counted", async () => {
      await using harness = await LogHarness.start(open);
      const { log } = harness;
      expect([log.has("a"), log.channelCount]).toEqual([false, 0]);
      await harness.append("a", ["one"]);
      await harness.append("b", ["one"]);
      await log.truncate("b");
      // Neither a look nor an ephemeral message makes a channel.
      await log.broadcast("c", [text("one")]);
      await log.follow("d");
      await log.read("e", 0 as Offset, { maxMessages: 1, maxBytes: 1 });
      expect(["a", "b", "c", "d", "e"].map((channel) => log.has(channel))).toEqual([
        true,
        true,
        false,
        false,
        false,
      ]);
      expect(log.channelCount).toBe(2);
    });

    test("one whose messages all went is still listed", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["one"]);
      await harness.log.truncate("a");
      expect(await harness.log.channels(ALL)).toMatchObject([
        { channel: "a", head: offset, messages: 0, bytes: 0 },
      ]);
    });
  });
}
