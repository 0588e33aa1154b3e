import { toOffset } from "@tidings/protocol";
import { expect, test } from "vitest";
import { applyFilter } from "../src/filter.ts";
import { eventFilter } from "../src/index.ts";
import { number } from "./support/fixtures.ts";

const messages = ["x", "y", "x,y", "z"].map((event, at) => ({
  ...number(at, event),
  offset: toOffset(at + 1),
  timeMs: 0,
}));

test("no events at all means every message", () => {
  expect(eventFilter()).toBeUndefined();
  expect(eventFilter([])).toBeUndefined();
  expect(applyFilter(undefined, messages)).toBe(messages);
});

test("a filter lets through the messages of its events, in order", () => {
  expect(applyFilter(eventFilter(["z", "x"]), messages).map(({ offset }) => offset)).toEqual([1, 4]);
});

test("filters of the same events have the same key, in any order and however often named", () => {
  expect(eventFilter(["y", "x", "y"])?.key).toBe(eventFilter(["x", "y"])?.key);
});

test("filters of other events have another key, whatever characters the names are made of", () => {
  const keys = [["x", "y"], ["x,y"], ['x","y'], ["x y"], ["xy"]].map((events) => eventFilter(events)?.key);
  expect(new Set(keys).size).toBe(keys.length);
});
