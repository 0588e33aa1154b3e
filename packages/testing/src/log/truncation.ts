import { toOffset } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { LogHarness, texts } from "./log-harness.ts";
import type { OpenLog } from "./opened-log.ts";

export function describeTruncation(open: OpenLog): void {
  describe("truncating", () => {
    test("drops everything; head and epoch stay, and offsets go on", async () => {
      await using harness = await LogHarness.start(open);
      const { offset, epoch } = await harness.append("a", texts(5));
      expect(await harness.log.truncate("a")).toEqual({ epoch, head: offset, earliest: offset + 1 });
      expect(await harness.log.describe("a")).toMatchObject({ epoch, head: offset, messages: 0, bytes: 0 });
      const next = await harness.append("a", ["new"]);
      expect(next).toMatchObject({ epoch });
      expect(next.offset).toBeGreaterThan(offset);
      expect(await harness.texts("a")).toEqual(["new"]);
    });

    test("answers without what is over its age, whatever it was asked to drop", async () => {
      const unlimited = Number.POSITIVE_INFINITY;
      await using harness = await LogHarness.start(open, {
        maxMessages: unlimited,
        maxBytes: unlimited,
        maxAgeMs: 10,
      });
      const { offset } = await harness.append("a", ["old"]);
      harness.nowMs += 11;
      expect(await harness.log.truncate("a", toOffset(0))).toMatchObject({
        head: offset,
        earliest: offset + 1,
      });
    });

    test("drops up to and with an offset", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", texts(3));
      const { offset: upTo } = await harness.append("a", ["middle"]);
      const { offset: head } = await harness.append("a", texts(3, "n"));
      expect(await harness.log.truncate("a", upTo)).toMatchObject({ head, earliest: upTo + 1 });
      expect(await harness.texts("a")).toEqual(["n0", "n1", "n2"]);
      expect(await harness.texts("a", upTo)).toEqual(["n0", "n1", "n2"]);
    });

    test("in the middle of a batch, at every offset, leaves exactly the rest", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", texts(9));
      const { messages } = await harness.read("a");
      for (const [at, { offset }] of messages.entries()) {
        await harness.log.truncate("a", offset);
        expect(await harness.texts("a")).toEqual(texts(9).slice(at + 1));
        expect(await harness.log.describe("a")).toMatchObject({ messages: 8 - at });
      }
    });

    test("up to an offset that is gone already drops nothing, above the head everything", async () => {
      await using harness = await LogHarness.start(open);
      const { offset: first } = await harness.append("a", ["one"]);
      const { offset: head } = await harness.append("a", ["two", "three"]);
      await harness.log.truncate("a", first);
      expect(await harness.log.truncate("a", first)).toMatchObject({ earliest: first + 1 });
      expect(await harness.texts("a")).toEqual(["two", "three"]);
      const above = (head + 1_000) as typeof head;
      expect(await harness.log.truncate("a", above)).toMatchObject({ head, earliest: head + 1 });
      expect((await harness.append("a", ["four"])).offset).toBeLessThan(above);
    });

    test("of a channel that nobody wrote to answers its state and does not create it", async () => {
      await using harness = await LogHarness.start(open);
      expect(await harness.log.truncate("never")).toMatchObject({ head: 0, earliest: 1 });
      expect(await harness.log.channels({ prefix: "", after: "", limit: 10 })).toEqual([]);
    });

    test("tells the tail", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", texts(3));
      await harness.log.follow("a");
      const tail = harness.record();
      await harness.log.truncate("a");
      await tail.until(({ events }) => events.length > 0);
      expect(tail.events).toMatchObject([{ channel: "a", earliest: offset + 1, messages: [] }]);
    });

    test("takes its place among appends in parallel: what was called after it is kept", async () => {
      await using harness = await LogHarness.start(open);
      const before = [harness.append("a", ["one"]), harness.append("a", ["two"])];
      const truncated = harness.log.truncate("a");
      const after = [harness.append("a", ["three"]), harness.append("a", ["four"])];
      await Promise.all([...before, truncated, ...after]);
      expect(await harness.texts("a")).toEqual(["three", "four"]);
    });
  });
}
