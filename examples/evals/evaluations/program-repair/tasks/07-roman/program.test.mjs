import assert from "node:assert/strict";
import { test } from "node:test";
import { fromRoman } from "./program.mjs";

test("one letter", () => assert.equal(fromRoman("V"), 5));
test("letters that are added", () => assert.equal(fromRoman("LXVI"), 66));
test("the same letter again", () => assert.equal(fromRoman("III"), 3));
test("a smaller one before a larger one is taken away", () => assert.equal(fromRoman("IX"), 9));
test("a year", () => assert.equal(fromRoman("MCMXCIV"), 1994));
