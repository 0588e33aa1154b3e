import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { endOfJson } from "../src/json-scan.ts";
import { hostileText, jsonText } from "./arbitraries.ts";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** Whether the scan takes all of a text as one value. */
function isTaken(text: string): boolean {
  const all = bytes(text);
  const end = endOfJson(all, 0);
  return end >= 0 && /^[ \t\r\n]*$/.test(Buffer.from(all.subarray(end)).toString());
}

function isParsed(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("the end of a JSON value", () => {
  test.each([
    ['{"a":[1,{"b":null}]} ,', 20],
    [" \r\n\t[ ] x", 7],
    ['"\\u00e9\\"\\\\", 1', 12],
    ["-0.5e+10]", 8],
    ["true}", 4],
    ['"é" ', 4],
  ])("%j ends at byte %i", (text, end) => {
    expect(endOfJson(bytes(text), 0)).toBe(end);
  });

  test.each([
    ...["", " ", "{", "[", '"', "-", "tru", "nul", "+1", ".5", "1.", "1e", "1e+", "--1", "-a"],
    ...[
      "[1,]",
      "[,1]",
      "[1 2]",
      "[1}",
      "{]",
      "{,}",
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      '{"a" 1}',
      "{a:1}",
      "{'a':1}",
      "{1:1}",
    ],
    ...[
      '"\n"',
      '"\u0000"',
      '"\\x"',
      '"\\u12g4"',
      '"\\u12"',
      '"\\',
      '"\\"',
      "'a'",
      "NaN",
      "Infinity",
      "undefined",
      "\ufeff1",
    ],
  ])("%j is none", (text) => {
    expect(endOfJson(bytes(text), 0)).toBe(-1);
    expect(isParsed(text)).toBe(false);
  });

  test("it takes 64 levels, and leaves deeper ones to the parser", () => {
    const nested = (levels: number): Uint8Array => bytes("[".repeat(levels) + "]".repeat(levels));
    // The innermost is empty, and nothing has to be known of it.
    expect(endOfJson(nested(65), 0)).toBe(130);
    expect(endOfJson(nested(66), 0)).toBe(-1);
  });

  test("what the engine's parser takes is taken, and nothing else", () => {
    fc.assert(
      fc.property(jsonText, (text) => {
        expect(isTaken(text)).toBe(true);
      }),
    );
    /** JSON in which something was put, left out or cut off. */
    const damaged = fc
      .tuple(
        jsonText,
        fc.nat(1_000),
        fc.nat(3),
        fc.oneof(hostileText, fc.constantFrom(",", "}", "]", ":", "0", "-", "e")),
      )
      .map(([text, place, removed, put]) => {
        const at = place % (text.length + 1);
        return text.slice(0, at) + put + text.slice(at + removed);
      })
      // As a socket brings it: half a surrogate pair has no bytes.
      .map((text) => text.toWellFormed());
    fc.assert(
      fc.property(damaged, (text) => {
        expect(isTaken(text)).toBe(isParsed(text));
      }),
      { numRuns: 1_000 },
    );
  });
});
