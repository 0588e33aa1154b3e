import { expect, test } from "vitest";
import { columnsOf, lonePoints } from "../src/plot/columns.ts";

const at = (atMs: number, value: number | null = 1): { atMs: number; value: number | null } => ({
  atMs,
  value,
});

test("columns have a time for each item, in seconds, and a value for each series", () => {
  expect(columnsOf([at(1_000, 5), at(2_000, null)], [({ value }) => value, () => 7], 3_000)).toEqual([
    [1, 2],
    [5, null],
    [7, 7],
  ]);
});

test("items that are further apart than they should be have a break between them", () => {
  expect(columnsOf([at(1_000), at(4_000), at(8_000)], [({ value }) => value], 3_000)).toEqual([
    [1, 4, 6, 8],
    [1, 1, null, 1],
  ]);
});

test("a value without neighbours is a point of its own", () => {
  expect(lonePoints([1, null, 2, null, 3, 4, undefined, 5])).toEqual([0, 2, 7]);
});
