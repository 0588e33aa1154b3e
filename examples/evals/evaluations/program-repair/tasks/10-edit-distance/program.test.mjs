import assert from "node:assert/strict";
import { test } from "node:test";
import { editDistance } from "./program.mjs";

test("from nothing, each letter is inserted", () => assert.equal(editDistance("", "abc"), 3));
test("to nothing, each letter is removed", () => assert.equal(editDistance("abc", ""), 3));
test("one letter stays", () => assert.equal(editDistance("a", "a"), 0));
test("one letter is replaced", () => assert.equal(editDistance("a", "b"), 1));
test("the same word is 0 away", () => assert.equal(editDistance("flood", "flood"), 0));
test("one letter more", () => assert.equal(editDistance("cat", "cart"), 1));
test("kitten to sitting", () => assert.equal(editDistance("kitten", "sitting"), 3));
