import { describe, expect, test } from "vitest";
import { LOG_STORE_LIMITS, LogStore } from "../../web/src/logic/log-store.ts";

const lines = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `line ${from + at}`);

describe("the lines of a log in a page", () => {
  test("are placed by their number: what comes twice, late or out of order is there once", () => {
    const store = new LogStore();
    store.place(501, lines(501, 20));
    store.place(1, lines(1, 510));
    store.place(505, lines(505, 3));
    expect(store.total).toBe(520);
    expect(store.missing(1, 520)).toEqual([]);
    for (let number = 1; number <= 520; number++) expect(store.line(number)).toBe(`line ${number}`);
  });

  test("that come twice do not make their block a whole one", () => {
    const store = new LogStore();
    store.announce(500);
    for (let time = 0; time < 2; time++) store.place(1, lines(1, 250));
    expect(store.missing(1, 500)).toEqual([{ from: 251, to: 500 }]);
  });

  test("that are not here are told as ranges within blocks, each block as a whole", () => {
    const store = new LogStore();
    store.announce(1_300);
    store.place(601, lines(601, 100));
    expect(store.missing(590, 1_010)).toEqual([
      { from: 501, to: 600 },
      { from: 701, to: 1_000 },
      { from: 1_001, to: 1_300 },
    ]);
  });

  test("beyond the end, and before the first, are not asked for", () => {
    const store = new LogStore();
    expect(store.missing(-5, 100)).toEqual([]);
    store.announce(3);
    expect(store.missing(-5, 100)).toEqual([{ from: 1, to: 3 }]);
    expect(() => store.place(0, ["line"])).toThrow(new RangeError("a log has no line 0: the first is 1"));
  });

  test(`are held in ${LOG_STORE_LIMITS.maxBlocks} blocks at most; the one looked at longest ago goes, and is missing then`, () => {
    const store = new LogStore();
    const { blockLines, maxBlocks } = LOG_STORE_LIMITS;
    for (let block = 0; block < maxBlocks; block++) store.place(block * blockLines + 1, lines(1, blockLines));
    expect(store.heldBlocks).toBe(maxBlocks);
    store.missing(1, 1); // looked at just now
    store.place(maxBlocks * blockLines + 1, ["one more"]);
    expect(store.heldBlocks).toBe(maxBlocks);
    expect(store.line(1)).toBe("line 1");
    expect(store.line(blockLines + 1)).toBeUndefined();
    expect(store.missing(blockLines + 1, blockLines + 1)).toEqual([{ from: 501, to: 1_000 }]);
  });

  test("are held up to a number of characters, whatever the number of blocks", () => {
    const store = new LogStore({ maxChars: 100 });
    store.place(1, ["x".repeat(60)]);
    store.place(501, ["y".repeat(40)]);
    expect(store.heldBlocks).toBe(2);
    store.place(502, ["z"]);
    expect(store.heldBlocks).toBe(1);
    expect(store.heldChars).toBe(41);
    store.place(502, ["z".repeat(500)]);
    expect(store.line(502)).toHaveLength(500);
  });

  test("that were not sent are counted, and told where they begin; ranges that meet are one", () => {
    const store = new LogStore();
    store.skip(11, 90);
    store.skip(101, 50);
    store.skip(11, 90);
    expect(store.total).toBe(150);
    expect(store.skippedLines).toBe(140);
    expect(store.skippedAt(11)).toEqual({ from: 11, to: 150 });
    expect(store.skippedAt(101)).toBeUndefined();
    expect(store.missing(11, 20)).toEqual([{ from: 1, to: 150 }]);
  });
});
