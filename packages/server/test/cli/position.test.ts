import { expect, test } from "vitest";
import { position } from "../../src/cli/subscribe/position.ts";

const NOON = new Date(2026, 0, 5, 12, 0, 0);

test("a time of day is today's, or yesterday's where today's is yet to come", () => {
  expect(position("9:30", NOON)).toBe(new Date(2026, 0, 5, 9, 30).toISOString());
  expect(position("12:00:01", NOON)).toBe(new Date(2026, 0, 4, 12, 0, 1).toISOString());
});

test("cursors, starts and whole times are passed on as they are", () => {
  for (const text of ["k3x9f2ab.42", "earliest", "latest", "2026-01-05T12:00:00Z"])
    expect(position(text, NOON)).toBe(text);
});

test.each(["noon", "25:00", "12:60", "12"])("%j is refused", (text) => {
  expect(() => position(text, NOON)).toThrow("a time such as 12:00");
});
