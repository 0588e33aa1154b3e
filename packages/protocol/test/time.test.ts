import { expect, test } from "vitest";
import { parseTime } from "../src/index.ts";

test.each([
  ["1970-01-01T00:00:00Z", 0],
  ["1970-01-01T00:00:00.250Z", 250],
  ["1970-01-01t00:01z", 60_000],
  ["1970-01-01 01:00:00+01:00", 0],
  ["1970-01-01T01:00:00 01:00", 0],
  ["1969-12-31T23:00-01:00", 0],
])("%j is a time (RFC 3339 §5.6)", (text, timeMs) => {
  expect(parseTime(text)).toBe(timeMs);
});

test.each([
  "",
  "12:00",
  "2026-01-05",
  "2026-01-05T12:00:00",
  "2026-13-05T12:00Z",
  "k3x9f2ab.42",
  "2026-01-05T25:00Z",
])("%j is none", (text) => {
  expect(parseTime(text)).toBeUndefined();
});
