import type { Retention } from "@tidings/core";
import { messageBytes, type NewMessage, toOffset } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { LogHarness, offsetsOf, text, texts, textOf } from "./log-harness.ts";
import type { LogCapabilities, OpenLog } from "./opened-log.ts";

const NOTHING = new Uint8Array(0);
const HOUR = 3_600_000;

/** A value of a key. */
function value(key: string, data: string): NewMessage {
  return text(data, { key });
}

function deletion(key: string): NewMessage {
  return { event: "message", kind: "none", data: NOTHING, key };
}

/** What the log holds, as `key=value`, `-key` for a deletion, and the text alone without a key. */
async function shown(harness: LogHarness, after = 0): Promise<readonly string[]> {
  const { messages } = await harness.read("a", after);
  return messages.map((message) => {
    if (message.kind === "none") return `-${message.key}`;
    return message.key === undefined ? textOf(message) : `${message.key}=${textOf(message)}`;
  });
}

export function describeCompaction(open: OpenLog, capabilities: LogCapabilities): void {
  const start = (retention: Partial<Retention> = {}): Promise<LogHarness> =>
    LogHarness.start(open, { compact: true, maxAgeMs: HOUR, ...retention });

  describe("a compact channel", () => {
    test("holds the newest message of each key, in the order of their offsets", async () => {
      await using harness = await start();
      await harness.log.append("a", [value("x", "1"), value("y", "1")]);
      await harness.log.append("a", [value("x", "2")]);
      expect(await shown(harness)).toEqual(["y=1", "x=2"]);
      const { messages, bytes, head, earliest } = await harness.log.describe("a");
      expect({ messages, bytes, head, earliest }).toEqual({
        messages: 2,
        bytes: 2 * messageBytes(value("x", "1")),
        head: 3,
        earliest: 1,
      });
    });

    test("holds the last of each key of one batch, and tells the tail of all", async () => {
      await using harness = await start();
      await harness.log.follow("a");
      const tail = harness.record();
      const { offset, appended } = await harness.log.append("a", [
        value("x", "1"),
        value("y", "1"),
        value("x", "2"),
        value("x", "3"),
      ]);
      await tail.until((seen) => seen.messages("a").length === 4);
      expect(appended).toBe(4);
      expect(tail.messages("a").map((message) => textOf(message))).toEqual(["1", "1", "2", "3"]);
      expect(tail.messages("a").at(-1)?.offset).toBe(offset);
      expect(await shown(harness)).toEqual(["y=1", "x=3"]);
    });

    test("the offset before a time is that before what is held of that time or later", async () => {
      await using harness = await start();
      const began = harness.nowMs;
      for (let round = 0; round < 30; round++) {
        await harness.log.append("a", [value(`k${round % 7}`, `${round}`)]);
        harness.nowMs += 1_000;
      }
      // Of all others there is a newer one.
      for (const [seconds, first] of [
        [0, "k2=23"],
        [22.5, "k2=23"],
        [25, "k4=25"],
        [28.5, "k1=29"],
      ] as const) {
        const after = await harness.log.offsetBeforeTime("a", began + seconds * 1_000);
        expect((await shown(harness, after))[0]).toBe(first);
      }
      const { head } = await harness.log.describe("a");
      expect(await harness.log.offsetBeforeTime("a", began + 30_000)).toBe(head);
    });

    test("a read after any offset gives what is held above it, in pages of any size", async () => {
      await using harness = await start();
      for (let round = 0; round < 40; round++)
        await harness.log.append("a", [
          value(`k${(round * 7) % 11}`, `${round}`),
          value(`k${round % 5}`, "r"),
        ]);
      const { messages: all, head } = await harness.read("a");
      expect(all).toHaveLength(11);
      for (let after = 0; after <= head; after++) {
        const expected = offsetsOf(all).filter((offset) => offset > after);
        expect(offsetsOf((await harness.read("a", after)).messages)).toEqual(expected);
        expect(offsetsOf((await harness.read("a", after, { maxMessages: 3 })).messages)).toEqual(
          expected.slice(0, 3),
        );
        const maxBytes = messageBytes(value("k1", "10")) * 2;
        expect((await harness.read("a", after, { maxBytes })).messages.length).toBeGreaterThanOrEqual(
          Math.min(2, expected.length),
        );
      }
    });

    test("the newest messages are counted by what is held", async () => {
      await using harness = await start();
      for (const data of texts(10)) await harness.log.append("a", [value("x", data)]);
      await harness.log.append(
        "a",
        ["p", "q", "r"].map((key) => value(key, "1")),
      );
      for (const data of texts(10)) await harness.log.append("a", [value("y", data)]);
      for (const [count, held] of [
        [0, []],
        [1, ["y=m9"]],
        [2, ["r=1", "y=m9"]],
        [4, ["p=1", "q=1", "r=1", "y=m9"]],
      ] as const)
        expect(await shown(harness, await harness.log.offsetBeforeLast("a", count))).toEqual(held);
      expect(await harness.log.offsetBeforeLast("a", 5)).toBe(0);
      expect(await harness.log.offsetBeforeLast("a", 1_000)).toBe(0);
    });

    test("a value stays whatever its age, and whatever is appended to other keys", async () => {
      await using harness = await start({ maxMessages: 3, maxBytes: 1_000 });
      await harness.log.append("a", [value("x", "old")]);
      harness.nowMs += 1_000 * HOUR;
      for (const data of texts(50)) await harness.log.append("a", [value("y", data)]);
      await harness.log.sweep();
      expect(await shown(harness)).toEqual(["x=old", "y=m49"]);
    });

    test("a value is held as it was published: event, kind, time and every byte", async () => {
      await using harness = await start();
      const data = Uint8Array.from({ length: 100_000 }, (_, at) => at & 0xff);
      const message: NewMessage = { event: "état", kind: "bytes", data, key: "日本" };
      await harness.log.append("a", [message, value("b", "")]);
      const [held] = (await harness.read("a")).messages;
      expect(held).toMatchObject({ event: "état", kind: "bytes", key: "日本", timeMs: harness.nowMs });
      expect(Buffer.compare(held?.data ?? NOTHING, data)).toBe(0);
    });

    test("repeats and conditions are as on every channel", async () => {
      await using harness = await start();
      const first = await harness.log.append("a", [value("x", "1")], { idempotencyKey: "k" });
      await harness.log.append("a", [value("x", "2")], { ifOffset: first.offset });
      expect(await harness.log.append("a", [value("x", "1")], { idempotencyKey: "k" })).toEqual({
        ...first,
        appended: 0,
      });
      await expect(
        harness.log.append("a", [value("x", "3")], { ifOffset: first.offset }),
      ).rejects.toMatchObject({ code: "CONFLICT" });
      expect(await shown(harness)).toEqual(["x=2"]);
    });

    test("10,000 keys, each updated many times: what is held is exact", { timeout: 60_000 }, async () => {
      await using harness = await start();
      for (let round = 0; round < 20; round++) {
        const batches = Array.from({ length: 10 }, (_, part) =>
          Array.from({ length: 1_000 }, (_, at) => value(`k${part * 1_000 + at}`, `${round}`)),
        );
        await Promise.all(batches.map((batch) => harness.log.append("a", batch)));
      }
      const state = await harness.log.describe("a");
      expect(state).toMatchObject({ head: 200_000, messages: 10_000, earliest: 1 });
      const { messages } = await harness.read("a");
      expect(messages.map(({ key, data }) => `${key} ${textOf({ data })}`)).toEqual(
        Array.from({ length: 10_000 }, (_, at) => `k${at} 19`),
      );
    });
  });

  describe("deleting a key", () => {
    test("drops its value and holds the deletion, which readers learn it from", async () => {
      await using harness = await start();
      await harness.log.append("a", [value("x", "1"), value("y", "1")]);
      const { offset } = await harness.log.append("a", [deletion("x")]);
      expect(await shown(harness)).toEqual(["y=1", "-x"]);
      expect((await harness.read("a", 2)).messages).toMatchObject([
        { offset, key: "x", kind: "none", event: "message", timeMs: harness.nowMs },
      ]);
      expect((await harness.read("a")).messages[1]?.data).toHaveLength(0);
    });

    test("is forgotten after maxAgeMs, and resumable tells it", async () => {
      await using harness = await start();
      await harness.log.append("a", [value("x", "1"), value("y", "1")]);
      const { offset } = await harness.log.append("a", [deletion("x")]);
      await harness.log.append("a", [value("y", "2")]);
      expect(await harness.read("a")).toMatchObject({ earliest: 1, resumable: 0 });
      harness.nowMs += HOUR;
      expect(await shown(harness)).toEqual(["-x", "y=2"]);
      harness.nowMs += 1;
      expect(await shown(harness)).toEqual(["y=2"]);
      expect(await harness.read("a")).toMatchObject({ earliest: 1, resumable: offset });
      await harness.log.sweep();
      expect(await harness.log.describe("a")).toMatchObject({ earliest: 1, resumable: offset, messages: 1 });
      expect(await harness.log.follow("a")).toMatchObject({ earliest: 1, resumable: offset });
    });

    test("and setting it again lets the deletion go, and nobody has missed anything", async () => {
      await using harness = await start();
      await harness.log.append("a", [value("x", "1"), deletion("x"), value("x", "2")]);
      harness.nowMs += 2 * HOUR;
      expect(await shown(harness)).toEqual(["x=2"]);
      expect(await harness.log.describe("a")).toMatchObject({ resumable: 0, messages: 1 });
    });

    test("twice holds one deletion, the newer one", async () => {
      await using harness = await start();
      await harness.log.append("a", [value("x", "1"), deletion("x")]);
      const { offset } = await harness.log.append("a", [deletion("x"), deletion("never")]);
      expect(await shown(harness)).toEqual(["-x", "-never"]);
      expect((await harness.read("a", offset - 2)).messages).toHaveLength(2);
      harness.nowMs += 2 * HOUR;
      expect(await harness.read("a")).toMatchObject({
        messages: [],
        head: offset,
        resumable: offset,
        earliest: 1,
      });
    });

    test("of every key leaves an empty channel whose head stays", async () => {
      await using harness = await start();
      await harness.log.append(
        "a",
        texts(20).map((key) => value(key, "1")),
      );
      const { offset: head } = await harness.log.append(
        "a",
        texts(20).map((key) => deletion(key)),
      );
      harness.nowMs += 2 * HOUR;
      await harness.log.sweep();
      expect(await harness.log.describe("a")).toMatchObject({ messages: 0, bytes: 0, head, resumable: head });
      expect((await harness.log.append("a", [value("x", "1")])).offset).toBe(head + 1);
    });

    test("deletions are bounded by count and by bytes too: the oldest is forgotten first", async () => {
      await using harness = await start({ maxMessages: 5 });
      for (const key of texts(12)) await harness.log.append("a", [value(key, "1"), deletion(key)]);
      expect(await shown(harness)).toEqual(["-m7", "-m8", "-m9", "-m10", "-m11"]);
      expect(await harness.log.describe("a")).toMatchObject({ messages: 5, resumable: 14, earliest: 1 });
      harness.retention = { ...harness.retention, maxBytes: messageBytes(deletion("m1x")) * 2 };
      await harness.log.sweep();
      expect(await shown(harness)).toEqual(["-m10", "-m11"]);
    });
  });

  describe("a compact channel that is full", () => {
    test("takes as many keys as maxMessages, and CHANNEL_FULL is the next; updates and deletions go on", async () => {
      await using harness = await start({ maxMessages: 3 });
      for (const key of ["x", "y", "z"]) await harness.log.append("a", [value(key, "1")]);
      const full = { code: "CHANNEL_FULL", retryable: false };
      await expect(harness.log.append("a", [value("w", "1")])).rejects.toMatchObject(full);
      expect(await harness.log.describe("a")).toMatchObject({ head: 3, messages: 3 });
      await harness.log.append("a", [value("y", "2")]);
      await harness.log.append("a", [deletion("x"), deletion("nothing")]);
      await harness.log.append("a", [value("w", "1")]);
      expect(await shown(harness)).toEqual(["z=1", "y=2", "-x", "-nothing", "w=1"]);
      await expect(harness.log.append("a", [value("x", "1")])).rejects.toMatchObject(full);
    });

    test("refuses a batch as a whole, and counts what the batch itself deletes", async () => {
      await using harness = await start({ maxMessages: 2 });
      await harness.log.append("a", [value("x", "1"), value("y", "1")]);
      await expect(harness.log.append("a", [value("x", "2"), value("z", "1")])).rejects.toMatchObject({
        code: "CHANNEL_FULL",
      });
      expect(await shown(harness)).toEqual(["x=1", "y=1"]);
      await harness.log.append("a", [value("z", "1"), deletion("x")]);
      expect(await shown(harness)).toEqual(["y=1", "z=1", "-x"]);
    });

    test("an append that was refused may be repeated under its idempotency key", async () => {
      await using harness = await start({ maxMessages: 1 });
      await harness.log.append("a", [value("x", "1")]);
      const again = () => harness.log.append("a", [value("y", "1")], { idempotencyKey: "k" });
      await expect(again()).rejects.toMatchObject({ code: "CHANNEL_FULL" });
      await harness.log.append("a", [deletion("x")]);
      expect(await again()).toMatchObject({ appended: 1 });
      expect(await again()).toMatchObject({ appended: 0 });
    });

    test("by bytes: to the byte, and a value may grow no further", async () => {
      const each = messageBytes(value("x", "12345"));
      await using harness = await start({ maxBytes: 2 * each });
      await harness.log.append("a", [value("x", "12345"), value("y", "12345")]);
      const full = { code: "CHANNEL_FULL" };
      await expect(harness.log.append("a", [value("x", "123456")])).rejects.toMatchObject(full);
      await expect(harness.log.append("a", [value("z", "")])).rejects.toMatchObject(full);
      await harness.log.append("a", [value("x", "1234"), value("y", "123456")]);
      expect(await harness.log.describe("a")).toMatchObject({ messages: 2, bytes: 2 * each });
      expect(await shown(harness)).toEqual(["x=1234", "y=123456"]);
    });

    test("one that is over its bounds since they were lowered takes what does not add to it", async () => {
      await using harness = await start();
      await harness.log.append(
        "a",
        texts(10).map((key) => value(key, "1")),
      );
      harness.retention = { ...harness.retention, maxMessages: 5 };
      await harness.log.sweep();
      expect(await harness.log.describe("a")).toMatchObject({ messages: 10 });
      await harness.log.append("a", [value("m0", "2")]);
      await harness.log.append("a", [deletion("m1"), value("new", "1")]);
      await expect(harness.log.append("a", [value("newer", "1")])).rejects.toMatchObject({
        code: "CHANNEL_FULL",
      });
    });

    test("a channel that the refused append would have been the first of is not created", async () => {
      await using harness = await start({ maxMessages: 1 });
      await expect(harness.log.append("a", [value("x", "1"), value("y", "1")])).rejects.toMatchObject({
        code: "CHANNEL_FULL",
      });
      expect(await harness.log.channels({ prefix: "", after: "", limit: 10 })).toEqual([]);
    });
  });

  describe("truncating a compact channel", () => {
    test("drops values up to an offset; earliest and resumable tell it", async () => {
      await using harness = await start();
      await harness.log.append("a", [value("x", "1"), value("y", "1"), value("z", "1"), value("x", "2")]);
      expect(await harness.log.truncate("a", toOffset(2))).toMatchObject({
        head: 4,
        earliest: 3,
        resumable: 2,
      });
      expect(await shown(harness)).toEqual(["z=1", "x=2"]);
      await harness.log.append("a", [value("y", "2")]);
      expect(await shown(harness)).toEqual(["z=1", "x=2", "y=2"]);
      expect(await harness.log.truncate("a")).toMatchObject({ head: 5, earliest: 6, resumable: 5 });
      expect(await harness.log.describe("a")).toMatchObject({ messages: 0, bytes: 0 });
    });

    test("makes room for keys", async () => {
      await using harness = await start({ maxMessages: 2 });
      await harness.log.append("a", [value("x", "1"), value("y", "1")]);
      await harness.log.truncate("a", toOffset(1));
      await harness.log.append("a", [value("z", "1")]);
      await expect(harness.log.append("a", [value("x", "1")])).rejects.toMatchObject({
        code: "CHANNEL_FULL",
      });
    });

    test("tells the tail", async () => {
      await using harness = await start();
      await harness.log.append("a", [value("x", "1"), value("x", "2")]);
      await harness.log.follow("a");
      const tail = harness.record();
      await harness.log.truncate("a");
      await tail.until(({ events }) => events.length > 0);
      expect(tail.events).toMatchObject([{ channel: "a", earliest: 3, messages: [] }]);
    });
  });

  describe("a channel that becomes compact", () => {
    test("is compacted by the next sweep, and what had no key keeps to the ordinary bounds", async () => {
      await using harness = await LogHarness.start(open, { maxMessages: 6, maxAgeMs: HOUR });
      await harness.log.append("a", [value("gone", "1"), text("gone")]);
      await harness.log.append("a", [
        value("x", "1"),
        text("p"),
        value("x", "2"),
        text("q"),
        value("y", "1"),
      ]);
      await harness.log.append("a", [text("r")]);
      harness.retention = { ...harness.retention, compact: true, maxMessages: 2 };
      await harness.log.sweep();
      expect(await shown(harness)).toEqual(["x=2", "q", "y=1", "r"]);
      expect(await harness.log.describe("a")).toMatchObject({
        head: 8,
        earliest: 3,
        resumable: 4,
        messages: 4,
      });
      harness.nowMs += HOUR + 1;
      expect(await shown(harness)).toEqual(["x=2", "y=1"]);
      expect(await harness.log.describe("a")).toMatchObject({ earliest: 3, resumable: 8 });
    });

    test("or by the next append", async () => {
      await using harness = await LogHarness.start(open);
      await harness.log.append("a", [value("x", "1"), value("y", "1"), value("x", "2")]);
      harness.retention = { ...harness.retention, compact: true };
      await harness.log.append("a", [value("y", "2")]);
      expect(await shown(harness)).toEqual(["x=2", "y=2"]);
      expect(await harness.log.describe("a")).toMatchObject({ messages: 2, earliest: 1, resumable: 0 });
    });

    test("and is so no longer: what it holds stays in order, under the ordinary bounds", async () => {
      await using harness = await start();
      await harness.log.append("a", [value("x", "1"), value("y", "1"), value("x", "2"), value("z", "1")]);
      harness.retention = { ...harness.retention, compact: false, maxMessages: 4 };
      await harness.log.append("a", [value("x", "3")]);
      expect(await shown(harness)).toEqual(["y=1", "x=2", "z=1", "x=3"]);
      await harness.log.append("a", [value("x", "4")]);
      expect(await shown(harness)).toEqual(["x=2", "z=1", "x=3", "x=4"]);
      expect(await harness.log.describe("a")).toMatchObject({ head: 6, earliest: 3, resumable: 2 });
      expect(await shown(harness, await harness.log.offsetBeforeLast("a", 3))).toEqual(["z=1", "x=3", "x=4"]);
    });

    test("a channel that never was tells no resumable", async () => {
      await using harness = await LogHarness.start(open);
      await harness.log.append("a", [value("x", "1"), value("x", "2")]);
      for (const state of [await harness.read("a"), await harness.log.describe("a")])
        expect(state.resumable).toBeUndefined();
    });
  });

  describe.runIf(capabilities.durable)("a restart of a log with compact channels", () => {
    test("keeps values, deletions, resumable and the room that is left", async () => {
      await using harness = await start({ maxMessages: 4 });
      await harness.log.append("a", [value("w", "1"), value("x", "1"), deletion("w"), value("y", "1")]);
      harness.nowMs += HOUR + 1;
      await harness.log.append("a", [value("x", "2"), value("z", "1"), deletion("z"), value("q", "1")]);
      const before = [await harness.read("a"), await harness.log.describe("a")];
      await harness.restart();
      expect([await harness.read("a"), await harness.log.describe("a")]).toEqual(before);
      expect(await harness.log.describe("a")).toMatchObject({ resumable: 3, messages: 4 });
      await harness.log.append("a", [value("y", "2"), value("r", "1")]);
      await expect(harness.log.append("a", [value("s", "1")])).rejects.toMatchObject({
        code: "CHANNEL_FULL",
      });
      expect(await shown(harness)).toEqual(["x=2", "-z", "q=1", "y=2", "r=1"]);
      harness.nowMs += HOUR + 1;
      expect(await harness.read("a")).toMatchObject({ resumable: 7, earliest: 1 });
    });
  });
}
