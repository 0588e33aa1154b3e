import assert from "node:assert/strict";
import { test } from "node:test";
import { isBalanced } from "./program.mjs";

test("a text without brackets is balanced", () => assert.equal(isBalanced("abc"), true));
test("a pair is balanced", () => assert.equal(isBalanced("(a)"), true));
test("one in another is balanced", () => assert.equal(isBalanced("{[()]}"), true));
test("what is not closed is not", () => assert.equal(isBalanced("(("), false));
test("what was not opened is not", () => assert.equal(isBalanced(")"), false));
test("nor is the wrong order", () => assert.equal(isBalanced("([)]"), false));
test("pairs beside each other are balanced", () => assert.equal(isBalanced("f(a)[b] {c}"), true));
test("one too many is not", () => assert.equal(isBalanced("(a))"), false));
test("one left open among others is not", () => assert.equal(isBalanced("{(a)[b]"), false));
