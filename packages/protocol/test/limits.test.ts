import { expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../src/limits.ts";

test.each(Object.entries(DEFAULT_LIMITS))("%s is %i by default, a whole number above 0", (name, value) => {
  expect(Number.isSafeInteger(value) && value > 0).toBe(true);
  expect(name).toMatch(/Ms$|Bytes$|^max/);
});

test("by default a message fits in a frame as base64, and a batch can hold more than one", () => {
  expect(DEFAULT_LIMITS.maxFrameBytes).toBeGreaterThan((DEFAULT_LIMITS.maxMessageBytes * 4) / 3 + 1_024);
  expect(DEFAULT_LIMITS.maxBatchBytes).toBeGreaterThan(DEFAULT_LIMITS.maxMessageBytes * 2);
});

test("by default a composite position fits in Node.js's 16 KiB for all the headers of a request", () => {
  expect(DEFAULT_LIMITS.maxPositionBytes).toBeLessThan(16_384 - 2_048);
});
