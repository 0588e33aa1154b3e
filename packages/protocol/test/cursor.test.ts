import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Cursor,
  formatCursor,
  formatPosition,
  MAX_COMPACT_CURSOR_BYTES,
  parseCursor,
  parsePosition,
  toOffset,
} from "../src/cursor.ts";
import { checkChannel } from "../src/names.ts";
import { anyUnits, isAccepted, oneOf } from "./arbitraries.ts";

const epoch = fc.string({
  unit: oneOf("abcdefghijklmnopqrstuvwxyz0123456789"),
  minLength: 1,
  maxLength: 32,
});
const offset = fc.maxSafeNat().map(toOffset);
const cursor: fc.Arbitrary<Cursor> = fc.oneof(
  fc.record({ epoch, offset }),
  fc.record({ epoch, offset, begunAt: offset }).filter(({ offset: at, begunAt }) => begunAt > at),
);
const channel = fc
  .string({ unit: oneOf("aZ09._~-/$"), minLength: 1, maxLength: 20 })
  .filter((name) => isAccepted(checkChannel, name));

describe("cursors", () => {
  test("are written as epoch, point, offset", () => {
    expect(formatCursor({ epoch: "k3x9f2ab", offset: toOffset(42) })).toBe("k3x9f2ab.42");
  });

  test("of a reader that is still given a compact channel's state say what was gone as it began", () => {
    const begun = { epoch: "k3", offset: toOffset(7), begunAt: toOffset(42) };
    expect(formatCursor(begun)).toBe("k3.7~42");
    expect(parseCursor("k3.7~42")).toEqual(begun);
    expect(formatCursor({ ...begun, offset: toOffset(42) })).toBe("k3.42");
    expect(formatPosition([["a", begun]])).toBe("a@k3.7~42");
    expect(parsePosition("a@k3.7~42,b@k3.1")?.get("a")).toEqual(begun);
  });

  test("are read back as they were written, and have no second spelling", () => {
    fc.assert(
      fc.property(cursor, (given) => {
        expect(parseCursor(formatCursor(given))).toEqual(given);
        expect(formatCursor(given).length).toBeLessThanOrEqual(MAX_COMPACT_CURSOR_BYTES);
      }),
    );
    fc.assert(
      fc.property(
        fc.oneof(anyUnits, fc.stringMatching(/^[a-z0-9]{1,3}\.[0-9]{1,17}(~[0-9]{1,17})?$/)),
        (text) => {
          const read = parseCursor(text);
          if (read !== undefined) expect(formatCursor(read)).toBe(text);
        },
      ),
    );
  });

  test("an epoch has 1 to 32 characters, an offset is a safe integer", () => {
    expect(parseCursor(`${"a".repeat(32)}.0`)?.epoch).toBe("a".repeat(32));
    expect(parseCursor(`${"a".repeat(33)}.0`)).toBeUndefined();
    expect(parseCursor("a.9007199254740991")?.offset).toBe(Number.MAX_SAFE_INTEGER);
    expect(parseCursor("a.9007199254740992")).toBeUndefined();
    expect(parseCursor("a.9999999999999999")).toBeUndefined();
  });

  test.each([
    ["nothing", ""],
    ["no point", "a"],
    ["no epoch", ".1"],
    ["no offset", "a."],
    ["a leading zero", "a.01"],
    ["a sign", "a.-1"],
    ["a plus", "a.+1"],
    ["an exponent", "a.1e3"],
    ["a fraction", "a.1.5"],
    ["a mark that says nothing new", "a.5~5"],
    ["a mark that is behind", "a.5~4"],
    ["a mark with a leading zero", "a.5~06"],
    ["a mark without a number", "a.5~"],
    ["two marks", "a.5~6~7"],
    ["a mark beyond all numbers", "a.5~9999999999999999"],
    ["a capital", "A.1"],
    ["a space before", " a.1"],
    ["a space after", "a.1 "],
    ["a line end after", "a.1\n"],
    ["a quote", '"a.1"'],
    ["a digit that is not ASCII", "a.١"],
    ["a word of the query", "earliest"],
    ["a composite position", "c@a.1"],
  ])("%s is not a cursor", (_, text) => {
    expect(parseCursor(text)).toBeUndefined();
  });
});

describe("composite positions", () => {
  test("name each channel with its cursor", () => {
    const position = formatPosition([
      ["a", { epoch: "k3", offset: toOffset(42) }],
      ["b/c", { epoch: "k3", offset: toOffset(7) }],
    ]);
    expect(position).toBe("a@k3.42,b/c@k3.7");
  });

  test("are read back as they were written, in order", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(channel, cursor), { selector: ([name]) => name }), (entries) => {
        expect([...(parsePosition(formatPosition(entries)) ?? [])]).toEqual(entries);
      }),
    );
  });

  test("of no channels are empty", () => {
    expect(formatPosition([])).toBe("");
    expect(parsePosition("")).toEqual(new Map());
  });

  test("a channel named twice keeps its last cursor", () => {
    expect(parsePosition("a@e.1,a@e.2")).toEqual(new Map([["a", { epoch: "e", offset: 2 }]]));
  });

  test("a channel may have the name of a member of objects", () => {
    expect([...(parsePosition("__proto__@e.1,constructor@e.2") ?? [])]).toEqual([
      ["__proto__", { epoch: "e", offset: 1 }],
      ["constructor", { epoch: "e", offset: 2 }],
    ]);
  });

  test.each([
    "a",
    "@e.1",
    "a@",
    "a@e",
    "a@e.1,",
    ",a@e.1",
    "a@e.1,,b@e.2",
    "a@b@e.1",
    "a@e.1, b@e.2",
    "a@e.01",
  ])("%j is not a position", (text) => {
    const position = parsePosition(text);
    // The names are the caller's to check: a space is a name that no channel has.
    const isRefused =
      position === undefined || [...position.keys()].some((name) => !isAccepted(checkChannel, name));
    expect(isRefused).toBe(true);
  });

  test("no text is too strange to be answered", () => {
    fc.assert(fc.property(anyUnits, (text) => void parsePosition(text)));
  });
});
