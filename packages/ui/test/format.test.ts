import { describe, expect, test } from "vitest";
import {
  formatAge,
  formatBytes,
  formatDuration,
  formatMs,
  formatShort,
  formatValue,
  plural,
} from "../src/logic/format.ts";

describe("formats", () => {
  test("durations have two units at most", () => {
    expect(
      [-5, 0, 850, 4_230, 42_000, 59_999, 60_000, 187_000, 7_500_000, 273_600_000].map(formatDuration),
    ).toEqual([
      "0 ms",
      "0 ms",
      "850 ms",
      "4.2 s",
      "42 s",
      "59 s",
      "1 m 00 s",
      "3 m 07 s",
      "2 h 05 m",
      "3 d 4 h",
    ]);
  });

  test("an age has one unit, and none below five seconds", () => {
    expect([-1, 4_999, 5_000, 60_000, 3_600_000, 86_400_000].map(formatAge)).toEqual([
      "now",
      "now",
      "5 s",
      "1 m",
      "1 h",
      "1 d",
    ]);
  });

  test("rates are short whatever they are", () => {
    expect([0, 0.25, 9.96, 950, 999.6, 1_234, 34_900, 999_600, 4_100_000].map(formatShort)).toEqual([
      "0",
      "0.3",
      "10.0",
      "950",
      "1000",
      "1.2 k",
      "35 k",
      "1.0 M",
      "4.1 M",
    ]);
  });

  test("milliseconds keep the digits that say something", () => {
    expect([0, 0.042, 3.24, 181.6, 1_400].map(formatMs)).toEqual([
      "0 ms",
      "0.04 ms",
      "3.2 ms",
      "182 ms",
      "1.4 s",
    ]);
  });

  test("bytes are counted in units of 1,024", () => {
    expect([0, 512, 1_023, 1_024, 1_536, 52_428_800, 76_664_537_293].map(formatBytes)).toEqual([
      "0 B",
      "512 B",
      "1023 B",
      "1 KiB",
      "1.5 KiB",
      "50 MiB",
      "71.4 GiB",
    ]);
  });

  test("values that would be long have an exponent", () => {
    expect([0, 1 / 3, 1_234.5678, 123_456, 2e9, 1e-7, Number.NaN].map(formatValue)).toEqual([
      "0",
      "0.33333",
      "1,234.6",
      "123,460",
      "2.000e+9",
      "1.000e-7",
      "NaN",
    ]);
  });

  test("one is said as one", () => {
    expect([plural(1, "message"), plural(2_000, "message"), plural(0, "entry", "entries")]).toEqual([
      "1 message",
      "2,000 messages",
      "0 entries",
    ]);
  });
});
