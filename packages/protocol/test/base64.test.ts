import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fromBase64, toBase64 } from "../src/base64.ts";
import { oneOf } from "./arbitraries.ts";

describe("base64", () => {
  test.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg=="],
    ["fooba", "Zm9vYmE="],
    ["foobar", "Zm9vYmFy"],
  ])("%j is written as %j (RFC 4648 §10)", (text, encoded) => {
    expect(toBase64(Buffer.from(text))).toBe(encoded);
    expect(fromBase64(encoded)).toEqual(new Uint8Array(Buffer.from(text)));
  });

  test("any bytes are written as Node.js writes them, and read back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
        const encoded = toBase64(bytes);
        expect(encoded).toBe(Buffer.from(bytes).toString("base64"));
        expect(fromBase64(encoded)).toEqual(bytes);
      }),
    );
  });

  test("a megabyte goes there and back", () => {
    const bytes = new Uint8Array(1_048_577).map((_, at) => (at * 7) & 255);
    expect(Buffer.from(fromBase64(toBase64(bytes)) ?? []).equals(Buffer.from(bytes))).toBe(true);
  });

  test.each([
    ["no padding", "Zg"],
    ["too little padding", "Zg="],
    ["padding alone", "===="],
    ["three paddings", "Z==="],
    ["padding in the middle", "Zg==Zm9v"],
    ["a space", "Zm9 "],
    ["a line end", "Zm9v\n"],
    ["the alphabet for URLs (RFC 4648 §5)", "-_-_"],
    ["a character beyond ASCII", "Zmé="],
    ["a character whose low bits are a letter's", "ŁŁŁŁ"],
    ["NUL", "Zm9\0"],
  ])("%s is refused", (_, text) => {
    expect(fromBase64(text)).toBeUndefined();
  });

  test("bits that the padding leaves over are not looked at (RFC 4648 §3.5)", () => {
    expect(fromBase64("Zh==")).toEqual(new Uint8Array([0x66]));
  });

  test("what is accepted is what Node.js reads, and nothing else is", () => {
    const almost = fc.string({ unit: oneOf("AZaz09+/=-_ \n\0é"), maxLength: 12 });
    fc.assert(
      fc.property(almost, (text) => {
        const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
        const decoded = fromBase64(text);
        expect(decoded !== undefined).toBe(isBase64);
        if (decoded !== undefined) expect(Buffer.from(decoded)).toEqual(Buffer.from(text, "base64"));
      }),
    );
  });
});
