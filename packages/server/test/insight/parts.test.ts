import { DEFAULT_RETENTION, MemoryLog } from "@tidings/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Activity } from "../../src/insight/activity.ts";
import { Best } from "../../src/insight/best.ts";
import { Events } from "../../src/insight/events.ts";
import { listEvents } from "../../src/insight/event-list.ts";
import { Inventory } from "../../src/insight/inventory.ts";
import { EVENTS, isOfNode } from "../../src/insight/names.ts";
import { Values } from "../../src/insight/quantiles.ts";
import { meanOf, type Sample } from "../../src/insight/sample.ts";
import { Slices } from "../../src/insight/slices.ts";

function openLog(): MemoryLog {
  return new MemoryLog({ retentionOf: () => DEFAULT_RETENTION, nowMs: Date.now, newEpoch: () => "e1" });
}

test("a node's own channels are those in which it tells of itself, and no others", () => {
  const own = ["$tidings/stats", "$tidings/stats/10s", "$tidings/events", "$tidings/top/channels/rate"];
  expect(own.every(isOfNode)).toBe(true);
  const others = [
    "$tidings/canary",
    "$tidings/revocations",
    "$tidings/statistics",
    "stats",
    "a/$tidings/stats",
  ];
  expect(others.some(isOfNode)).toBe(false);
});

describe("the best of many", () => {
  test("are those that sorting all of them would give", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(50), { maxLength: 600 }),
        fc.integer({ min: 1, max: 9 }),
        (values, most) => {
          const best = new Best<number>(most);
          values.forEach((value, at) => best.add(at, value));
          const sorted = values
            .map((value, at) => ({ value, at }))
            .sort((a, b) => b.value - a.value || a.at - b.at);
          expect(best.take()).toEqual(sorted.slice(0, most).map(({ at }) => at));
          expect(best.count).toBe(values.length);
        },
      ),
    );
  });
});

describe("values", () => {
  test("are told by their quantiles, and begin anew", () => {
    const values = new Values();
    for (let value = 1; value <= 100; value++) values.add(value);
    expect(values.take()).toEqual({ p50: 50, p99: 99, max: 100, count: 100 });
    expect(values.take()).toBeNull();
  });

  test("are bounded: of more than 512 the newest count", () => {
    const values = new Values();
    for (let value = 1; value <= 2_000; value++) values.add(value);
    expect(values.take()).toMatchObject({ max: 2_000, count: 2_000, p50: 1_744 });
  });
});

describe("the mean of samples", () => {
  const sample = (inRate: number, p99: number | null, refused: Record<string, number>): Sample =>
    ({
      node: "n1",
      in: { messages: inRate, bytes: 0 },
      deliveryMs: p99 === null ? null : { p50: 1, p99, max: p99, count: 2 },
      refused,
    }) as unknown as Sample;

  test("has the mean of rates, the greatest of what stands out, and the sum of what was counted", () => {
    const mean = meanOf([sample(10, 4, { NOT_FOUND: 2 }), sample(20, 900, {}), sample(0, null, {})]);
    expect(mean).toMatchObject({
      node: "n1",
      in: { messages: 10 },
      deliveryMs: { p50: 1, p99: 900, count: 4 },
      refused: { NOT_FOUND: 0.667 },
    });
  });

  test("has nothing of what there never was", () => {
    expect(meanOf([sample(1, null, {}), sample(1, null, {})]).deliveryMs).toBeNull();
  });
});

describe("what is published on a channel", () => {
  test("is not counted while nobody wants to know", () => {
    let nowMs = 0;
    const activity = new Activity(() => nowMs);
    activity.add("a", 1, 10);
    expect([[...activity.channels()], activity.of("a")]).toEqual([[], null]);
    activity.want();
    activity.add("a", 1, 10);
    nowMs = 2_000;
    expect(activity.of("a")).toEqual({ messagesPerSecond: 0.5, bytesPerSecond: 5 });
  });

  test("is a rate of the last seconds, and is forgotten when nobody has asked for a minute", () => {
    let nowMs = 0;
    const activity = new Activity(() => nowMs);
    activity.want();
    for (; nowMs < 20_000; nowMs += 1_000) {
      activity.add("a", 3, 30);
      activity.tick();
    }
    expect(activity.of("a")?.messagesPerSecond).toBeCloseTo(3, 0);
    for (; nowMs < 40_000; nowMs += 1_000) activity.tick();
    expect(activity.of("a")).toEqual({ messagesPerSecond: 0, bytesPerSecond: 0 });
    nowMs = 61_000;
    activity.tick();
    expect(activity.of("a")).toBeNull();
  });
});

describe("events", () => {
  test("of one code are told one by one up to a bound; the others are summed up, and cost no log", async () => {
    const log = openLog();
    const events = new Events(log, () => 0);
    let asked = 0;
    const about = (): object => {
      asked++;
      return { message: "x".repeat(2_000) };
    };
    for (let at = 0; at < 10_000; at++) events.refused("NOT_FOUND", about);
    events.refused("RATE_LIMITED", about);
    expect(asked).toBe(51);
    events.tick();
    const wanted = { search: "", sinceMs: 0, limit: 200, skip: 0 };
    const { rows, count } = await listEvents(log, wanted);
    expect(count).toBe(52);
    expect(rows[0]).toMatchObject({ kind: "more", counts: { "refused NOT_FOUND": 9_950 } });
    expect(rows[1]).toMatchObject({ kind: "refused", code: "RATE_LIMITED" });
    expect(String(rows[1]?.["message"])).toHaveLength(301);
    // Nothing is left to sum up.
    events.tick();
    expect((await log.describe(EVENTS)).head).toBe(52);
    const found = await listEvents(log, { ...wanted, code: "NOT_FOUND", limit: 2, skip: 1 });
    expect([found.count, found.rows.map(({ kind }) => kind)]).toEqual([51, ["refused", "refused"]]);
  });
});

describe("long work", () => {
  test("an inventory of 100,000 channels leaves turns to others, and has all of them", async () => {
    const log = openLog();
    const message = { event: "message", kind: "json" as const, data: new Uint8Array([0x31]) };
    for (let at = 0; at < 100_000; at++) await log.append(`c/${at}`, [message]);
    const inventory = new Inventory(log);
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns++;
      if (!isOver) setImmediate(turn);
    };
    turn();
    await inventory.want(60_000);
    isOver = true;
    expect([inventory.isWhole, inventory.held.length]).toEqual([true, 100_000]);
    // A page of a hundred at a time.
    expect(turns).toBeGreaterThan(1_000);
    inventory.close();
  });

  test("gives the event loop back when a slice of it is over", async () => {
    const slices = new Slices();
    let turns = 0;
    setImmediate(() => turns++);
    // Far more than a slice: a machine with other work to do may let one last.
    const untilMs = performance.now() + 5_000;
    while (turns === 0 && performance.now() < untilMs) if (slices.isOver) await slices.next();
    expect(turns).toBe(1);
  });
});
