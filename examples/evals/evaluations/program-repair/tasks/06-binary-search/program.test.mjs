import assert from "node:assert/strict";
import { test } from "node:test";
import { indexIn } from "./program.mjs";

const sorted = [2, 3, 5, 7, 11, 13, 17, 19];

test("what is in the middle", () => assert.equal(indexIn(sorted, 11), 4));
test("the first", () => assert.equal(indexIn(sorted, 2), 0));
test("the last", () => assert.equal(indexIn(sorted, 19), 7));
test("each of them", () =>
  assert.deepEqual(
    sorted.map((n) => indexIn(sorted, n)),
    [0, 1, 2, 3, 4, 5, 6, 7],
  ));
test("what is not there", () => assert.equal(indexIn(sorted, 4), -1));
test("in nothing there is nothing", () => assert.equal(indexIn([], 4), -1));
