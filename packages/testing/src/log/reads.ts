import { messageBytes } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { LogHarness, offsetsOf, text, texts, textOf } from "./log-harness.ts";
import type { OpenLog } from "./opened-log.ts";

export function describeReads(open: OpenLog): void {
  describe("reading", () => {
    test("reading after an offset gives what came later, and not the message at it", async () => {
      await using harness = await LogHarness.start(open);
      const first = await harness.append("a", ["one"]);
      await harness.append("a", ["two", "three"]);
      expect(await harness.texts("a", first.offset)).toEqual(["two", "three"]);
    });

    test("after every offset of a history of batches, exactly what came later is read", async () => {
      await using harness = await LogHarness.start(open);
      for (let size = 1; size <= 8; size++) await harness.append("a", texts(size, `${size}.`));
      const { messages } = await harness.read("a");
      for (const [at, { offset }] of messages.entries()) {
        expect(offsetsOf((await harness.read("a", offset)).messages)).toEqual(
          offsetsOf(messages.slice(at + 1)),
        );
      }
    });

    test("at the head, and above it, a page is empty", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["one"]);
      expect(await harness.read("a", offset)).toMatchObject({ messages: [], head: offset });
      expect(await harness.read("a", offset + 1_000)).toMatchObject({ messages: [], head: offset });
      expect(await harness.read("a", Number.MAX_SAFE_INTEGER)).toMatchObject({ messages: [], head: offset });
    });

    test("below the earliest, a page begins with the earliest, which the page names", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 3 });
      await harness.append("a", texts(10));
      const page = await harness.read("a", 1);
      expect(page.messages.map((message) => textOf(message))).toEqual(["m7", "m8", "m9"]);
      expect(page.earliest).toBe(page.messages[0]?.offset);
    });

    test("a page has at most maxMessages; the next one goes on where it ended, until all was read", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", texts(25));
      await harness.append("a", texts(25, "n"));
      const read: string[] = [];
      const sizes: number[] = [];
      for (let after = 0; ;) {
        const { messages } = await harness.read("a", after, { maxMessages: 7 });
        if (messages.length === 0) break;
        sizes.push(messages.length);
        read.push(...messages.map((message) => textOf(message)));
        after = messages.at(-1)?.offset ?? 0;
      }
      expect(read).toEqual([...texts(25), ...texts(25, "n")]);
      expect(sizes).toEqual([7, 7, 7, 7, 7, 7, 7, 1]);
    });

    test("a page has at most maxBytes, counted to the byte", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", texts(10));
      const each = messageBytes(text("m0"));
      expect((await harness.read("a", 0, { maxBytes: each * 3 })).messages).toHaveLength(3);
      expect((await harness.read("a", 0, { maxBytes: each * 3 - 1 })).messages).toHaveLength(2);
    });

    test("the first message of a page is given whatever its size, and alone if it is above the limit", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["x".repeat(50_000), "small", "y".repeat(50_000)]);
      const page = await harness.read("a", 0, { maxBytes: 1_000 });
      expect(page.messages.map(({ data }) => data.length)).toEqual([50_000]);
      const next = await harness.read("a", page.messages[0]?.offset, { maxBytes: 1_000 });
      expect(next.messages.map((message) => textOf(message))).toEqual(["small"]);
      expect((await harness.read("a", next.messages[0]?.offset, { maxBytes: 1 })).messages[0]?.offset).toBe(
        offset,
      );
    });

    test("reading does not change what is held", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", texts(5));
      const once = await harness.texts("a");
      expect(await harness.texts("a")).toEqual(once);
    });

    test("pages read while others append miss nothing and repeat nothing", async () => {
      await using harness = await LogHarness.start(open);
      const total = 600;
      let isDone = false;
      const publish = async (): Promise<void> => {
        for (let at = 0; at < total; at += 3) await harness.append("a", [`${at}`, `${at + 1}`, `${at + 2}`]);
        isDone = true;
      };
      const published = publish();
      const read: string[] = [];
      for (let after = 0; ;) {
        const wasDone = isDone;
        const { messages } = await harness.read("a", after, { maxMessages: 10 });
        read.push(...messages.map((message) => textOf(message)));
        after = messages.at(-1)?.offset ?? after;
        if (messages.length > 0) continue;
        if (wasDone) break;
        await harness.append("other", ["so that this loop takes turns with the publisher"]);
      }
      await published;
      expect(read).toEqual(Array.from({ length: total }, (_, at) => `${at}`));
    });
  });

  describe("the offset before the last messages", () => {
    test("reading after it gives exactly so many", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", texts(4));
      await harness.append("a", texts(6, "n"));
      for (let count = 0; count <= 10; count++) {
        const after = await harness.log.offsetBeforeLast("a", count);
        expect((await harness.read("a", after)).messages).toHaveLength(count);
      }
    });

    test("where fewer are held, it is the one before the earliest", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 3 });
      await harness.append("a", texts(10));
      const { earliest } = await harness.read("a");
      expect(await harness.log.offsetBeforeLast("a", 100)).toBe(earliest - 1);
      expect(await harness.log.offsetBeforeLast("never", 5)).toBe(0);
    });

    test("of an emptied channel it is the head", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", texts(3));
      await harness.log.truncate("a");
      expect(await harness.log.offsetBeforeLast("a", 2)).toBe(offset);
    });
  });

  describe("the offset before a time", () => {
    test("reading after it begins with the first message of that time or later", async () => {
      await using harness = await LogHarness.start(open);
      const began = harness.nowMs;
      for (let at = 0; at < 40; at++) {
        await harness.append("a", [`${at}.0`, `${at}.1`]);
        harness.nowMs += 1_000;
      }
      for (const [timeMs, first] of [
        [0, "0.0"],
        [began, "0.0"],
        [began + 1, "1.0"],
        [began + 17_000, "17.0"],
        [began + 17_500, "18.0"],
        [began + 39_000, "39.0"],
      ] as const) {
        const after = await harness.log.offsetBeforeTime("a", timeMs);
        expect((await harness.texts("a", after))[0]).toBe(first);
      }
    });

    test("is the head where all are older, and the one before the earliest where others are gone", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 3 });
      const began = harness.nowMs;
      const { offset } = await harness.append("a", texts(10));
      expect(await harness.log.offsetBeforeTime("a", began + 1)).toBe(offset);
      const { earliest } = await harness.read("a");
      expect(await harness.log.offsetBeforeTime("a", began)).toBe(earliest - 1);
      await harness.log.truncate("a");
      expect(await harness.log.offsetBeforeTime("a", began)).toBe(offset);
      expect(await harness.log.offsetBeforeTime("never", began)).toBe(0);
    });

    test("of a channel whose times go back it is a place where they go up to that time, and no message is missed after it", async () => {
      await using harness = await LogHarness.start(open);
      const began = harness.nowMs;
      for (const seconds of [0, 10, 5, 20]) {
        harness.nowMs = began + seconds * 1_000;
        await harness.append("a", [`${seconds}`]);
      }
      const after = await harness.log.offsetBeforeTime("a", began + 15_000);
      expect(await harness.texts("a", after)).toEqual(["20"]);
    });
  });
}
