import { expect, test } from "vitest";
import { Restarts } from "../../../src/cli/serve/workers/restarts.ts";

test("a worker that dies is replaced at once; one that dies young again and again, later each time, up to 5 s", () => {
  const restarts = new Restarts();
  expect(restarts.delayMs(10_000)).toBe(0);
  const young = Array.from({ length: 8 }, () => restarts.delayMs(9_999));
  expect(young).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  expect(restarts.delayMs(10_000)).toBe(0);
  expect(restarts.delayMs(0)).toBe(100);
});
