import { describe, expect, test } from "vitest";
import { LogHarness, text, texts } from "./log-harness.ts";
import type { LogCapabilities, OpenLog } from "./opened-log.ts";

export function describeRestarts(open: OpenLog, capabilities: LogCapabilities): void {
  describe("closing", () => {
    test("appends under way are waited for and answered", async () => {
      await using harness = await LogHarness.start(open);
      const appends = texts(20).map((each) => harness.append("a", [each]));
      await harness.log.close();
      expect((await Promise.all(appends)).map(({ appended }) => appended)).toEqual(texts(20).map(() => 1));
    });

    test("calls after it reject with LOG_UNAVAILABLE", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["one"]);
      const { log } = harness;
      await log.close();
      const gone = { code: "LOG_UNAVAILABLE", retryable: true };
      await expect(log.append("a", [text("two")])).rejects.toMatchObject(gone);
      await expect(log.read("a", offset, { maxMessages: 1, maxBytes: 1 })).rejects.toMatchObject(gone);
      await expect(log.describe("a")).rejects.toMatchObject(gone);
      await expect(log.follow("a")).rejects.toMatchObject(gone);
      await expect(log.truncate("a")).rejects.toMatchObject(gone);
      await expect(log.broadcast("a", [text("three")])).rejects.toMatchObject(gone);
      await expect(log.offsetBeforeLast("a", 1)).rejects.toMatchObject(gone);
      await expect(log.channels({ prefix: "", after: "", limit: 1 })).rejects.toMatchObject(gone);
    });

    test("may be done twice, and a sweep after it does nothing", async () => {
      await using harness = await LogHarness.start(open);
      await Promise.all([harness.log.close(), harness.log.close()]);
      await harness.log.close();
      await harness.log.sweep();
    });
  });

  describe.runIf(capabilities.durable)("a restart of a durable log", () => {
    test("keeps every message, offset and the epoch, read before anything is appended", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", texts(10));
      await harness.log.append("b/c", [text("x", { event: "évent", key: "k", kind: "bytes" })]);
      const before = [await harness.read("a"), await harness.read("b/c")];
      await harness.restart();
      expect([await harness.read("a"), await harness.read("b/c")]).toEqual(before);
    });

    test("goes on with the next offset", async () => {
      await using harness = await LogHarness.start(open);
      const first = await harness.append("a", ["one"]);
      await harness.restart();
      const second = await harness.append("a", ["two"]);
      expect(second.epoch).toBe(first.epoch);
      expect(second.offset).toBeGreaterThan(first.offset);
      expect(await harness.texts("a")).toEqual(["one", "two"]);
    });

    test("keeps idempotency keys for what is left of their time", async () => {
      await using harness = await LogHarness.start(open);
      const first = await harness.append("a", ["one"], { idempotencyKey: "k" });
      await harness.restart();
      harness.nowMs += 299_999;
      expect(await harness.append("a", ["one"], { idempotencyKey: "k" })).toEqual({ ...first, appended: 0 });
      await harness.restart();
      harness.nowMs += 1;
      expect(await harness.append("a", ["one"], { idempotencyKey: "k" })).toMatchObject({ appended: 1 });
    });

    test("keeps what went gone, and what is held exact", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 5 });
      await harness.append("a", texts(12));
      const { offset } = await harness.append("b", texts(4));
      await harness.log.truncate("b");
      const before = await harness.log.channels({ prefix: "", after: "", limit: 10 });
      await harness.restart();
      expect(await harness.log.channels({ prefix: "", after: "", limit: 10 })).toEqual(before);
      expect(await harness.texts("a")).toEqual(texts(12).slice(7));
      expect((await harness.append("b", ["next"])).offset).toBeGreaterThan(offset);
      expect(await harness.texts("b")).toEqual(["next"]);
    });

    test("counts age over the time it was down", async () => {
      await using harness = await LogHarness.start(open, { maxAgeMs: 1_000 });
      const { offset } = await harness.append("a", ["one"]);
      await harness.restart();
      harness.nowMs += 1_001;
      expect(await harness.read("a")).toMatchObject({ messages: [], head: offset, earliest: offset + 1 });
    });

    test("keeps conditions: the head is what it was", async () => {
      await using harness = await LogHarness.start(open);
      const { offset, epoch } = await harness.append("a", ["one"]);
      await harness.restart();
      await expect(
        harness.append("a", ["x"], { ifOffset: (offset + 1) as typeof offset }),
      ).rejects.toMatchObject({ code: "CONFLICT" });
      expect(await harness.append("a", ["two"], { ifOffset: offset, ifEpoch: epoch })).toMatchObject({
        appended: 1,
      });
    });

    test("new channels after it do not take the place of old ones", async () => {
      await using harness = await LogHarness.start(open);
      for (let round = 0; round < 4; round++) {
        await harness.append(`channel/${round}`, [`first of ${round}`]);
        await harness.restart();
      }
      for (let round = 0; round < 4; round++)
        expect(await harness.texts(`channel/${round}`)).toEqual([`first of ${round}`]);
    });
  });

  describe.runIf(!capabilities.durable)("a restart of a log that is not durable", () => {
    test("is a new epoch, so that a cursor of the old one is known for what it is", async () => {
      await using harness = await LogHarness.start(open);
      const { epoch } = await harness.append("a", ["one"]);
      await harness.restart();
      const page = await harness.read("a");
      expect(page.epoch).not.toBe(epoch);
      expect(page).toMatchObject({ head: 0, earliest: 1, messages: [] });
    });
  });
}
