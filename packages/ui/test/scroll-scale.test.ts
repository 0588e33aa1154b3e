import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ScrollScale } from "../src/logic/scroll-scale.ts";

describe("a list behind a scroll bar", () => {
  test("one that fits is scrolled as it is", () => {
    const scale = new ScrollScale(20);
    scale.resize(100, 200);
    expect(scale.scrolled(340)).toBeUndefined();
    expect({ top: scale.top, height: scale.height, ...scale.visible(2) }).toEqual({
      top: 340,
      height: 2_000,
      first: 15,
      end: 29,
    });
  });

  test("one that is taller than an element can be is reached to its last row", () => {
    const scale = new ScrollScale(20, 10_000);
    scale.resize(1_000_000, 200);
    scale.scrolled(10_000 - 200);
    expect(scale.visible(0).end).toBe(1_000_000);
  });

  test("a turn of the wheel moves a long list by as many pixels as a short one", () => {
    const scale = new ScrollScale(20, 10_000);
    scale.resize(1_000_000, 200);
    scale.scrolled(5_000);
    const before = scale.top;
    scale.scrolled(5_100);
    expect(scale.top - before).toBe(100);
  });

  test("whatever is done, what is in sight are rows that there are", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.array(fc.nat(12_000), { maxLength: 30 }), (count, moves) => {
        const scale = new ScrollScale(20, 10_000);
        scale.resize(count, 300);
        for (const move of moves) {
          scale.scrolled(Math.min(move, Math.max(0, scale.height - 300)));
          const { first, end } = scale.visible(3);
          expect(first).toBeGreaterThanOrEqual(0);
          expect(first).toBeLessThanOrEqual(end);
          expect(end).toBeLessThanOrEqual(count);
        }
      }),
      { numRuns: 50 },
    );
  });
});
