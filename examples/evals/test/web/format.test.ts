import { expect, test } from "vitest";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatValue,
  percentOf,
  plural,
} from "../../web/src/logic/format.ts";

const S = 1_000;
const M = 60 * S;
const H = 60 * M;
const D = 24 * H;

test("durations have two units at most", () => {
  const said = [-5, 0, 850, 4_250, 59_999, M, 3 * M + 7 * S, 2 * H + 5 * M, 3 * D + 4 * H + 5 * M].map(
    formatDuration,
  );
  expect(said).toEqual([
    "0 ms",
    "0 ms",
    "850 ms",
    "4.2 s",
    "59 s",
    "1 m 00 s",
    "3 m 07 s",
    "2 h 05 m",
    "3 d 4 h",
  ]);
});

test("ages have one unit", () => {
  expect([-1, 4_999, 5 * S, 59 * S, M, H, 25 * H].map(formatAge)).toEqual([
    "now",
    "now",
    "5 s",
    "59 s",
    "1 m",
    "1 h",
    "1 d",
  ]);
});

test("bytes are in units of 1,024", () => {
  const said = [0, 1_023, 1_024, 1_536, 52_428_800, 2_199_023_255_552].map(formatBytes);
  expect(said).toEqual(["0 B", "1023 B", "1 KiB", "1.5 KiB", "50 MiB", "2 TiB"]);
});

test("100 % is said only of what is done", () => {
  expect([
    percentOf(0, 0),
    percentOf(999, 1_000),
    percentOf(1_000, 1_000),
    percentOf(12, 10),
    percentOf(-1, 10),
  ]).toEqual([0, 99, 100, 100, 0]);
});

test("values have five digits, and an exponent where they would be long", () => {
  const said = [0, 0.1234567, 1_234.5678, 0.00001234, 1.5e12, Number.NaN].map(formatValue);
  expect(said).toEqual(["0", "0.12346", "1,234.6", "1.234e-5", "1.500e+12", "NaN"]);
});

test("counts are grouped, and one is one", () => {
  expect([
    formatCount(1_234_567),
    plural(1, "line"),
    plural(2, "line"),
    plural(0, "match", "matches"),
  ]).toEqual(["1,234,567", "1 line", "2 lines", "0 matches"]);
});
