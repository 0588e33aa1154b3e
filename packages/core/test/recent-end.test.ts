import { toOffset } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { Chunk } from "../src/chunk.ts";
import { eventFilter } from "../src/index.ts";
import { Lane } from "../src/lane.ts";
import { RecentEnd } from "../src/recent-end.ts";
import {
  CountingFormat,
  cursor,
  number,
  offset,
  openHub,
  PAGE,
  settled,
  sized,
  text,
} from "./support/fixtures.ts";
import { LogDouble } from "./support/log-double.ts";
import { startReader } from "./support/recording-sink.ts";

const allocate = (size: number): Uint8Array => new Uint8Array(size);
const lane = (): Lane => new Lane(new CountingFormat(), undefined);

/** Three chunks, of the messages 11–13, 14 and 15–16; 12 and 15 are of event `x`. */
function filled(maxBytes = 100_000): RecentEnd {
  const recent = new RecentEnd(toOffset(10), maxBytes, allocate);
  let before = 10;
  for (const count of [3, 1, 2]) {
    const messages = Array.from({ length: count }, (_, at) => {
      const of = before + at + 1;
      return { ...number(of, of === 12 || of === 15 ? "x" : "y"), offset: toOffset(of), timeMs: 0 };
    });
    recent.push(new Chunk(toOffset(before), messages, { channel: "c", epoch: "e1" }, allocate));
    before += count;
  }
  return recent;
}

describe("a page of the recent end", () => {
  test("holds all that came after an offset, in the middle of a chunk too", () => {
    const page = filled().read(lane(), offset(12), PAGE);
    expect(text(page?.batch.bytes ?? new Uint8Array())).toBe("c/13=13;c/14=14;c/15=15;c/16=16;");
    expect(page?.offset).toBe(16);
  });

  test("does not reach back before what it holds", () => {
    expect(filled().read(lane(), offset(9), PAGE)).toBeUndefined();
    expect(filled().read(lane(), offset(10), PAGE)).toBeDefined();
  });

  test("at its end is empty", () => {
    expect(filled().read(lane(), offset(16), PAGE)).toMatchObject({ batch: { ends: [] }, offset: 16 });
  });

  test.each([1, 2, 3, 4, 5, 6, 7])("of %i messages goes on exactly where it ended", (maxMessages) => {
    const recent = filled();
    let pages = "";
    for (let at = offset(10); at < 16;) {
      const page = recent.read(lane(), at, { maxMessages, maxBytes: 1_000_000 });
      if (page === undefined) throw new Error("no page");
      expect(page.batch.ends.length).toBeLessThanOrEqual(maxMessages);
      pages += text(page.batch.bytes);
      at = page.offset;
    }
    expect(pages).toBe("c/11=11;c/12=12;c/13=13;c/14=14;c/15=15;c/16=16;");
  });

  test.each([1, 8, 9, 16, 20, 24, 31])(
    "of %i bytes goes on exactly where it ended, a message at a time at least",
    (maxBytes) => {
      const recent = filled();
      let pages = "";
      for (let at = offset(10); at < 16;) {
        const page = recent.read(lane(), at, { maxMessages: 1_000, maxBytes });
        if (page === undefined) throw new Error("no page");
        expect(page.batch.bytes.length).toBeLessThanOrEqual(Math.max(8, maxBytes));
        pages += text(page.batch.bytes);
        at = page.offset;
      }
      expect(pages).toBe("c/11=11;c/12=12;c/13=13;c/14=14;c/15=15;c/16=16;");
    },
  );

  test("through a filter passes over what it leaves out, at its end too", () => {
    const filtered = new Lane(new CountingFormat(), eventFilter(["x"]));
    const page = filled().read(filtered, offset(10), PAGE);
    expect(text(page?.batch.bytes ?? new Uint8Array())).toBe("c/12=12;c/15=15;");
    expect(page?.offset).toBe(16);
    const first = filled().read(filtered, offset(10), { ...PAGE, maxMessages: 1 });
    expect(first).toMatchObject({ batch: { offsets: [12] }, offset: 14 });
  });
});

describe("memory", () => {
  test("the oldest go first, until messages and encodings are within the limit", () => {
    const recent = filled();
    const whole = recent.bytes;
    const small = filled(whole - 1);
    small.trim();
    expect(small.read(lane(), offset(12), PAGE)).toBeUndefined();
    expect(small.read(lane(), offset(13), PAGE)).toBeDefined();
    expect(small.bytes).toBeLessThan(whole);
  });

  test("encodings of many lanes do not make it grow", () => {
    const recent = filled(4_000);
    for (let lanes = 0; lanes < 200; lanes++)
      recent.read(new Lane(new CountingFormat(`f${lanes}`), undefined), offset(13), PAGE);
    expect(recent.bytes).toBeLessThanOrEqual(4_000);
  });

  test("what a lane's encodings took is given back", () => {
    const recent = filled();
    const { bytes } = recent;
    const each = lane();
    recent.read(each, offset(10), PAGE);
    expect(recent.bytes).toBeGreaterThan(bytes);
    recent.forget(each);
    expect(recent.bytes).toBe(bytes);
  });

  test("a chunk that has gone is encoded without being counted again", () => {
    const recent = new RecentEnd(toOffset(0), 0, allocate);
    const messages = [{ ...number(1), offset: toOffset(1), timeMs: 0 }];
    const chunk = new Chunk(toOffset(0), messages, { channel: "c", epoch: "e1" }, allocate);
    recent.push(chunk);
    recent.trim();
    expect(text(recent.encode(chunk, lane()).bytes)).toBe("c/1=1;");
    expect(recent.bytes).toBe(0);
  });

  test("a limit of 0 holds nothing", () => {
    const recent = filled(0);
    recent.trim();
    expect(recent.bytes).toBe(0);
    expect(recent.read(lane(), offset(15), PAGE)).toBeUndefined();
    expect(recent.read(lane(), offset(16), PAGE)).toBeDefined();
  });
});

describe("readers that come back near the head", () => {
  test("cost no read of the log and, but for the first of a lane, no encoding", async () => {
    let double: LogDouble | undefined;
    const { hub, turns, publish } = openHub({ wrap: (log) => (double = new LogDouble(log)) });
    const format = new CountingFormat();
    startReader(hub, { format });
    await settled();
    for (let value = 1; value <= 100; value++) {
      await publish("c", value);
      await turns.settle();
    }
    const calls = double?.calls.length;
    const { writes } = format;
    for (let at = 0; at < 80; at++) {
      const { told } = startReader(hub, { format, start: { at: "cursor", cursor: cursor("e1", at % 100) } });
      expect(told).toHaveLength(3);
    }
    expect(double?.calls).toHaveLength(calls as number);
    expect(format.writes).toBe(writes);

    const another = new CountingFormat("another");
    for (let at = 0; at < 80; at++)
      startReader(hub, { format: another, start: { at: "cursor", cursor: cursor("e1", 0) } });
    expect(another.writes).toBe(100);
    const filtered = new CountingFormat("filtered");
    const filter = eventFilter(["message"]);
    for (let at = 0; at < 80; at++)
      startReader(hub, { format: filtered, filter, start: { at: "cursor", cursor: cursor("e1", 0) } });
    expect(filtered.writes).toBe(100);
  });

  test("find all of it also in a part of the channel that they are the first of", async () => {
    let double: LogDouble | undefined;
    const { hub, turns, publish } = openHub({
      maxFlushReaders: 3,
      wrap: (log) => (double = new LogDouble(log)),
    });
    const format = new CountingFormat();
    startReader(hub, { format });
    await settled();
    for (let value = 1; value <= 10; value++) {
      await publish("c", value);
      await turns.settle();
    }
    const calls = double?.calls.length;
    for (let at = 0; at < 30; at++) {
      const { told } = startReader(hub, { format, start: { at: "cursor", cursor: cursor("e1", at % 10) } });
      expect(told).toHaveLength(3);
    }
    expect(double?.calls).toHaveLength(calls as number);
    expect(format.writes).toBeLessThanOrEqual(10 * 11);
    expect(hub.readersOf("c")).toBe(31);
  });

  test("from below what the log still holds are told the gap", async () => {
    const { hub, log, turns, publish } = openHub();
    startReader(hub);
    await settled();
    await publish("c", 1, 2, 3);
    await turns.settle();
    await log.truncate("c", offset(2));
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 1) } });
    const there = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 2) } });
    await settled();
    expect(told).toEqual([
      "opened e1.1",
      "gap expired e1.1 to e1.2, 1 missed",
      "c/3=3;",
      "caught up at e1.3",
    ]);
    expect(there.told).toEqual(["opened e1.2", "c/3=3;", "caught up at e1.3"]);
  });

  test("from further back than it reaches are taken there by the log", async () => {
    const { hub, log, turns } = openHub({ recentBytes: 3_000 });
    startReader(hub);
    await settled();
    for (let at = 0; at < 10; at++) {
      await log.append("c", [sized(at)]);
      await turns.settle();
    }
    const { told } = startReader(hub, { start: { at: "cursor", cursor: cursor("e1", 0) } });
    await settled();
    expect(told.slice(1, -1).join("")).toBe(
      Array.from({ length: 10 }, (_, at) => `c/${at + 1}=${at} bytes;`).join(""),
    );
  });
});
