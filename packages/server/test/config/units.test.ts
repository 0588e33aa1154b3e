import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nearestName } from "../../src/config/nearest.ts";
import { parseDuration, parseSize, parseWhole } from "../../src/config/units.ts";

describe("times and sizes", () => {
  test.each([
    ["250ms", 250],
    ["25s", 25_000],
    ["1.5 s", 1_500],
    ["10m", 600_000],
    ["10min", 600_000],
    ["24h", 86_400_000],
    ["7d", 604_800_000],
    ["300", 300],
    [300, 300],
  ])("the time %s is %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    ["64KiB", 65_536],
    ["64kib", 65_536],
    ["64kB", 64_000],
    ["2 MiB", 2_097_152],
    ["1.5MB", 1_500_000],
    ["1GiB", 1_073_741_824],
    ["5B", 5],
    ["1024", 1_024],
  ])("the size %s is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each([
    "",
    "s",
    "-1s",
    "1e3",
    "0x10",
    "1 2",
    "1y",
    "5MiB",
    "0.0001s",
    "1.5",
    "9".repeat(30),
    "Infinity",
    "NaN",
  ])("%j is no time", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  test.each([null, undefined, true, {}, [], 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "%j is no time either",
    (value) => {
      expect(parseDuration(value)).toBeUndefined();
    },
  );

  test("what is read is a safe whole number, or nothing, whatever the text", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const value of [parseDuration(text), parseSize(text), parseWhole(text)]) {
          expect(value === undefined || Number.isSafeInteger(value)).toBe(true);
        }
      }),
    );
  });
});

describe("the nearest name", () => {
  const names = ["host", "port", "maxMessageBytes", "longPollMaxMs"];

  test.each([
    ["prot", "port"],
    ["Host", "host"],
    ["maxMesageBytes", "maxMessageBytes"],
    ["maxmessagebytes", "maxMessageBytes"],
    ["longPollMax", "longPollMaxMs"],
  ])("%s is most likely %s", (typed, meant) => {
    expect(nearestName(typed, names)).toBe(meant);
  });

  test("a name that is like none has no nearest one", () => {
    expect(nearestName("colour", names)).toBeUndefined();
    expect(nearestName("x".repeat(10_000), names)).toBeUndefined();
  });
});
