import type { LogPage } from "@tidings/core";
import { describe, expect, test } from "vitest";
import { LogHarness, offsetsOf, text, texts, textOf, WHOLE } from "./log-harness.ts";
import type { OpenLog } from "./opened-log.ts";

export function describeTail(open: OpenLog): void {
  describe("following", () => {
    test("a followed channel's appends reach the tail in order, each once, as they are held", async () => {
      await using harness = await LogHarness.start(open);
      const tail = harness.record();
      const { epoch } = await harness.log.follow("a");
      await Promise.all(texts(100).map((each) => harness.append("a", [each])));
      await tail.until((seen) => seen.messages("a").length >= 100);
      expect(tail.messages("a")).toEqual((await harness.read("a")).messages);
      expect(tail.events.every((event) => event.epoch === epoch)).toBe(true);
    });

    test("a channel that is not followed does not reach the tail", async () => {
      await using harness = await LogHarness.start(open);
      const tail = harness.record();
      await harness.log.follow("a");
      await harness.append("b", ["one"]);
      await harness.log.broadcast("b", [text("ephemeral")]);
      await harness.append("a", ["two"]);
      await tail.until((seen) => seen.messages("a").length === 1);
      expect(tail.messages("b")).toEqual([]);
    });

    test("follow answers the head above which every append is reported", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["one"]);
      const tail = harness.record();
      expect(await harness.log.follow("a")).toMatchObject({ head: offset, earliest: 1 });
      await harness.append("a", ["two"]);
      await tail.until((seen) => seen.messages("a").some((message) => textOf(message) === "two"));
      expect(offsetsOf(tail.messages("a")).filter((each) => each > offset)).toHaveLength(1);
    });

    test("follow racing with appends: what was read up to its head and what is reported above it make the whole", async () => {
      await using harness = await LogHarness.start(open);
      for (let round = 0; round < 30; round++) {
        const channel = `race/${round}`;
        const tail = harness.record();
        const early = texts(round % 7, "early").map((each) => harness.append(channel, [each]));
        const following = harness.log.follow(channel);
        const late = texts(5, "late").map((each) => harness.append(channel, [each, `${each}+`]));
        const { head } = await following;
        const history = (await harness.read(channel)).messages.filter(({ offset }) => offset <= head);
        await Promise.all([...early, ...late]);
        const { messages: all, head: end } = await harness.read(channel);
        await tail.until((seen) => (seen.messages(channel).at(-1)?.offset ?? head) >= end);
        const reported = tail.messages(channel).filter(({ offset }) => offset > head);
        expect(offsetsOf([...history, ...reported])).toEqual(offsetsOf(all));
        tail.end();
      }
    });

    test("unfollow stops the reports, and following again begins them anew", async () => {
      await using harness = await LogHarness.start(open);
      const tail = harness.record();
      await harness.log.follow("a");
      await harness.append("a", ["one"]);
      await tail.until((seen) => seen.messages("a").length === 1);
      harness.log.unfollow("a");
      await harness.append("a", ["two"]);
      await harness.log.follow("a");
      await harness.append("a", ["three"]);
      await tail.until((seen) => seen.messages("a").length >= 2);
      expect(tail.messages("a").map((message) => textOf(message))).toEqual(["one", "three"]);
    });

    test("following twice reports once", async () => {
      await using harness = await LogHarness.start(open);
      const tail = harness.record();
      await harness.log.follow("a");
      await harness.log.follow("a");
      await harness.append("a", ["one"]);
      await harness.append("a", ["two"]);
      await tail.until((seen) => seen.messages("a").length >= 2);
      expect(tail.messages("a").map((message) => textOf(message))).toEqual(["one", "two"]);
    });

    test("every listener hears everything until it ends", async () => {
      await using harness = await LogHarness.start(open);
      const [first, second] = [harness.record(), harness.record()];
      await harness.log.follow("a");
      await harness.append("a", ["one"]);
      await Promise.all([first, second].map((tail) => tail.until((seen) => seen.messages("a").length === 1)));
      first.end();
      await harness.append("a", ["two"]);
      await second.until((seen) => seen.messages("a").length === 2);
      expect(first.messages("a")).toHaveLength(1);
    });

    test("what the tail is told, the log has: a read from inside the listener finds it", async () => {
      await using harness = await LogHarness.start(open);
      await harness.log.follow("a");
      const reads: { readonly told: number; readonly page: Promise<LogPage> }[] = [];
      const end = harness.log.tail(({ messages }) => {
        const told = messages.at(-1)?.offset ?? 0;
        reads.push({ told, page: harness.log.read("a", 0 as typeof told & LogPage["head"], WHOLE) });
      });
      await Promise.all(texts(30).map((each) => harness.append("a", [each])));
      end();
      for (const { told, page } of reads) expect(offsetsOf((await page).messages)).toContain(told);
      expect(reads.length).toBeGreaterThan(0);
    });

    test("no append is answered before it can be read", async () => {
      await using harness = await LogHarness.start(open);
      await Promise.all(
        texts(30).map(async (each) => {
          const { offset } = await harness.append("a", [each]);
          expect((await harness.read("a", offset - 1)).messages[0]?.offset).toBe(offset);
        }),
      );
    });

    test("events name the earliest, so that retention is known without a read", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 2 });
      const tail = harness.record();
      await harness.log.follow("a");
      await harness.append("a", texts(5));
      await tail.until((seen) => seen.messages("a").length === 5);
      expect(tail.events.at(-1)?.earliest).toBe((await harness.read("a")).earliest);
    });

    test("offsets in the order they are told rise, over many channels in parallel", async () => {
      await using harness = await LogHarness.start(open);
      const channels = texts(20, "c");
      await Promise.all(channels.map((channel) => harness.log.follow(channel)));
      const tail = harness.record();
      await Promise.all(
        channels.flatMap((channel) => texts(10).map((each) => harness.append(channel, [each, each]))),
      );
      await tail.until((seen) => channels.every((channel) => seen.messages(channel).length >= 20));
      for (const channel of channels)
        expect(tail.messages(channel)).toEqual((await harness.read(channel)).messages);
    });
  });

  describe("broadcasting", () => {
    test("ephemeral messages reach the tail with offset 0 and are kept nowhere", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["kept"]);
      await harness.log.follow("a");
      const tail = harness.record();
      await harness.log.broadcast("a", [
        text("typing", { event: "typing", key: "me", idempotencyKey: "x" }),
        text("two"),
      ]);
      await tail.until((seen) => seen.messages("a").length === 2);
      expect(tail.messages("a")).toMatchObject([
        { offset: 0, event: "typing", key: "me", timeMs: harness.nowMs },
        { offset: 0 },
      ]);
      expect(tail.messages("a")[0]).not.toHaveProperty("idempotencyKey");
      expect(await harness.read("a")).toMatchObject({ head: offset });
      expect(await harness.texts("a")).toEqual(["kept"]);
    });

    test("on a channel that nobody wrote to creates nothing", async () => {
      await using harness = await LogHarness.start(open);
      await harness.log.follow("a");
      const tail = harness.record();
      await harness.log.broadcast("a", [text("typing")]);
      await tail.until((seen) => seen.messages("a").length === 1);
      expect(await harness.read("a")).toMatchObject({ head: 0, earliest: 1 });
      expect(await harness.log.channels({ prefix: "", after: "", limit: 10 })).toEqual([]);
    });
  });
}
