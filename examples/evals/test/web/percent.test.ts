import { expect, test } from "vitest";
import { percentOf } from "../../web/src/logic/percent.ts";

test("100 % is said only of what is done", () => {
  expect([
    percentOf(0, 0),
    percentOf(999, 1_000),
    percentOf(1_000, 1_000),
    percentOf(12, 10),
    percentOf(-1, 10),
  ]).toEqual([0, 99, 100, 100, 0]);
});
