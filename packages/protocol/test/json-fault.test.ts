import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonFault } from "../src/json-fault.ts";

function faultOf(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    return jsonFault(error);
  }
  return "";
}

test.each([
  ['{"a":', "it ends too early"],
  ['{"a":1 "b":2}', "something is wrong at position 7 (line 1 column 8)"],
  ["secret", "a character has no place there"],
  [`{"password": hunter2}`, "a character has no place there"],
])("%j: %s", (text, fault) => {
  expect(faultOf(text)).toBe(fault);
});

test("bytes that are no UTF-8 are told as that", () => {
  expect(jsonFault(new TypeError("The encoded data was not valid for encoding utf-8"))).toBe(
    "it is not UTF-8",
  );
});

test("nothing of the text is ever told", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (before, after) => {
      expect(faultOf(`${before}Mark${after}`)).not.toContain("Mark");
    }),
  );
});
