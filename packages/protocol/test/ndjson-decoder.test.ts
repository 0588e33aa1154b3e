import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineDecoder } from "../src/ndjson-decoder.ts";
import { hostileText } from "./arbitraries.ts";
import { cutAt, everywhere } from "./cut.ts";

function linesOf(
  bytes: Uint8Array,
  cuts: readonly number[] = [],
  options: { maxLineLength?: number } = {},
): string[] {
  const lines: string[] = [];
  const decoder = new LineDecoder((line) => lines.push(line), { fatal: true, ...options });
  for (const piece of cutAt(bytes, cuts)) decoder.push(piece);
  decoder.end();
  return lines;
}

describe("lines", () => {
  test("end with LF or CRLF, the last one also with the stream", () => {
    expect(linesOf(Buffer.from("a\nb\r\nc"))).toEqual(["a", "b", "c"]);
  });

  test("that are empty are passed over", () => {
    expect(linesOf(Buffer.from("\n\r\n\na\n\n"))).toEqual(["a"]);
    expect(linesOf(Buffer.from(""))).toEqual([]);
  });

  test("may hold a CR, U+2028 and U+0085, which end no line of NDJSON", () => {
    expect(linesOf(Buffer.from("a\rb\u2028c\u0085d\r\r\n"))).toEqual(["a\rb\u2028c\u0085d\r"]);
  });

  test("are told as soon as they are whole, and not before", () => {
    const lines: string[] = [];
    const decoder = new LineDecoder((line) => lines.push(line));
    decoder.push(Buffer.from("a"));
    expect(lines).toEqual([]);
    decoder.push(Buffer.from("b\nc"));
    expect(lines).toEqual(["ab"]);
    decoder.end();
    expect(lines).toEqual(["ab", "c"]);
  });

  test("do not begin with the byte order mark of the stream", () => {
    expect(linesOf(Buffer.from("\ufeffa\n\ufeffb\n"))).toEqual(["a", "\ufeffb"]);
  });

  test("keep a byte order mark that follows a first character which was cut", () => {
    expect(linesOf(Buffer.from("\u0080\ufeffa\n"), [1])).toEqual(["\u0080\ufeffa"]);
  });

  test("are the same wherever the stream is cut", () => {
    const bytes = Buffer.from('{"a":"é€😀"}\r\n\r\n{"b":"\u2028"}\nlast');
    const whole = linesOf(bytes);
    expect(whole).toEqual(['{"a":"é€😀"}', '{"b":"\u2028"}', "last"]);
    for (let cut = 0; cut <= bytes.length; cut++) expect(linesOf(bytes, [cut])).toEqual(whole);
    expect(linesOf(bytes, everywhere(bytes))).toEqual(whole);
    fc.assert(
      fc.property(hostileText, fc.array(fc.nat(200)), (text, cuts) => {
        const lines = text.replace(/^\ufeff/, "").split("\n");
        const wanted = lines.map((line) => line.replace(/\r$/, "")).filter((line) => line !== "");
        expect(linesOf(Buffer.from(text), cuts)).toEqual(wanted);
      }),
    );
  });
});

describe("a line's bound", () => {
  test("lets a line of exactly this length through, wherever it is cut", () => {
    for (const lineEnd of ["\n", "\r\n", ""]) {
      const bytes = Buffer.from(`12345${lineEnd}`);
      for (let cut = 0; cut <= bytes.length; cut++) {
        expect(linesOf(bytes, [cut], { maxLineLength: 5 })).toEqual(["12345"]);
      }
    }
  });

  test("refuses one character more, wherever it is cut", () => {
    for (const text of ["123456\n", "123456\r\n", "123456", "12345\r6\n", "12345\r\r\n"]) {
      const bytes = Buffer.from(text);
      for (let cut = 0; cut <= bytes.length; cut++) {
        expect(() => linesOf(bytes, [cut], { maxLineLength: 5 })).toThrow(RangeError);
      }
    }
  });

  test("is crossed as soon as it can be known, without waiting for the line's end", () => {
    const decoder = new LineDecoder(() => {}, { maxLineLength: 10 });
    decoder.push(Buffer.from("x".repeat(10)));
    expect(() => decoder.push(Buffer.from("x"))).toThrow(RangeError);
  });

  test("is 16 Mi characters by default", () => {
    const decoder = new LineDecoder(() => {});
    const mebi = Buffer.alloc(1_048_576, "x");
    for (let count = 0; count < 16; count++) decoder.push(mebi);
    expect(() => decoder.push(Buffer.from("x"))).toThrow(RangeError);
  });
});

describe("bad UTF-8", () => {
  test.each([
    ["a stray byte", [0x61, 0xff, 0x0a]],
    ["a sequence that is too long for its character", [0xc0, 0xaf, 0x0a]],
    ["half a surrogate pair", [0xed, 0xa0, 0x80, 0x0a]],
    ["a sequence that breaks off", [0xe2, 0x82, 0x0a]],
    ["a sequence that the stream's end cuts", [0x61, 0xe2, 0x82]],
  ])("is refused where it is fatal, and U+FFFD where it is not: %s", (_, bytes) => {
    expect(() => linesOf(new Uint8Array(bytes))).toThrow(TypeError);
    const lines: string[] = [];
    const decoder = new LineDecoder((line) => lines.push(line));
    decoder.push(new Uint8Array(bytes));
    decoder.end();
    expect(lines.join()).toContain("\ufffd");
  });
});
