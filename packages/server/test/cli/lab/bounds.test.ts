import { describe, expect, test } from "vitest";
import { faultInput, LAB_BOUNDS, startInput, withinBounds } from "../../../src/cli/lab/bounds.ts";
import { READER_TRANSPORTS } from "../../../src/cli/lab/transports.ts";

const TRANSPORTS = READER_TRANSPORTS.length;

/** What is wrong with it; nothing for what is taken. */
function faultOf(input: unknown): string | undefined {
  return startInput.safeParse(input).error?.issues[0]?.message;
}

describe("lab.start", () => {
  test("takes a run of all transports where nothing is said", () => {
    expect(startInput.parse({})).toEqual({
      rate: 10,
      size: 256,
      readers: 10,
      transports: READER_TRANSPORTS.map(({ name }) => name),
    });
  });

  test.each([
    ["rate", LAB_BOUNDS.minRate, LAB_BOUNDS.maxRate],
    ["size", LAB_BOUNDS.minSizeBytes, LAB_BOUNDS.maxSizeBytes],
    ["readers", 1, LAB_BOUNDS.maxReaders],
  ])("takes %s from %d to %d", (name, least, most) => {
    const others = { rate: 1, size: 64, readers: 1, transports: ["ws"] };
    for (const value of [least, most]) expect(faultOf({ ...others, [name]: value })).toBeUndefined();
    for (const value of [least - 0.05, most + 1]) expect(faultOf({ ...others, [name]: value })).toBeDefined();
  });

  test.each([
    ["readers", { rate: 1, readers: 500 }, { rate: 1, readers: 501 }],
    [
      "published",
      { rate: 64, size: 65_536, transports: ["ws"], readers: 1 },
      { rate: 65, size: 65_536, transports: ["ws"], readers: 1 },
    ],
    [
      "deliveries",
      { rate: 1_000, size: 64, transports: ["ws"], readers: 20 },
      { rate: 1_000, size: 64, transports: ["ws"], readers: 21 },
    ],
    [
      "delivered",
      { rate: 64, size: 65_536, transports: ["ws"], readers: 16 },
      { rate: 64, size: 65_536, transports: ["ws"], readers: 17 },
    ],
  ])("bounds the product of %s", (what, within, above) => {
    expect(500 * TRANSPORTS).toBe(LAB_BOUNDS.maxAllReaders);
    expect(faultOf(within)).toBeUndefined();
    expect(faultOf(above)).toContain(what);
    expect(faultOf(above)).toContain("Lower rate, size, readers");
  });

  test.each([
    [{ rate: 100, size: 64, readers: 200, transports: ["ws"] }, 100],
    [{ rate: 100, size: 64, readers: 1_000, transports: ["ws"] }, 20],
    [{ rate: 100, size: 65_536, readers: 1, transports: ["ws"] }, 64],
    [{ rate: 100, size: 65_536, readers: 32, transports: ["ws"] }, 32],
  ])("finds the rate that is within them: %j", (input, rate) => {
    expect(withinBounds(startInput.parse({ ...input, rate: 1 }))).toBe(1);
    expect(withinBounds({ ...startInput.parse({ ...input, rate: 1 }), rate: input.rate })).toBe(rate);
    expect(faultOf({ ...input, rate })).toBeUndefined();
  });

  test.each([
    { transports: [] },
    { transports: ["event-source"] },
    { transports: ["carrier-pigeon"] },
    { rate: "10" },
    { readers: 1.5 },
    { speed: 1 },
    null,
  ])("does not take %j", (input) => {
    expect(faultOf(input)).toBeDefined();
  });

  test("counts a transport that is named twice once", () => {
    expect(startInput.parse({ transports: ["ws", "ws", "sse"] }).transports).toEqual(["ws", "sse"]);
  });
});

describe("lab.fault", () => {
  test.each([
    { kind: "cut", on: true },
    { kind: "block-websocket", on: false, transports: ["auto", "event-source"] },
    { kind: "kill", on: true },
  ])("takes %j", (input) => {
    expect(faultInput.safeParse(input).success).toBe(true);
  });

  test.each([
    { kind: "kill", on: true, transports: ["ws"] },
    { kind: "cut" },
    { kind: "unplug", on: true },
    { kind: "cut", on: true, transports: [] },
  ])("does not take %j", (input) => {
    expect(faultInput.safeParse(input).success).toBe(false);
  });
});
