import assert from "node:assert/strict";
import { test } from "node:test";
import { sumOfSquares } from "./program.mjs";

test("nothing adds up to 0", () => assert.equal(sumOfSquares([]), 0));
test("one number is squared", () => assert.equal(sumOfSquares([3]), 9));
test("several are added", () => assert.equal(sumOfSquares([1, 2, 3]), 14));
