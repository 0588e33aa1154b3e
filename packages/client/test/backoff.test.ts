import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { backoffMs } from "../src/core/backoff.ts";

const TUNING = { backoffMs: 500, maxBackoffMs: 30_000 };

const random = vi.spyOn(Math, "random");
afterEach(() => void random.mockReset());

/** The pause, where this is drawn. */
const drawn = (draw: number, attempt: number, tuning = TUNING): number => {
  random.mockReturnValue(draw);
  return backoffMs(attempt, tuning);
};

test("the pause is drawn from the whole of a ceiling that doubles, up to the longest", () => {
  const ceiling = (attempt: number): number => drawn(1, attempt);
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(ceiling)).toEqual([
    500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ]);
  expect(drawn(0, 5)).toBe(0);
  expect(drawn(0.5, 1)).toBe(250);
});

test("no attempt, however late, is beyond the longest", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.integer({ min: 1, max: 100_000 }),
      fc.nat(100_000),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, base, max, draw) => {
        const ms = drawn(draw, attempt, { backoffMs: base, maxBackoffMs: max });
        expect(ms).toBeGreaterThanOrEqual(0);
        expect(ms).toBeLessThanOrEqual(max);
      },
    ),
  );
});
