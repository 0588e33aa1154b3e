import { type NewMessage, type PayloadKind, TidingsError } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { LogHarness, offsetsOf, text, texts, textOf } from "./log-harness.ts";
import type { LogCapabilities, OpenLog } from "./opened-log.ts";

const KINDS: readonly PayloadKind[] = ["json", "text", "bytes"];

export function describeAppends(open: OpenLog, capabilities: LogCapabilities): void {
  describe("appending", () => {
    test("a channel that nobody wrote to has head 0 and earliest 1, and needs no creation", async () => {
      await using harness = await LogHarness.start(open);
      const page = await harness.read("never");
      expect(page).toMatchObject({ head: 0, earliest: 1, messages: [] });
      expect(await harness.log.describe("never")).toMatchObject({
        channel: "never",
        head: 0,
        earliest: 1,
        messages: 0,
        bytes: 0,
      });
    });

    test("offsets are above 0 and strictly increasing, and each append answers that of its last message", async () => {
      await using harness = await LogHarness.start(open);
      const first = await harness.append("a", ["one"]);
      const second = await harness.append("a", ["two", "three"]);
      const { messages, head } = await harness.read("a");
      const offsets = offsetsOf(messages);
      expect(offsets[0]).toBeGreaterThan(0);
      expect(offsets).toEqual([...new Set(offsets)].sort((a, b) => a - b));
      expect([first.offset, second.offset]).toEqual([offsets[0], offsets[2]]);
      expect([first.appended, second.appended]).toEqual([1, 2]);
      expect(head).toBe(second.offset);
    });

    test.runIf(capabilities.contiguous)("a log that says it is contiguous leaves no holes", async () => {
      await using harness = await LogHarness.start(open);
      expect(harness.log.isContiguous).toBe(true);
      await Promise.all(texts(50).map((each) => harness.append("a", [each, `${each}+`])));
      expect(offsetsOf((await harness.read("a")).messages)).toEqual(
        Array.from({ length: 100 }, (_, at) => at + 1),
      );
    });

    test("a message is held as it was published: event, kind, key and every byte, with the time of its append", async () => {
      await using harness = await LogHarness.start(open);
      const message: NewMessage = {
        event: "progress",
        kind: "json",
        data: new TextEncoder().encode('{"a":1}'),
        key: "k",
      };
      await harness.log.append("a", [message, text("plain")]);
      const { messages } = await harness.read("a");
      expect(messages[0]).toMatchObject({ event: "progress", kind: "json", key: "k", timeMs: harness.nowMs });
      expect([...(messages[0]?.data ?? [])]).toEqual([...message.data]);
      expect(messages[1]).toMatchObject({ event: "message", kind: "text" });
      expect(messages[1]).not.toHaveProperty("key");
      expect(messages[0]).not.toHaveProperty("idempotencyKey");
    });

    test.each(KINDS)(
      "every payload of kind %s comes back byte for byte: empty, all byte values, 100 KB and 1 MiB",
      async (kind) => {
        await using harness = await LogHarness.start(open);
        const sizes = [0, 1, 256, 65_535, 65_536, 100_000, 1_048_576];
        const payloads = sizes.map((size) =>
          Uint8Array.from({ length: size }, (_, at) => (at * 7 + size) & 0xff),
        );
        for (const data of payloads) await harness.log.append("a", [{ event: "message", kind, data }]);
        await harness.log.append(
          "b",
          payloads.map((data) => ({ event: "message", kind, data })),
        );
        for (const channel of ["a", "b"]) {
          const { messages } = await harness.read(channel);
          expect(messages.map((message) => message.kind)).toEqual(sizes.map(() => kind));
          // Compared as buffers: a deep comparison of a million numbers takes seconds.
          expect(messages.map(({ data }, at) => Buffer.compare(data, payloads[at] as Uint8Array))).toEqual(
            sizes.map(() => 0),
          );
        }
      },
    );

    test("events and keys of any Unicode, up to 255 bytes, come back as they were", async () => {
      await using harness = await LogHarness.start(open);
      const names = ["é", "日本語", "👩‍🚀", "a\u0301", "\u{10ffff}", "x".repeat(255), "😀".repeat(63)];
      await harness.log.append(
        "a",
        names.map((name) => text("", { event: name, key: name })),
      );
      const { messages } = await harness.read("a");
      expect(messages.map(({ event }) => event)).toEqual(names);
      expect(messages.map(({ key }) => key)).toEqual(names);
    });

    test("what was handed over and answered is a message's own: changing another page changes nothing", async () => {
      await using harness = await LogHarness.start(open);
      await harness.append("a", ["abc"]);
      const before = await harness.read("a");
      for (const each of texts(200)) await harness.append("a", [each]);
      await harness.log.truncate("a");
      await harness.append("a", texts(200, "later"));
      expect(before.messages.map((message) => textOf(message))).toEqual(["abc"]);
    });

    test("an empty batch appends nothing and answers the head", async () => {
      await using harness = await LogHarness.start(open);
      expect(await harness.append("a", [])).toMatchObject({ offset: 0, appended: 0 });
      const { offset } = await harness.append("a", ["one"]);
      expect(await harness.append("a", [])).toMatchObject({ offset, appended: 0 });
    });

    test("batches appended in parallel are each in one piece, in the order of the calls", async () => {
      await using harness = await LogHarness.start(open);
      const batches = Array.from({ length: 40 }, (_, at) => texts(1 + (at % 5), `${at}.`));
      const answers = await Promise.all(batches.map((batch) => harness.append("a", batch)));
      expect(await harness.texts("a")).toEqual(batches.flat());
      const offsets = answers.map(({ offset }) => offset);
      expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    });

    test("appends in parallel on many channels do not mix", async () => {
      await using harness = await LogHarness.start(open);
      const channels = texts(60, "channel/");
      await Promise.all(
        [0, 1, 2].flatMap((round) =>
          channels.map((channel) => harness.append(channel, [`${channel} ${round}`])),
        ),
      );
      for (const channel of channels) {
        expect(await harness.texts(channel)).toEqual([`${channel} 0`, `${channel} 1`, `${channel} 2`]);
      }
    });

    test("a batch of 1,000 messages is appended as one", async () => {
      await using harness = await LogHarness.start(open);
      expect(await harness.append("a", texts(1_000))).toMatchObject({ appended: 1_000 });
      expect(await harness.texts("a")).toEqual(texts(1_000));
    });
  });

  describe("appending on a condition", () => {
    test("ifOffset that is the head appends, 0 for a channel that nobody wrote to", async () => {
      await using harness = await LogHarness.start(open);
      const first = await harness.log.append("a", [text("one")], {
        ifOffset: (await harness.read("a")).head,
      });
      const second = await harness.log.append("a", [text("two")], {
        ifOffset: first.offset,
        ifEpoch: first.epoch,
      });
      expect(second.offset).toBeGreaterThan(first.offset);
    });

    test("ifOffset that is not the head is a CONFLICT that tells the head, and appends nothing", async () => {
      await using harness = await LogHarness.start(open);
      const first = await harness.append("a", ["one"]);
      const { offset, epoch } = await harness.append("a", ["two"]);
      const refused = { code: "CONFLICT", details: { head: `${epoch}.${offset}` } };
      await expect(harness.append("a", ["three"], { ifOffset: first.offset })).rejects.toMatchObject(refused);
      await expect(harness.append("a", ["x", "y"], { ifOffset: first.offset })).rejects.toBeInstanceOf(
        TidingsError,
      );
      expect(await harness.texts("a")).toEqual(["one", "two"]);
    });

    test("ifEpoch of another life is a CONFLICT", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["one"]);
      const asked = { ifOffset: offset, ifEpoch: "another" };
      await expect(harness.append("a", ["two"], asked)).rejects.toMatchObject({ code: "CONFLICT" });
      expect(await harness.texts("a")).toEqual(["one"]);
    });

    test("a conflict on a channel that nobody wrote to does not create it", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("other", ["one"]);
      await expect(harness.append("a", ["one"], { ifOffset: offset })).rejects.toMatchObject({
        code: "CONFLICT",
      });
      const listed = await harness.log.channels({ prefix: "", after: "", limit: 10 });
      expect(listed.map(({ channel }) => channel)).toEqual(["other"]);
    });

    test("of appends in parallel with one condition, exactly one succeeds", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["base"]);
      const results = await Promise.allSettled(
        texts(20).map((each) => harness.append("a", [each], { ifOffset: offset })),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect((await harness.read("a")).messages).toHaveLength(2);
    });

    test("a truncated channel keeps its head as the condition", async () => {
      await using harness = await LogHarness.start(open);
      const { offset } = await harness.append("a", ["one"]);
      await harness.log.truncate("a");
      expect((await harness.append("a", ["two"], { ifOffset: offset })).offset).toBeGreaterThan(offset);
    });
  });
}
