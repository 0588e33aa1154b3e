import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePattern } from "../src/pattern.ts";
import { anyUnits } from "./arbitraries.ts";

const matches = (pattern: string, ...channels: string[]): boolean[] => channels.map(compilePattern(pattern));

describe("a pattern of channels", () => {
  test("without a star is one channel, letter by letter", () => {
    expect(matches("a/b", "a/b", "a/B", "a/b/c", "xa/b", "a/bx", "a")).toEqual([
      true,
      ...[false, false, false, false, false],
    ]);
    expect(matches("a.b", "a.b", "axb")).toEqual([true, false]);
    expect(matches("a-b~_", "a-b~_")).toEqual([true]);
  });

  test("takes * for exactly one segment", () => {
    expect(matches("*", "a", "a/b")).toEqual([true, false]);
    expect(matches("evals/*/logs", "evals/1/logs", "evals/1/2/logs", "evals/logs", "evals//logs")).toEqual([
      true,
      ...[false, false, false],
    ]);
    expect(matches("evals/*", "evals/1", "evals/1/2", "evals")).toEqual([true, false, false]);
    expect(matches("*/*", "a/b", "a", "a/b/c")).toEqual([true, false, false]);
  });

  test("takes a last ** for the rest, one segment or more", () => {
    expect(matches("evals/**", "evals/1", "evals/1/2/3", "evals", "evals2/1", "evals/")).toEqual([
      true,
      true,
      ...[false, false, false],
    ]);
    expect(matches("*/**", "a/b", "a/b/c", "a")).toEqual([true, true, false]);
  });

  test("is every channel as ** alone, but those of the system", () => {
    expect(matches("**", "a", "a/b/c", "$presence/a")).toEqual([true, true, false]);
    expect(matches("*", "$presence")).toEqual([false]);
  });

  test("reaches the system's channels by its own $", () => {
    expect(matches("$**", "$presence/a", "$x", "a", "x")).toEqual([true, true, false, false]);
    expect(matches("$presence/*", "$presence/a", "presence/a", "$other/a")).toEqual([true, false, false]);
    expect(matches("$*", "$presence", "$presence/a", "presence")).toEqual([true, false, false]);
  });

  test("answers the same each time it is asked", () => {
    const match = compilePattern("a/**");
    expect([match("a/b"), match("a/b"), match("b"), match("a/b")]).toEqual([true, true, false, true]);
  });

  test.each([
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    "**/a",
    "a/**/b",
    "a*",
    "*a",
    "***",
    "a/$b",
    "$",
    "$$a",
    "a b",
    "(a)",
    "a\n",
  ])("is not %j", (pattern) => {
    expect(() => compilePattern(pattern)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  test("is never read as a regular expression", () => {
    fc.assert(
      fc.property(anyUnits, (pattern) => {
        try {
          compilePattern(pattern);
        } catch (error) {
          expect(error).toMatchObject({ code: "CONFIG_INVALID" });
        }
      }),
    );
  });

  test("answers as a walk over the segments does", () => {
    const segment = fc.constantFrom("a", "b", ".", "a.b", "x");
    const pattern = fc
      .tuple(fc.array(fc.oneof(segment, fc.constant("*")), { maxLength: 3 }), fc.boolean())
      .map(([segments, takesRest]) => [...segments, ...(takesRest ? ["**"] : [])])
      .filter((segments) => segments.length > 0);
    const channel = fc.array(segment, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(pattern, channel, (wanted, names) => {
        expect(compilePattern(wanted.join("/"))(names.join("/"))).toBe(walk(wanted, names));
      }),
      { numRuns: 1_000 },
    );
  });

  test("of many stars is not slow against a long name", () => {
    const match = compilePattern(`${"*/".repeat(100)}**`);
    expect(match("a/".repeat(100).slice(0, -1))).toBe(false);
    expect(match(`${"a/".repeat(100)}a`)).toBe(true);
  });
});

function walk(pattern: readonly string[], channel: readonly string[]): boolean {
  const [wanted, ...morePattern] = pattern;
  const [name, ...moreChannel] = channel;
  if (wanted === "**") return channel.length > 0;
  if (wanted === undefined || name === undefined) return wanted === name;
  return (wanted === "*" || wanted === name) && walk(morePattern, moreChannel);
}
