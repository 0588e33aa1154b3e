import { describe, expect, test } from "vitest";
import { LogHarness, text } from "./log-harness.ts";
import type { OpenLog } from "./opened-log.ts";

const FIVE_MINUTES_MS = 300_000;

export function describeIdempotency(open: OpenLog): void {
  describe("idempotency keys", () => {
    test("a repeat of a batch's key appends nothing and answers as the first did", async () => {
      await using harness = await LogHarness.start(open);
      const first = await harness.append("a", ["one", "two"], { idempotencyKey: "k" });
      await harness.append("a", ["between"]);
      const again = await harness.append("a", ["anything"], { idempotencyKey: "k" });
      expect(again).toEqual({ ...first, appended: 0 });
      expect(await harness.texts("a")).toEqual(["one", "two", "between"]);
    });

    test("each message of a batch may have a key of its own: repeats are left out, the others appended", async () => {
      await using harness = await LogHarness.start(open);
      await harness.log.append("a", [text("one", { idempotencyKey: "1" })]);
      const batch = [
        text("one", { idempotencyKey: "1" }),
        text("two", { idempotencyKey: "2" }),
        text("three"),
      ];
      expect(await harness.log.append("a", batch)).toMatchObject({ appended: 2 });
      expect(await harness.texts("a")).toEqual(["one", "two", "three"]);
    });

    test("a batch whose last message is a repeat answers that one's first offset", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.log.append("a", [text("one", { idempotencyKey: "1" })]);
      const batch = [text("two"), text("one", { idempotencyKey: "1" })];
      expect(await harness.log.append("a", batch)).toMatchObject({ offset, appended: 1 });
    });

    test("a repeat inside one batch is appended once", async () => {
      await using harness = await LogHarness.start(open);
      const twice = [text("one", { idempotencyKey: "1" }), text("one", { idempotencyKey: "1" })];
      expect(await harness.log.append("a", twice)).toMatchObject({ appended: 1 });
      expect(await harness.texts("a")).toEqual(["one"]);
    });

    test("of repeats sent in parallel, one is appended and all answer the same offset", async () => {
      await using harness = await LogHarness.start(open);
      const calls = Array.from({ length: 20 }, () => harness.append("a", ["one"], { idempotencyKey: "k" }));
      const answers = await Promise.all(calls);
      expect(new Set(answers.map(({ offset }) => offset)).size).toBe(1);
      expect(answers.map(({ appended }) => appended).filter((count) => count === 1)).toHaveLength(1);
      expect(await harness.texts("a")).toEqual(["one"]);
    });

    test("keys belong to their channel", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", ["one"], { idempotencyKey: "k" });
      expect(await harness.append("b", ["one"], { idempotencyKey: "k" })).toMatchObject({ appended: 1 });
    });

    test("a key is remembered for five minutes, to the millisecond, and then is new", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["one"], { idempotencyKey: "k" });
      harness.nowMs += FIVE_MINUTES_MS - 1;
      expect(await harness.append("a", ["two"], { idempotencyKey: "k" })).toMatchObject({
        offset,
        appended: 0,
      });
      harness.nowMs += 1;
      const again = await harness.append("a", ["three"], { idempotencyKey: "k" });
      expect(again).toMatchObject({ appended: 1 });
      // From here on it is the second append that is remembered, whatever is swept of the first.
      await harness.log.sweep();
      harness.nowMs += FIVE_MINUTES_MS - 1;
      await harness.log.sweep();
      expect(await harness.append("a", ["four"], { idempotencyKey: "k" })).toMatchObject({
        offset: again.offset,
        appended: 0,
      });
      expect(await harness.texts("a")).toEqual(["one", "three"]);
    });

    test("a batch of repeats alone is remembered under its own key too, since that ends later than theirs", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.log.append("a", [text("one", { idempotencyKey: "1" })]);
      harness.nowMs += FIVE_MINUTES_MS - 1;
      const batch = [text("one", { idempotencyKey: "1" })];
      expect(await harness.log.append("a", batch, { idempotencyKey: "whole" })).toMatchObject({
        offset,
        appended: 0,
      });
      harness.nowMs += 1_000;
      expect(await harness.log.append("a", batch, { idempotencyKey: "whole" })).toMatchObject({
        offset,
        appended: 0,
      });
      expect(await harness.texts("a")).toEqual(["one"]);
    });

    test("keys are checked before conditions: a retry of a conditional append is a repeat, not a conflict", async () => {
      await using harness = await LogHarness.start(open);
      const head = (await harness.read("a")).head;
      const options = { ifOffset: head, idempotencyKey: "k" };
      const first = await harness.append("a", ["one"], options);
      expect(await harness.append("a", ["one"], options)).toEqual({ ...first, appended: 0 });
    });

    test("an append that was refused does not use its key up", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["one"]);
      await harness.append("a", ["two"]);
      const refused = harness.append("a", ["three"], { ifOffset: offset, idempotencyKey: "k" });
      await expect(refused).rejects.toMatchObject({ code: "CONFLICT" });
      expect(await harness.append("a", ["three"], { idempotencyKey: "k" })).toMatchObject({ appended: 1 });
    });

    test("a key outlives its message: what was truncated is not appended again", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["one"], { idempotencyKey: "k" });
      await harness.log.truncate("a");
      expect(await harness.append("a", ["one"], { idempotencyKey: "k" })).toMatchObject({
        offset,
        appended: 0,
      });
    });

    test("thousands of keys that ended are forgotten step by step without one being taken for known", async () => {
      await using harness = await LogHarness.start(open);
      const batch = Array.from({ length: 6_000 }, (_, at) => text("", { idempotencyKey: `key ${at}` }));
      for (let from = 0; from < batch.length; from += 1_000)
        await harness.log.append("a", batch.slice(from, from + 1_000));
      harness.nowMs += FIVE_MINUTES_MS;
      await harness.log.sweep();
      expect(await harness.log.append("a", batch)).toMatchObject({ appended: 6_000 });
      await harness.log.sweep();
      await harness.log.sweep();
      expect(await harness.log.append("a", batch)).toMatchObject({ appended: 0 });
    });
  });
}
