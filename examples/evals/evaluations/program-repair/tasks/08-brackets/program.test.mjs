import assert from "node:assert/strict";
import { test } from "node:test";
import { isBalanced } from "./program.mjs";

test("a text without brackets is balanced", () => assert.equal(isBalanced("abc"), true));
test("a pair is balanced", () => assert.equal(isBalanced("(a)"), true));
test("one in another is balanced", () => assert.equal(isBalanced("{[()]}"), true));
test("what is not closed is not", () => assert.equal(isBalanced("(("), false));
test("what was not opened is not", () => assert.equal(isBalanced(")"), false));
test("nor is the wrong order", () => assert.equal(isBalanced("([)]"), false));
