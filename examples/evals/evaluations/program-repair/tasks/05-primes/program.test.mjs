import assert from "node:assert/strict";
import { test } from "node:test";
import { primesUpTo } from "./program.mjs";

test("there is none below 2", () => assert.deepEqual(primesUpTo(1), []));
test("2 is the first", () => assert.deepEqual(primesUpTo(2), [2]));
test("those up to 11", () => assert.deepEqual(primesUpTo(11), [2, 3, 5, 7, 11]));
test("the limit itself is looked at", () => assert.deepEqual(primesUpTo(9), [2, 3, 5, 7]));
