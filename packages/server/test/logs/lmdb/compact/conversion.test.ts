import { type Log, MemoryLog, type Retention } from "@tidings/core";
import type { NewMessage, Offset } from "@tidings/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LmdbLog } from "../../../../src/logs/lmdb/index.ts";
import { plainOptions, temporaryFolder } from "../opened.ts";

const NONE = Number.POSITIVE_INFINITY;
const WHOLE = { maxMessages: NONE, maxBytes: NONE };
const ALL: Retention = { maxMessages: NONE, maxBytes: NONE, maxAgeMs: NONE };
const COMPACT: Retention = { ...ALL, compact: true };
const START = 0 as Offset;

function value(key: string | undefined, text: string): NewMessage {
  const plain = { event: "message", kind: "text" as const, data: Buffer.from(text) };
  return key === undefined ? plain : { ...plain, key };
}

function deletion(key: string): NewMessage {
  return { event: "message", kind: "none", data: new Uint8Array(0), key };
}

/** What a log holds, one line a message. */
async function held(log: Log): Promise<readonly string[]> {
  const { messages } = await log.read("a", START, WHOLE);
  return messages.map(
    ({ offset, key, kind, data }) => `${offset} ${key ?? ""} ${kind} ${Buffer.from(data).toString()}`,
  );
}

/** An ordinary channel of 20,000 messages over 500 keys, one of ten without a key. */
async function fill(log: Log): Promise<void> {
  const messages = Array.from({ length: 20_000 }, (_, at) =>
    value(at % 10 === 3 ? undefined : `k${(at * 7) % 500}`, `${at}`.padEnd(60)),
  );
  for (let from = 0; from < messages.length; from += 1_000)
    await log.append("a", messages.slice(from, from + 1_000));
}

const FILLED = Array.from({ length: 20_000 }, (_, at) => at);
/** Offsets that such a channel holds once it is compacted. */
const KEPT = FILLED.filter((at) => at % 10 === 3 || at >= 19_500).map((at) => at + 1);

describe("a channel whose policy has changed", () => {
  test("is converted in many commits, and whoever looks meanwhile sees it as it is to be", async () => {
    await using folder = await temporaryFolder();
    const options = plainOptions(folder.path);
    let retention = ALL;
    const log = await LmdbLog.open({ ...options, retentionOf: () => retention });
    await fill(log);
    await log.append("other", [value("x", "1")]);
    retention = COMPACT;
    const [page, state, last, listed, appended, other] = await Promise.all([
      log.read("a", START, WHOLE),
      log.describe("a"),
      log.offsetBeforeLast("a", 100),
      log.channels({ prefix: "", after: "", limit: 10 }),
      log.append("a", [value("new", "1")]),
      log.append("other", [value("x", "2")]),
    ]);
    const expected = KEPT.filter((offset) => page.head > 20_000 || offset <= 20_000);
    expect(page.messages.map(({ offset }) => offset).filter((offset) => offset <= 20_000)).toEqual(expected);
    expect(state.messages).toBeGreaterThanOrEqual(KEPT.length);
    expect(last).toBeGreaterThanOrEqual(19_900);
    expect(listed.map(({ channel }) => channel)).toEqual(["a", "other"]);
    expect([appended.offset, other.offset]).toEqual([20_001, 2]);
    expect(await log.describe("other")).toMatchObject({ messages: 1, resumable: 0 });
    await log.close();
  });

  test("goes on where it was when the process ends in the middle", async () => {
    await using folder = await temporaryFolder();
    const options = plainOptions(folder.path);
    const before = await LmdbLog.open(options);
    await fill(before);
    await before.close();
    for (let round = 0; ; round++) {
      // Closed after one commit of its conversion each time: what waits then is refused.
      const log = await LmdbLog.open({ ...options, retentionOf: () => COMPACT });
      const described = log.describe("a").catch((error: { code: string }) => error.code);
      await new Promise((resolve) => setImmediate(resolve));
      await log.close();
      const answer = await described;
      if (typeof answer === "object") {
        expect(round).toBeGreaterThan(2);
        expect(answer).toMatchObject({ messages: KEPT.length, earliest: 1, head: 20_000 });
        break;
      }
      expect(answer).toBe("LOG_UNAVAILABLE");
      expect(round).toBeLessThan(20);
    }
    const log = await LmdbLog.open({ ...options, retentionOf: () => COMPACT });
    const { messages } = await log.read("a", START, WHOLE);
    expect(messages.map(({ offset }) => offset)).toEqual(KEPT);
    await log.close();
  });

  test("and back: all that was held is held, until the ordinary bounds drop it; then no holes are left", async () => {
    await using folder = await temporaryFolder();
    let retention = COMPACT;
    const log = await LmdbLog.open({ ...plainOptions(folder.path), retentionOf: () => retention });
    await fill(log);
    retention = ALL;
    expect((await log.read("a", START, WHOLE)).messages.map(({ offset }) => offset)).toEqual(KEPT);
    retention = { ...ALL, maxMessages: 600 };
    expect(await log.describe("a")).toMatchObject({ messages: 600, head: 20_000 });
    await log.append(
      "a",
      Array.from({ length: 599 }, (_, at) => value("x", `${at}`)),
    );
    expect(await log.describe("a")).toMatchObject({ messages: 600, earliest: 20_000 });
    await log.append("a", [value("x", "one"), value("x", "more")]);
    const state = await log.describe("a");
    expect(state).toMatchObject({ messages: 600, earliest: 20_002 });
    expect(state.resumable).toBeUndefined();
    await log.append(
      "a",
      Array.from({ length: 1_000 }, (_, at) => value("x", `${at}`)),
    );
    expect((await log.read("a", START, WHOLE)).messages.map(({ offset }) => offset)).toEqual(
      Array.from({ length: 600 }, (_, at) => 21_002 + at),
    );
    await log.close();
  });

  test(
    "any number of times, in any history: it holds what a log in memory holds",
    { timeout: 60_000 },
    async () => {
      const message = fc.record({
        key: fc.option(fc.constantFrom("x", "y", "z", "é".repeat(2_000)), { freq: 5, nil: undefined }),
        isDeletion: fc.boolean(),
        size: fc.nat(300),
      });
      const bound = fc.oneof({ weight: 3, arbitrary: fc.constant(NONE) }, fc.nat(12));
      const step = fc.oneof(
        { weight: 6, arbitrary: fc.array(message, { minLength: 1, maxLength: 8 }) },
        {
          weight: 2,
          arbitrary: fc.record({ compact: fc.boolean(), maxMessages: bound, maxAgeMs: bound }),
        },
        { weight: 1, arbitrary: fc.constantFrom("truncate" as const, "restart" as const, "wait" as const) },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          await using folder = await temporaryFolder();
          let retention = ALL;
          let nowMs = 1_000_000;
          const options = { ...plainOptions(folder.path), retentionOf: () => retention, nowMs: () => nowMs };
          const memory = new MemoryLog(options);
          let log = await LmdbLog.open(options);
          for (const each of steps) {
            if (each === "restart") {
              await log.close();
              log = await LmdbLog.open(options);
            } else if (each === "wait") nowMs += 7;
            else if (each === "truncate") {
              const { head } = await memory.describe("a");
              for (const one of [memory, log]) await one.truncate("a", Math.floor(head * 0.6) as Offset);
            } else if (Array.isArray(each)) {
              const batch = each.map(({ key, isDeletion, size }) =>
                isDeletion && key !== undefined ? deletion(key) : value(key, "v".repeat(size)),
              );
              const answers = [memory, log].map((one) =>
                one.append("a", batch).then(
                  ({ offset }) => offset,
                  ({ code }: { code: string }) => code,
                ),
              );
              expect(await answers[1]).toBe(await answers[0]);
            } else {
              // A channel may be over the bounds that it has now; what the old ones drop, they drop before.
              for (const one of [memory, log]) await one.sweep();
              retention = { ...ALL, ...each };
            }
            for (const one of [memory, log]) await one.sweep();
            expect(await held(log)).toEqual(await held(memory));
            const { messages, bytes, head, earliest } = await memory.describe("a");
            expect(await log.describe("a")).toMatchObject({ messages, bytes, head, earliest });
          }
          await log.close();
        }),
        { numRuns: 40 },
      );
    },
  );
});
