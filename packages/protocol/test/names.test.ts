import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TidingsError } from "../src/errors.ts";
import { checkChannel, checkEvent, checkIdempotencyKey, checkKey, isReserved, quote } from "../src/names.ts";
import { anyUnits, hostileText, isAccepted, oneOf } from "./arbitraries.ts";

const anyText = fc.oneof(anyUnits, hostileText);

function codeOf(check: () => string): string {
  try {
    check();
  } catch (error) {
    if (error instanceof TidingsError) return error.code;
    throw error;
  }
  return "accepted";
}

describe("a channel's name", () => {
  test.each([
    ["one character", "a"],
    ["every character there is", "AZaz09._~-/x"],
    ["many segments", "a/b/c/d"],
    ["255 bytes", "a".repeat(255)],
    ["three points", "..."],
    ["points around", ".a./..b"],
    ["a name of the system's own", "$presence/a"],
    ["the name of a member of objects", "__proto__"],
  ])("may have %s", (_, name) => {
    expect(checkChannel(name)).toBe(name);
  });

  test.each([
    ["nothing in it", ""],
    ["256 bytes", "a".repeat(256)],
    ["an empty segment", "a//b"],
    ["a slash before", "/a"],
    ["a slash after", "a/"],
    ["a segment .", "a/./b"],
    ["a segment ..", "../a"],
    ["a last segment ..", "a/.."],
    ["nothing but .", "."],
    ["a $ alone", "$"],
    ["a $ within", "a/$b"],
    ["two $", "$$a"],
    ["a slash after $", "$/a"],
    ["an @", "a@b"],
    ["a comma", "a,b"],
    ["a space", "a b"],
    ["a star", "a/*"],
    ["a percent", "a%2Fb"],
    ["a letter that is not ASCII", "é"],
    ["a letter that turns ASCII in lower case", "\u212a"],
    ["a line end after", "a\n"],
    ["NUL", "a\0"],
  ])("may not have %s", (_, name) => {
    expect(codeOf(() => checkChannel(name))).toBe("CHANNEL_NAME_INVALID");
  });

  test("never holds what would part a position, a header, a line or a URL", () => {
    fc.assert(
      fc.property(anyText, (name) => {
        if (isAccepted(checkChannel, name)) expect(name).toMatch(/^\$?[A-Za-z0-9._~/-]{1,255}$/);
      }),
    );
  });

  test("stays the same as a path of a URL", () => {
    const name = fc.string({ unit: oneOf("aZ0._~-/$"), minLength: 1 });
    fc.assert(
      fc.property(name, (channel) => {
        if (!isAccepted(checkChannel, channel)) return;
        expect(new URL(`http://h/channels/${channel}`).pathname).toBe(`/channels/${channel}`);
      }),
      { numRuns: 1_000 },
    );
  });

  test("belongs to the system where it begins with $", () => {
    expect(isReserved("$presence/a")).toBe(true);
    expect(isReserved("a$")).toBe(false);
  });
});

describe.each([
  ["an event's name", checkEvent, "EVENT_NAME_INVALID"],
  ["a key", checkKey, "KEY_INVALID"],
  ["an idempotency key", checkIdempotencyKey, "KEY_INVALID"],
] as const)("%s", (_, check, code) => {
  test.each(["a", "a@b,c", "größer", "😀", " ", "data: x", "\u2028", "\ufeff", "__proto__", "x".repeat(255)])(
    "may be %j",
    (text) => {
      expect(check(text)).toBe(text);
    },
  );

  test("may have 255 bytes of UTF-8 and not 256, however many characters these are", () => {
    expect(check("é".repeat(127) + "x")).toHaveLength(128);
    expect(codeOf(() => check("é".repeat(128)))).toBe(code);
    expect(codeOf(() => check("x".repeat(256)))).toBe(code);
    expect(codeOf(() => check("x".repeat(1_000_000)))).toBe(code);
  });

  test.each([
    ["nothing", ""],
    ["LF", "a\nb"],
    ["CR", "a\r"],
    ["NUL", "\0"],
    ["a tab", "\t"],
    ["ESC", "\u001b[2J"],
    ["DEL", "\u007f"],
    ["NEL, which some take for a line end", "a\u0085b"],
    ["a control character of Latin-1", "\u009b2J"],
    ["half a surrogate pair", "\ud800"],
    ["the other half", "a\udc00b"],
  ])("may not have %s in it", (_what, text) => {
    expect(codeOf(() => check(text))).toBe(code);
  });

  test("never holds a control character, and comes through UTF-8 unchanged", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        if (!isAccepted(check, text)) return;
        for (const control of ["\r", "\n", "\0"]) expect(text).not.toContain(control);
        expect(Buffer.from(text).toString()).toBe(text);
      }),
    );
  });
});

describe("an event's name", () => {
  test("does not begin with what the system's own begin with", () => {
    expect(codeOf(() => checkEvent("tidings.gap"))).toBe("EVENT_NAME_INVALID");
    expect(codeOf(() => checkEvent("tidings."))).toBe("EVENT_NAME_INVALID");
    expect(checkEvent("tidings")).toBe("tidings");
    expect(checkEvent("my.tidings.gap")).toBe("my.tidings.gap");
  });
});

describe("a name in an error", () => {
  test("is quoted, and cut after 80 characters", () => {
    expect(quote('a"b')).toBe('"a\\"b"');
    expect(quote("x".repeat(80))).toBe(`"${"x".repeat(80)}"`);
    expect(quote("x".repeat(81))).toBe(`"${"x".repeat(80)}…"`);
  });

  test("never brings a control character to a terminal or a log", () => {
    expect(quote("\u009b2J\u007f\n")).toBe('"\\u009b2J\\u007f\\n"');
    fc.assert(
      fc.property(anyText, (text) => {
        expect(quote(text)).not.toMatch(/\p{Cc}/u);
        expect(quote(text).isWellFormed()).toBe(true);
      }),
    );
  });
});
