import { expect, test } from "vitest";
import { parseWhen } from "../../src/logic/when.ts";

/** A Tuesday, at three in the afternoon, here. */
const NOW = new Date(2026, 0, 6, 15, 0, 0);
const when = (text: string): string | undefined => {
  const timeMs = parseWhen(text, NOW.getTime());
  return timeMs === undefined ? undefined : new Date(timeMs).toString().slice(4, 24);
};

test("a time of day is the last one that there was", () => {
  expect([when("12:00"), when("noon"), when("16:30"), when("at 9:05:07")]).toEqual([
    "Jan 06 2026 12:00:00",
    "Jan 06 2026 12:00:00",
    "Jan 05 2026 16:30:00",
    "Jan 06 2026 09:05:07",
  ]);
});

test("a day can be named", () => {
  expect([when("yesterday noon"), when("today 16:30"), when("2026-01-02 08:15"), when("2026-01-02")]).toEqual(
    ["Jan 05 2026 12:00:00", "Jan 06 2026 16:30:00", "Jan 02 2026 08:15:00", "Jan 02 2026 00:00:00"],
  );
});

test("so can how long ago it was", () => {
  expect([when("15m ago"), when("2 h"), when("90s")]).toEqual([
    "Jan 06 2026 14:45:00",
    "Jan 06 2026 13:00:00",
    "Jan 06 2026 14:58:30",
  ]);
});

test("RFC 3339 is taken with its offset", () => {
  expect(parseWhen("2026-01-05T12:00:00Z", 0)).toBe(Date.UTC(2026, 0, 5, 12));
  expect(parseWhen("2026-01-05T12:00:00+02:00", 0)).toBe(Date.UTC(2026, 0, 5, 10));
});

test("what is no time is none", () => {
  expect(["", "25:00", "12:60", "soon", "2026-13-45", "12"].map(when)).toEqual(Array.from({ length: 6 }));
});
