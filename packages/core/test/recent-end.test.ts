import { type Batch, toOffset } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { Chunk } from "../src/chunk.ts";
import { Encoding } from "../src/encoding.ts";
import { eventFilter } from "../src/index.ts";
import { RecentEnd, type RecentPage } from "../src/recent-end.ts";
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
const encoding = (): Encoding => new Encoding(new CountingFormat(), undefined);
const END = toOffset(1_000_000);

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

function textOf(page: RecentPage | undefined): string {
  return (page?.batches ?? []).map(({ bytes }) => text(bytes)).join("");
}

function offsetsOf({ batches }: RecentPage): readonly number[] {
  return batches.flatMap(({ offsets }) => offsets);
}

describe("a page of the recent end", () => {
  test("holds all that came after an offset, in the middle of a chunk too", () => {
    const page = filled().read(encoding(), offset(12), END, PAGE);
    expect(textOf(page)).toBe("c/13=13;c/14=14;c/15=15;c/16=16;");
    expect(page?.offset).toBe(16);
  });

  test("does not reach back before what it holds", () => {
    expect(filled().read(encoding(), offset(9), END, PAGE)).toBeUndefined();
    expect(filled().read(encoding(), offset(10), END, PAGE)).toBeDefined();
  });

  test("at its end is empty", () => {
    expect(filled().read(encoding(), offset(16), END, PAGE)).toMatchObject({ batches: [], offset: 16 });
  });

  test.each([1, 2, 3, 4, 5, 6, 7])("of %i messages goes on exactly where it ended", (maxMessages) => {
    const recent = filled();
    let pages = "";
    for (let at = offset(10); at < 16;) {
      const page = recent.read(encoding(), at, END, { maxMessages, maxBytes: 1_000_000 });
      if (page === undefined) throw new Error("no page");
      expect(offsetsOf(page).length).toBeLessThanOrEqual(maxMessages);
      pages += textOf(page);
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
        const page = recent.read(encoding(), at, END, { maxMessages: 1_000, maxBytes });
        if (page === undefined) throw new Error("no page");
        expect(textOf(page).length).toBeLessThanOrEqual(Math.max(8, maxBytes));
        pages += textOf(page);
        at = page.offset;
      }
      expect(pages).toBe("c/11=11;c/12=12;c/13=13;c/14=14;c/15=15;c/16=16;");
    },
  );

  test("through a filter passes over what it leaves out, at its end too", () => {
    const filtered = new Encoding(new CountingFormat(), eventFilter(["x"]));
    const page = filled().read(filtered, offset(10), END, PAGE);
    expect(textOf(page)).toBe("c/12=12;c/15=15;");
    expect(page?.offset).toBe(16);
    const first = filled().read(filtered, offset(10), END, { ...PAGE, maxMessages: 1 });
    expect(first).toMatchObject({ batches: [{ offsets: [12] }], offset: 12 });
  });
});

describe("parts of a channel that are flushed in turn", () => {
  const chunkOf = (before: number, last: number): Chunk => {
    const offsets = Array.from({ length: last - before }, (_, at) => before + at + 1);
    const messages = offsets.map((of) => ({ ...number(of), offset: toOffset(of), timeMs: 0 }));
    return new Chunk(toOffset(before), messages, { channel: "c", epoch: "e1" }, allocate);
  };
  const textOfAll = (batches: readonly Batch[]): string => batches.map(({ bytes }) => text(bytes)).join("");

  test("share what the first of them has encoded, wherever each of them ends", () => {
    const recent = new RecentEnd(toOffset(0), 100_000, allocate);
    const format = new CountingFormat();
    // As far as each part has come, and what it hands on next.
    for (const [before, last, expected] of [
      [0, 2, "c/1=1;c/2=2;"],
      [0, 3, "c/1=1;c/2=2;c/3=3;"],
      [2, 5, "c/3=3;c/4=4;c/5=5;"],
      [3, 4, "c/4=4;"],
      [4, 5, "c/5=5;"],
      [0, 6, "c/1=1;c/2=2;c/3=3;c/4=4;c/5=5;c/6=6;"],
    ] as const) {
      const chunk = chunkOf(before, last);
      recent.push(chunk);
      expect(textOfAll(recent.encode(chunk, new Encoding(format, undefined)))).toBe(expected);
    }
    expect(format.writes).toBe(6);
  });

  test("find what they have yet to hand on, whatever the limit", () => {
    const recent = new RecentEnd(toOffset(0), 0, allocate);
    const behind = { head: offset(1) };
    for (const part of [behind, { head: offset(3) }]) recent.parts.add(part);
    const each = encoding();
    for (const [before, last] of [
      [0, 1],
      [1, 2],
      [2, 3],
    ] as const) {
      recent.push(chunkOf(before, last));
      recent.trim();
    }
    expect(recent.read(each, offset(0), END, PAGE)).toBeUndefined();
    expect(textOf(recent.read(each, offset(1), END, PAGE))).toBe("c/2=2;c/3=3;");
    recent.parts.delete(behind);
    recent.trim();
    expect(recent.bytes).toBe(0);
  });

  test("encode for themselves what is there no more", () => {
    const recent = new RecentEnd(toOffset(0), 0, allocate);
    const first = chunkOf(0, 2);
    recent.push(first);
    recent.trim();
    const second = chunkOf(1, 2);
    recent.push(second);
    expect(textOfAll(recent.encode(second, encoding()))).toBe("c/2=2;");
    expect(recent.bytes).toBe(0);
  });

  test("of what they wait for 4 MiB are kept at most", () => {
    const recent = new RecentEnd(toOffset(0), 0, allocate);
    recent.parts.add({ head: offset(0) });
    for (let at = 1; at <= 6; at++) {
      const message = { ...sized(1_000_000), offset: toOffset(at), timeMs: 0 };
      recent.push(new Chunk(toOffset(at - 1), [message], { channel: "c", epoch: "e1" }, allocate));
      recent.trim();
      expect(recent.bytes).toBeLessThanOrEqual(4_194_304);
    }
    expect(recent.bytes).toBeGreaterThan(4_000_000);
  });

  test("read no further than they have handed on", () => {
    const page = filled().read(encoding(), offset(10), offset(12), PAGE);
    expect(textOf(page)).toBe("c/11=11;c/12=12;");
    expect(page?.offset).toBe(12);
  });

  test("encode each message once, whichever of them is first", async () => {
    const { hub, turns, publish } = openHub({ maxFlushReaders: 3 });
    const format = new CountingFormat();
    const all = Array.from({ length: 10 }, () => startReader(hub, { format }));
    await settled();
    for (let value = 1; value <= 50; value++) {
      await publish("c", value);
      // One turn flushes one part.
      turns.end();
    }
    await turns.settle();
    const expected = Array.from({ length: 50 }, (_, at) => `c/${at + 1}=${at + 1};`).join("");
    for (const { told } of all) expect(told.slice(2).join("")).toBe(expected);
    expect(format.writes).toBe(50);
  });
});

describe("what many flushes brought, read from many places", () => {
  const CHUNKS = 1_000;
  /** So many chunks of one message each, and what each read after an offset gives. */
  function opened(): { recent: RecentEnd; push: (of: number) => void } {
    const recent = new RecentEnd(toOffset(0), 10_000_000, allocate);
    const push = (of: number): void => {
      const messages = [{ ...number(of), offset: toOffset(of), timeMs: 0 }];
      recent.push(new Chunk(toOffset(of - 1), messages, { channel: "c", epoch: "e1" }, allocate));
    };
    for (let of = 1; of <= CHUNKS; of++) push(of);
    return { recent, push };
  }

  test("is a few pieces, and each reader is given the same bytes of them, uncopied", () => {
    const { recent } = opened();
    const each = encoding();
    const buffers = new Set<ArrayBufferLike>();
    for (let after = 0; after < CHUNKS; after++) {
      const page = recent.read(each, offset(after), END, PAGE);
      expect(page?.batches.length).toBeLessThanOrEqual(30);
      for (const { bytes } of page?.batches ?? []) buffers.add(bytes.buffer);
    }
    expect(buffers.size).toBeLessThanOrEqual(30);
  });

  test("while more is published costs each message a few copies, however many read", () => {
    let copied = 0;
    const counting = (size: number): Uint8Array => {
      copied += size;
      return new Uint8Array(size);
    };
    const recent = new RecentEnd(toOffset(0), 10_000_000, counting);
    const each = encoding();
    let bytes = 0;
    for (let of = 1; of <= CHUNKS; of++) {
      const messages = [{ ...number(of), offset: toOffset(of), timeMs: 0 }];
      recent.push(new Chunk(toOffset(of - 1), messages, { channel: "c", epoch: "e1" }, counting));
      bytes += `c/${of}=${of};`.length;
      for (let reader = 0; reader < 10; reader++) recent.read(each, offset(0), END, PAGE);
    }
    expect(copied / bytes).toBeLessThanOrEqual(20);
  });

  test("is encoded once for a lane", () => {
    const { recent, push } = opened();
    const format = new CountingFormat();
    const each = new Encoding(format, undefined);
    for (let of = CHUNKS + 1; of <= CHUNKS + 100; of++) {
      for (let reader = 0; reader < 10; reader++) recent.read(each, offset(of % CHUNKS), END, PAGE);
      push(of);
    }
    recent.read(each, offset(0), END, { maxMessages: 1_000_000, maxBytes: 1_000_000 });
    expect(format.writes).toBe(CHUNKS + 100);
  });
});

describe("memory", () => {
  test("the oldest go first, until messages and encodings are within the limit", () => {
    const recent = filled();
    const whole = recent.bytes;
    const small = filled(whole - 1);
    small.trim();
    expect(small.read(encoding(), offset(12), END, PAGE)).toBeUndefined();
    expect(small.read(encoding(), offset(13), END, PAGE)).toBeDefined();
    expect(small.bytes).toBeLessThan(whole);
  });

  test("encodings of many lanes do not make it grow", () => {
    const recent = filled(4_000);
    for (let lanes = 0; lanes < 200; lanes++)
      recent.read(new Encoding(new CountingFormat(`f${lanes}`), undefined), offset(13), END, PAGE);
    expect(recent.bytes).toBeLessThanOrEqual(4_000);
  });

  test("what a lane's encodings took is given back", () => {
    const recent = filled();
    const each = encoding();
    recent.read(each, offset(10), END, PAGE);
    // Chunks are merged by the first read.
    recent.keepOnly(new Set());
    const { bytes } = recent;
    recent.read(each, offset(10), END, PAGE);
    expect(recent.bytes).toBeGreaterThan(bytes);
    recent.keepOnly(new Set());
    expect(recent.bytes).toBe(bytes);
  });

  test("a chunk that has gone is encoded without being counted again", () => {
    const recent = new RecentEnd(toOffset(0), 0, allocate);
    const messages = [{ ...number(1), offset: toOffset(1), timeMs: 0 }];
    const chunk = new Chunk(toOffset(0), messages, { channel: "c", epoch: "e1" }, allocate);
    recent.push(chunk);
    recent.trim();
    expect(recent.encode(chunk, encoding()).map(({ bytes }) => text(bytes))).toEqual(["c/1=1;"]);
    expect(recent.bytes).toBe(0);
  });

  test("a limit of 0 holds nothing", () => {
    const recent = filled(0);
    recent.trim();
    expect(recent.bytes).toBe(0);
    expect(recent.read(encoding(), offset(15), END, PAGE)).toBeUndefined();
    expect(recent.read(encoding(), offset(16), END, PAGE)).toBeDefined();
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
      const rest = Array.from({ length: 100 - (at % 100) }, (_, back) => (at % 100) + back + 1);
      expect(told.slice(1, -1).join("")).toBe(rest.map((value) => `c/${value}=${value};`).join(""));
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
      expect(told.at(-2)).toMatch(/c\/10=10;$/);
    }
    expect(double?.calls).toHaveLength(calls as number);
    expect(format.writes).toBe(10);
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
