import assert from "node:assert/strict";
import { test } from "node:test";
import { merge } from "./program.mjs";

test("none gives none", () => assert.deepEqual(merge([]), []));
test("what is apart stays apart", () =>
  assert.deepEqual(
    merge([
      [1, 2],
      [4, 5],
    ]),
    [
      [1, 2],
      [4, 5],
    ],
  ));
test("they are put in order", () =>
  assert.deepEqual(
    merge([
      [4, 5],
      [1, 2],
    ]),
    [
      [1, 2],
      [4, 5],
    ],
  ));
test("what overlaps becomes one", () =>
  assert.deepEqual(
    merge([
      [1, 3],
      [2, 6],
    ]),
    [[1, 6]],
  ));
test("one inside another vanishes", () =>
  assert.deepEqual(
    merge([
      [1, 9],
      [2, 3],
    ]),
    [[1, 9]],
  ));
test("what touches becomes one", () =>
  assert.deepEqual(
    merge([
      [1, 2],
      [2, 3],
    ]),
    [[1, 3]],
  ));
