import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type PayloadKind, PREVIEW_SOURCE_BYTES, previewOf } from "../src/index.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

function preview(kind: PayloadKind, text: string, maxBytes = 4_096): string | undefined {
  const bytes = previewOf(kind, encoder.encode(text), maxBytes);
  return bytes === undefined ? undefined : decoder.decode(bytes);
}

describe("the preview of JSON", () => {
  test.each([
    ["an object's first members, as they are written", '{"a":1.0e5,"b":"é","c":[1,{"d":null}]}', undefined],
    ["an array's first elements", '[1,"two",{"three":3}]', undefined],
    ["without the white space between", '{ "a" : 1 ,\r\n "b" : [ ] }', '{"a":1,"b":[]}'],
    ["a name twice, twice", '{"a":1,"a":2}', undefined],
  ])("is %s", (_, json, expected = json) => {
    expect(preview("json", json)).toBe(expected);
  });

  test("leaves out what does not fit, and shows the fields after a large one where they are near", () => {
    const json = `{"id":7,"log":"${"x".repeat(5_000)}","rows":[${"1,".repeat(3_000)}1],"state":"done"}`;
    const shown = JSON.parse(preview("json", json) as string) as Record<string, unknown>;
    expect(Object.keys(shown)).toEqual(["id", "log", "rows", "state"]);
    expect(shown["id"]).toBe(7);
    expect(shown["log"]).toMatch(/^x{900,}…$/);
    expect((shown["rows"] as number[]).length).toBeGreaterThan(400);
    expect(shown["state"]).toBe("done");
  });

  test("leaves a number out rather than show a part of it", () => {
    expect(preview("json", `{"a":1,"b":${"9".repeat(100)},"c":3}`, 40)).toBe('{"a":1,"c":3}');
    expect(preview("json", `{"a":1,"b":99`, 40), "it may go on").toBe('{"a":1}');
    expect(preview("json", "12345")).toBeUndefined();
  });

  test("ends an array before the first element that is left out, so that none moves", () => {
    expect(preview("json", `[1,${"9".repeat(100)},3]`, 40)).toBe("[1]");
  });

  test("cuts a long string between characters and not inside of an escape", () => {
    for (const unit of ["😀", "é", String.raw`\ud83d\ude00`, String.raw`\n`, "\\u0000"]) {
      const json = `"${unit.repeat(100)}"`;
      const text = JSON.parse(preview("json", json, 50) as string) as string;
      expect(text.endsWith("…")).toBe(true);
      expect(JSON.parse(json)).toContain(text.slice(0, -1));
      expect(text.isWellFormed()).toBe(true);
    }
  });

  test("is nothing for what is not JSON, and what stands before the fault for what is no longer", () => {
    for (const text of ["", "   ", "nonsense", "{oops", '{"a":tru', "]"]) {
      expect([undefined, "{}"]).toContain(preview("json", text));
    }
    expect(preview("json", '{"a":1,"b":tru, "c":2}')).toBe('{"a":1}');
  });

  test("takes no time with nesting that never ends", () => {
    const deep = preview("json", "[".repeat(PREVIEW_SOURCE_BYTES));
    expect(() => JSON.parse(deep as string) as unknown).not.toThrow();
    const objects = preview("json", '{"a":'.repeat(PREVIEW_SOURCE_BYTES));
    expect(() => JSON.parse(objects as string) as unknown).not.toThrow();
  });

  test("is valid JSON on one line within the bound, wherever the document breaks off", () => {
    fc.assert(
      fc.property(
        fc.json({ maxDepth: 5 }),
        fc.boolean(),
        fc.nat(2_000),
        fc.nat(500),
        (json, isSpaced, end, max) => {
          const text = isSpaced ? JSON.stringify(JSON.parse(json), null, 2) : json;
          const shown = previewOf("json", encoder.encode(text).subarray(0, end), max);
          if (shown === undefined) return;
          expect(shown.length).toBeLessThanOrEqual(max);
          expect(shown.includes(10)).toBe(false);
          JSON.parse(decoder.decode(shown));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test("is valid JSON within the bound for any bytes at all", () => {
    const noise = fc.array(
      fc.constantFrom(
        '"',
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "1",
        "-",
        "tru",
        "null",
        "\\u",
        "d83d",
        "é",
        " ",
        "\n",
      ),
    );
    fc.assert(
      fc.property(noise, fc.nat(40), (parts, max) => {
        const shown = preview("json", parts.join(""), max);
        if (shown === undefined) return;
        expect(encoder.encode(shown).length).toBeLessThanOrEqual(max);
        JSON.parse(shown);
      }),
      { numRuns: 2_000 },
    );
  });

  test("shows a small document whole", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 5 }), fc.integer(), { maxKeys: 10 }), (value) => {
        const json = JSON.stringify(value);
        expect(preview("json", json)).toBe(json);
      }),
    );
  });
});

describe("the preview of text", () => {
  test("is its first lines, as many as fit", () => {
    expect(preview("text", "one\ntwo\nthree\n", 4_096)).toBe(String.raw`"one\ntwo\nthree\n"`);
    expect(preview("text", "one\ntwo\nthree\n", 14)).toBe(String.raw`"one\ntwo\n"`);
  });

  test("is the first characters where the first line is too long", () => {
    expect(preview("text", "é".repeat(100), 12)).toBe(`"${"é".repeat(5)}"`);
    expect(preview("text", "😀".repeat(100), 12)).toBe(`"😀😀"`);
  });

  test("leaves out a character that its beginning was cut in", () => {
    expect(decoder.decode(previewOf("text", encoder.encode("aé").subarray(0, 2), 100))).toBe('"a"');
  });

  test("is a JSON string within the bound that the text begins with", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(60), (text, max) => {
        const shown = preview("text", text, max);
        if (shown === undefined) return;
        expect(encoder.encode(shown).length).toBeLessThanOrEqual(max);
        expect(text.startsWith(JSON.parse(shown) as string)).toBe(true);
      }),
    );
  });
});

test("bytes have no preview, and nothing has one where no room is given", () => {
  expect(preview("bytes", "abc")).toBeUndefined();
  expect(preview("text", "abc", 0)).toBeUndefined();
  expect(preview("json", "{}", 0)).toBeUndefined();
});
