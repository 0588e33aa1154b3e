import { describe, expect, test } from "vitest";
import { DEFAULT_TUNING, MOST_MS, tuningOf, VALUES } from "../src/core/tuning.ts";
import type { Tuning } from "../src/types.ts";

describe("tuning", () => {
  test("what is not said is the default", () => {
    expect(tuningOf({ pollMs: 500 })).toEqual({ ...DEFAULT_TUNING, pollMs: 500 });
  });

  test("what is below the least is taken for the least", () => {
    for (const [name, [, least = 0]] of Object.entries(VALUES)) {
      expect(tuningOf({ [name]: 0 })[name as keyof Tuning], name).toBe(least);
    }
  });

  test("what no timer can wait is taken for the most, and counts have none", () => {
    for (const [name, value] of Object.entries(tuningOf({ maxBackoffMs: Infinity, publishMs: 2 ** 40 }))) {
      expect(value, name).toBeLessThanOrEqual(MOST_MS);
    }
    expect(tuningOf({ maxQueued: Infinity }).maxQueued).toBe(Infinity);
    // A transport is left alone for sixteen times `pathMemoryMs`, and looked at a millisecond later.
    expect(MOST_MS * 16 + 1).toBeLessThan(2 ** 31);
  });

  test.each([-1, Number.NaN])("%d is refused by the name it was given under", (value) => {
    expect(() => tuningOf({ pollMs: value })).toThrow(new RangeError("tuning.pollMs must be 0 or above."));
  });
});
