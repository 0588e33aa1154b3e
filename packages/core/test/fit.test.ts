import { type Batch, toOffset } from "@tidings/protocol";
import { expect, test } from "vitest";
import { fitBatch } from "../src/fit.ts";

/** Messages of 10, 20 and 30 bytes. */
const batch: Batch = { bytes: new Uint8Array(60), ends: [10, 30, 60], offsets: [1, 2, 3].map(toOffset) };

test.each([
  { room: "all of it", maxMessages: 3, maxBytes: 60, from: 0, to: 3 },
  { room: "one message too few", maxMessages: 2, maxBytes: 60, from: 0, to: 2 },
  { room: "one byte too few", maxMessages: 3, maxBytes: 59, from: 0, to: 2 },
  { room: "exactly the bytes of the rest", maxMessages: 9, maxBytes: 50, from: 1, to: 3 },
  { room: "less than the first of the rest", maxMessages: 9, maxBytes: 19, from: 1, to: 1 },
  { room: "nothing", maxMessages: 0, maxBytes: 0, from: 0, to: 0 },
])(
  "a page with room for $room takes the messages before $to, from $from",
  ({ maxMessages, maxBytes, from, to }) => {
    expect(fitBatch(batch, from, { maxMessages, maxBytes }, 0)).toBe(to);
  },
);

test("one message is taken whatever its size, where one has to be", () => {
  expect(fitBatch(batch, 2, { maxMessages: 0, maxBytes: -5 }, 1)).toBe(3);
});

test("behind the last message there is nothing to take", () => {
  expect(fitBatch(batch, 3, { maxMessages: 5, maxBytes: 500 }, 1)).toBe(3);
});
