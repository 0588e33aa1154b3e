import type { Retention } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import { hasNats, NatsServer } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import type { JetStreamLogOptions } from "../../../src/logs/jetstream/index.ts";
import { subjectsOf } from "./api.ts";
import { Node, text, textsOf } from "./node.ts";
import { plainOptions } from "./opened.ts";

const FIVE_MINUTES_MS = 300_000;

/** A log with a clock and a retention of the test's own. */
function bounded(server: NatsServer, retention: Partial<Retention>): JetStreamLogOptions & { atMs: number } {
  const { retentionOf, ...options } = plainOptions(server.url, "tidy");
  const all = { ...retentionOf("a"), ...retention };
  const clock = { atMs: 1_700_000_000_000 };
  return Object.assign(clock, { ...options, retentionOf: () => all, nowMs: () => clock.atMs });
}

describe.runIf(hasNats())("what the stream keeps of a channel (nats-server is installed)", () => {
  test("entries that retention has dropped go with a sweep, and another node finds what is held", async () => {
    await using server = await NatsServer.start();
    const options = bounded(server, { maxMessages: 5, maxAgeMs: 60_000 });
    await using a = await Node.open(options);
    for (let at = 1; at <= 30; at++) await a.log.append("a", [text(`${at}`)]);
    await a.log.sweep();
    expect(await subjectsOf(server, "tidy")).toEqual({ "tidy.log.a": 5 });
    await using b = await Node.open(options);
    expect(await textsOf(b.log)).toEqual(["26", "27", "28", "29", "30"]);
    expect(await b.log.describe("a")).toMatchObject({ head: 30, earliest: 26 });
    // Also of a channel that nobody writes to: the last entry knows where it stands.
    options.atMs += 60_001;
    await b.log.sweep();
    expect(await subjectsOf(server, "tidy")).toEqual({ "tidy.log.a": 1 });
    await using c = await Node.open(options);
    expect(await c.log.describe("a")).toMatchObject({ head: 30, earliest: 31 });
    expect(await c.log.append("a", [text("31")])).toMatchObject({ offset: 31 });
  });

  test("those whose idempotency keys are remembered stay until they are not", async () => {
    await using server = await NatsServer.start();
    const options = bounded(server, { maxMessages: 1 });
    await using a = await Node.open(options);
    const { offset } = await a.log.append("a", [text("one")], { idempotencyKey: "k" });
    for (let at = 0; at < 9; at++) await a.log.append("a", [text(`${at}`)]);
    await a.log.sweep();
    await using b = await Node.open(options);
    expect(await b.log.append("a", [text("one")], { idempotencyKey: "k" })).toMatchObject({
      offset,
      appended: 0,
    });
    options.atMs += FIVE_MINUTES_MS;
    await a.log.sweep();
    expect(await subjectsOf(server, "tidy")).toEqual({ "tidy.log.a": 1 });
  });

  test("a channel that keeps the newest of each key is written anew, and is the same on all nodes", async () => {
    await using server = await NatsServer.start();
    const options = bounded(server, { compact: true });
    await using a = await Node.open(options);
    await using b = await Node.open(options);
    await b.log.follow("a");
    await a.log.append("a", [text("", { key: "gone" }), text("", { key: "gone", kind: "none" })]);
    await a.log.append("a", [text("once", { key: "kept" })], { idempotencyKey: "k" });
    for (let round = 0; round < 30; round++)
      await a.log.append(
        "a",
        Array.from({ length: 50 }, (_, at) => text(`${round}.${at}`, { key: `${at % 5}` })),
      );
    const held = await textsOf(a.log);
    const described = await a.log.describe("a");
    await a.log.sweep();
    options.atMs += FIVE_MINUTES_MS;
    await a.log.append("a", [text("last", { key: "0" })]);
    await a.log.sweep();
    expect(await subjectsOf(server, "tidy")).toEqual({ "tidy.log.a": 2 });
    await using c = await Node.open(options);
    const now = [...held.filter((each) => each !== "29.45"), "last"];
    for (const { log } of [a, b, c]) {
      expect(await textsOf(log)).toEqual(now);
      const { head, earliest, resumable, messages } = await log.describe("a");
      expect({ head: head - 1, earliest, resumable, messages }).toEqual({
        head: described.head,
        earliest: described.earliest,
        resumable: described.resumable,
        messages: described.messages,
      });
    }
    await b.until(({ texts }) => texts.at(-1) === "last");
  });

  test("parts of large batches go ten minutes after the batch", async () => {
    await using server = await NatsServer.start();
    const options = bounded(server, { maxMessages: 2 });
    await using a = await Node.open(options);
    const large = (name: string): readonly ReturnType<typeof text>[] =>
      Array.from({ length: 2 }, () => text(name.padEnd(1_000_000, "x")));
    await a.log.append("a", large("one"));
    await a.log.append("a", large("two"));
    const before = (await subjectsOf(server, "tidy"))["tidy.bulk.a"] ?? 0;
    await a.log.sweep();
    expect(await subjectsOf(server, "tidy")).toEqual({ "tidy.log.a": 1, "tidy.bulk.a": before });
    options.atMs += 2 * FIVE_MINUTES_MS;
    await a.log.sweep();
    expect(await subjectsOf(server, "tidy")).toEqual({ "tidy.log.a": 1, "tidy.bulk.a": before / 2 });
    const { messages } = await a.log.read("a", 0 as Offset, { maxMessages: 2, maxBytes: 10_000_000 });
    expect(messages.map(({ offset }) => offset)).toEqual([3, 4]);
  });
});
