import { messageBytes } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { LogHarness, offsetsOf, text, texts } from "./log-harness.ts";
import type { LogCapabilities, OpenLog } from "./opened-log.ts";

export function describeRetention(open: OpenLog, capabilities: LogCapabilities): void {
  describe("retention", () => {
    test("by count: the newest maxMessages are held, and earliest is the first of them", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 5 });
      for (const each of texts(12)) {
        await harness.append("a", [each]);
        const page = await harness.read("a");
        expect(page.messages.length).toBeLessThanOrEqual(5);
        expect(page.earliest).toBe(page.messages[0]?.offset);
      }
      expect(await harness.texts("a")).toEqual(texts(12).slice(7));
    });

    test("by count: a batch larger than what is held keeps its own end", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 5 });
      const { offset } = await harness.append("a", texts(12));
      expect(await harness.texts("a")).toEqual(texts(12).slice(7));
      expect(await harness.log.describe("a")).toMatchObject({ messages: 5, head: offset });
    });

    test("by bytes: what is above maxBytes goes, to the byte, the oldest first", async () => {
      const each = messageBytes(text("m0"));
      await using harness = await LogHarness.start(open, { maxBytes: each * 3 });
      for (const one of texts(9)) await harness.append("a", [one]);
      expect(await harness.texts("a")).toEqual(["m6", "m7", "m8"]);
      expect(await harness.log.describe("a")).toMatchObject({ messages: 3, bytes: each * 3 });
      // One byte longer: three do not fit any more.
      await harness.append("a", ["m9+"]);
      expect(await harness.texts("a")).toEqual(["m8", "m9+"]);
    });

    test("by bytes: messages of many sizes, in batches and alone, with names that count", async () => {
      await using harness = await LogHarness.start(open, { maxBytes: 5_000 });
      const held: number[] = [];
      for (let round = 0; round < 60; round++) {
        const batch = Array.from({ length: 1 + (round % 4) }, (_, at) =>
          text(
            "x".repeat((round * 37 + at * 211) % 900),
            round % 3 === 0 ? { event: "évent", key: "ключ" } : {},
          ),
        );
        await harness.log.append("a", batch);
        held.push(...batch.map((message) => messageBytes(message)));
        while (held.reduce((sum, size) => sum + size, 0) > 5_000) held.shift();
        const { messages, bytes } = await harness.log.describe("a");
        expect({ messages, bytes }).toEqual({
          messages: held.length,
          bytes: held.reduce((sum, size) => sum + size, 0),
        });
      }
    });

    test("by bytes: a message that is above maxBytes by itself is appended, told and not held", async () => {
      await using harness = await LogHarness.start(open, { maxBytes: 1_000 });
      const tail = harness.record();
      await harness.log.follow("a");
      const { offset } = await harness.append("a", ["small", "x".repeat(2_000)]);
      await tail.until((seen) => seen.messages("a").length === 2);
      expect(await harness.read("a")).toMatchObject({ messages: [], head: offset, earliest: offset + 1 });
      expect(await harness.log.describe("a")).toMatchObject({ messages: 0, bytes: 0 });
    });

    test("by age: a message is held for maxAgeMs, and not read a millisecond later, swept or not", async () => {
      await using harness = await LogHarness.start(open, { maxAgeMs: 1_000 });
      await harness.append("a", ["one"]);
      harness.nowMs += 500;
      const { offset } = await harness.append("a", ["two"]);
      harness.nowMs += 500;
      expect(await harness.texts("a")).toEqual(["one", "two"]);
      harness.nowMs += 1;
      const page = await harness.read("a");
      expect(offsetsOf(page.messages)).toEqual([offset]);
      expect(page.earliest).toBe(offset);
      harness.nowMs += 500;
      expect(await harness.read("a")).toMatchObject({ messages: [], head: offset, earliest: offset + 1 });
    });

    test("by age: describe, follow and the offset before the last show nothing that is over its age either", async () => {
      await using harness = await LogHarness.start(open, { maxAgeMs: 1_000 });
      const { offset } = await harness.append("a", texts(20));
      harness.nowMs += 1_001;
      expect(await harness.log.describe("a")).toMatchObject({
        messages: 0,
        bytes: 0,
        earliest: offset + 1,
        head: offset,
      });
      expect(await harness.log.offsetBeforeLast("a", 10)).toBe(offset);
      expect(await harness.log.follow("a")).toMatchObject({ earliest: offset + 1, head: offset });
    });

    test("by age: a sweep tells the tail of followed channels what went", async () => {
      await using harness = await LogHarness.start(open, { maxAgeMs: 1_000 });
      const { offset } = await harness.append("a", ["one", "two"]);
      await harness.append("unfollowed", ["one"]);
      await harness.log.follow("a");
      const tail = harness.record();
      harness.nowMs += 1_001;
      await harness.log.sweep();
      await tail.until(({ events }) => events.length > 0);
      expect(tail.events).toMatchObject([{ channel: "a", earliest: offset + 1, messages: [] }]);
    });

    test("by age: the tail is told by the next sweep even when a read noticed first", async () => {
      await using harness = await LogHarness.start(open, { maxAgeMs: 1_000 });
      const { offset } = await harness.append("a", ["one", "two"]);
      await harness.log.follow("a");
      const tail = harness.record();
      harness.nowMs += 1_001;
      expect(await harness.texts("a")).toEqual([]);
      await harness.log.sweep();
      await tail.until(({ events }) => events.some(({ earliest }) => earliest === offset + 1));
    });

    test("a sweep of what is all kept says nothing", async () => {
      await using harness = await LogHarness.start(open, { maxAgeMs: 1_000 });
      await harness.append("a", ["one"]);
      await harness.log.follow("a");
      const tail = harness.record();
      await harness.log.sweep();
      await harness.log.sweep();
      expect(tail.events).toEqual([]);
      expect(await harness.texts("a")).toEqual(["one"]);
    });

    test("offsets go on after everything went", async () => {
      await using harness = await LogHarness.start(open, { maxAgeMs: 1_000 });
      const { offset } = await harness.append("a", texts(3));
      harness.nowMs += 5_000;
      await harness.log.sweep();
      const next = await harness.append("a", ["new"]);
      expect(next.offset).toBeGreaterThan(offset);
      expect(await harness.texts("a")).toEqual(["new"]);
      const description = await harness.log.describe("a");
      expect(description).toMatchObject({ messages: 1, bytes: messageBytes(text("new")) });
      if (capabilities.contiguous) expect(description.earliest).toBe(next.offset);
    });

    test("all three at once: whichever is exceeded first counts", async () => {
      const each = messageBytes(text("m0"));
      await using harness = await LogHarness.start(open, {
        maxMessages: 8,
        maxBytes: each * 6,
        maxAgeMs: 1_000,
      });
      await harness.append("a", texts(10));
      expect(await harness.texts("a")).toEqual(texts(10).slice(4));
      harness.nowMs += 600;
      await harness.append("a", ["n0", "n1"]);
      expect(await harness.texts("a")).toEqual([...texts(10).slice(6), "n0", "n1"]);
      harness.nowMs += 600;
      expect(await harness.texts("a")).toEqual(["n0", "n1"]);
    });

    test("a retention that was lowered holds from the next look on", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", texts(10));
      harness.retention = { ...harness.retention, maxMessages: 2 };
      expect(await harness.texts("a")).toEqual(["m8", "m9"]);
    });

    test("nothing is held with a retention of no messages, and offsets still go on", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 0 });
      const first = await harness.append("a", ["one"]);
      const second = await harness.append("a", ["two"]);
      expect(second.offset).toBeGreaterThan(first.offset);
      expect(await harness.read("a")).toMatchObject({
        messages: [],
        head: second.offset,
        earliest: second.offset + 1,
      });
    });

    test("thousands of messages under a small retention: held, described and read exactly, again and again", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 100 });
      for (let round = 0; round < 50; round++) {
        await harness.append("a", texts(67, `${round}.`));
        if (round % 10 === 0) await harness.log.sweep();
      }
      const all = Array.from({ length: 50 }, (_, round) => texts(67, `${round}.`)).flat();
      expect(await harness.texts("a")).toEqual(all.slice(-100));
    });
  });
}
