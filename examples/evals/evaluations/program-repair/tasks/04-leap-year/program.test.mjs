import assert from "node:assert/strict";
import { test } from "node:test";
import { isLeapYear } from "./program.mjs";

test("every fourth year is one", () => assert.equal(isLeapYear(2024), true));
test("other years are not", () => assert.equal(isLeapYear(2023), false));
test("a full century is not", () => assert.equal(isLeapYear(1900), false));
test("every fourth century is", () => assert.equal(isLeapYear(2000), true));
