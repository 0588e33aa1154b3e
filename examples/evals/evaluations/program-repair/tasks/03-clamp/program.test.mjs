import assert from "node:assert/strict";
import { test } from "node:test";
import { clamp } from "./program.mjs";

test("inside, it stays", () => assert.equal(clamp(5, 1, 9), 5));
test("below, it is the lowest", () => assert.equal(clamp(-3, 1, 9), 1));
test("above, it is the highest", () => assert.equal(clamp(12, 1, 9), 9));
test("on the edge, it stays", () => assert.equal(clamp(1, 1, 9), 1));
