import { describe, expect, test } from "vitest";
import { findGap, goneError, joinGaps } from "../src/gap.ts";
import { type Gap, gapFrame } from "../src/index.ts";
import { cursor, offset } from "./support/fixtures.ts";

/** Holds 11 to 20. */
const log = { epoch: "e2", head: offset(20), earliest: offset(11) };
const expired: Gap = { reason: "expired", from: cursor("e2", 4), to: cursor("e2", 10), missed: 6 };

describe("reading since a cursor", () => {
  test.each([10, 11, 20])("at %i passes over nothing", (at) => {
    expect(findGap(cursor("e2", at), log, true)).toBeUndefined();
  });

  test("below what is held misses all up to the earliest", () => {
    expect(findGap(cursor("e2", 4), log, true)).toEqual(expired);
    expect(findGap(cursor("e2", 9), log, true)).toMatchObject({ missed: 1 });
  });

  test("where offsets may leave holes misses a number that the log cannot know", () => {
    expect(findGap(cursor("e2", 4), log, false)).toMatchObject({ reason: "expired", missed: null });
  });

  test.each([0, 4, 15, 900])("of another life, at %i, goes on with all that this one holds", (at) => {
    expect(findGap(cursor("e1", at), log, true)).toEqual({
      reason: "epoch",
      from: cursor("e1", at),
      to: cursor("e2", 10),
      missed: null,
    });
  });

  test("ahead of the head goes on at the head", () => {
    expect(findGap(cursor("e2", 21), log, true)).toEqual({
      reason: "ahead",
      from: cursor("e2", 21),
      to: cursor("e2", 20),
      missed: null,
    });
  });

  test("of a channel that holds nothing any more goes on at its head", () => {
    const empty = { epoch: "e2", head: offset(20), earliest: offset(21) };
    expect(findGap(cursor("e2", 19), empty, true)).toMatchObject({ to: cursor("e2", 20), missed: 1 });
    expect(findGap(cursor("e2", 20), empty, true)).toBeUndefined();
  });
});

describe("two gaps in a row", () => {
  test("are one, that misses what both missed", () => {
    const next: Gap = { reason: "expired", from: cursor("e2", 12), to: cursor("e2", 15), missed: 3 };
    expect(joinGaps(expired, next)).toEqual({
      reason: "expired",
      from: cursor("e2", 4),
      to: cursor("e2", 15),
      missed: 9,
    });
  });

  test("to another life miss an unknown number", () => {
    const next: Gap = { reason: "epoch", from: cursor("e2", 10), to: cursor("e3", 0), missed: null };
    expect(joinGaps(expired, next)).toEqual({
      reason: "epoch",
      from: cursor("e2", 4),
      to: cursor("e3", 0),
      missed: null,
    });
  });
});

test("a gap's frame names the channel, and cursors as clients know them", () => {
  expect(gapFrame("c", expired)).toEqual({
    type: "gap",
    channel: "c",
    reason: "expired",
    from: "e2.4",
    to: "e2.10",
    missed: 6,
  });
});

test("the error of a reader that would not pass over a gap tells the gap, and what to do", () => {
  const error = goneError("c", expired);
  expect(error.code).toBe("CURSOR_GONE");
  expect(error.details.gap).toEqual({ reason: "expired", from: "e2.4", to: "e2.10", missed: 6 });
  expect(error.message).toContain("6 messages missing");
  expect(error.message).toContain("Read on since e2.10");
  expect(goneError("c", { ...expired, missed: null }).message).toContain(
    "an unknown number of messages missing",
  );
});
