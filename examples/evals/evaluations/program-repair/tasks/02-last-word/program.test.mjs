import assert from "node:assert/strict";
import { test } from "node:test";
import { lastWord } from "./program.mjs";

test("the last of several words", () => assert.equal(lastWord("the quick brown fox"), "fox"));
test("without its full stop", () => assert.equal(lastWord("It is done."), "done"));
test("of nothing, nothing", () => assert.equal(lastWord(""), ""));
