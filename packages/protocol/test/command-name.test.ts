import { describe, expect, test } from "vitest";
import { checkCommandName, compileCommandPattern, isOwnCode } from "../src/index.ts";

describe("a command's name", () => {
  test.each(["a", "evals.stop", "a.b.c", "A-Z_0~9", "a".repeat(255)])("%j is taken", (name) => {
    expect(checkCommandName(name)).toBe(name);
  });

  test.each(["", ".", "a.", ".a", "a..b", "a b", "a/b", "a\n", "é", "a.*", "$a", "a".repeat(256)])(
    "%j is refused",
    (name) => {
      expect(() => checkCommandName(name)).toThrow(expect.objectContaining({ code: "COMMAND_NAME_INVALID" }));
    },
  );
});

describe("a pattern of commands", () => {
  test.each([
    ["evals.*", ["evals.stop"], ["evals", "evals.a.b", "evalsxstop"]],
    ["evals.**", ["evals.a", "evals.a.b"], ["evals"]],
    ["*.stop", ["evals.stop"], ["stop", "a.b.stop"]],
    ["**", ["a", "a.b"], []],
    ["a.b", ["a.b"], ["axb", "a.b.c"]],
  ])("%s stands for %j and not for %j", (pattern, inside, outside) => {
    const matches = compileCommandPattern(pattern);
    expect(inside.filter(matches)).toEqual(inside);
    expect(outside.filter(matches)).toEqual([]);
  });

  test.each(["", "a..b", "**.a", "a*", "a.", "a/b"])("%j is refused", (pattern) => {
    expect(() => compileCommandPattern(pattern)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

test("a command's own code is none of the server's", () => {
  expect(["A", "RUN_ENDED", "A".repeat(64)].every(isOwnCode)).toBe(true);
  expect(["", "a", "1A", "A-B", "A".repeat(65), "INTERNAL", 7, undefined].some(isOwnCode)).toBe(false);
});
