import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../src/byte-writer.ts";
import { anyUnits } from "./arbitraries.ts";

const take = (writer: ByteWriter): Buffer => Buffer.from(writer.take((size) => new Uint8Array(size)));

describe("ByteWriter", () => {
  test("what is written stands in order, and the writer is empty after it was taken", () => {
    const writer = new ByteWriter();
    writer.text("a€");
    writer.byte(0x0a);
    writer.bytes(new Uint8Array([0, 255]));
    writer.base64(new Uint8Array([0x66]));
    expect(writer.length).toBe(11);
    expect(take(writer).toString("latin1")).toBe("a\u00e2\u0082\u00ac\n\u0000\u00ffZg==");
    expect(writer.length).toBe(0);
    expect(take(writer)).toHaveLength(0);
  });

  test("text of any length and script is written as UTF-8; half a surrogate pair becomes U+FFFD", () => {
    const writer = new ByteWriter();
    fc.assert(
      fc.property(fc.array(fc.oneof(anyUnits, fc.string({ unit: "binary", minLength: 20 }))), (texts) => {
        for (const text of texts) writer.text(text);
        expect(take(writer)).toEqual(Buffer.concat(texts.map((text) => Buffer.from(text))));
      }),
    );
  });

  test("the characters at the borders between one, two, three and four bytes are written as UTF-8", () => {
    const writer = new ByteWriter();
    const borders = "\0\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}";
    for (const character of borders) writer.text(character);
    writer.text(borders.repeat(10));
    expect(take(writer)).toEqual(Buffer.from(borders.repeat(11)));
  });

  test("it grows for whatever is written, at every border of its buffer", () => {
    for (const size of [4_094, 4_095, 4_096, 4_097, 8_192, 100_000]) {
      const text = "é".repeat(Math.floor(size / 2)) + "x".repeat(size % 2);
      const writes: ((writer: ByteWriter) => void)[] = [
        (writer) => writer.text(text),
        (writer) => writer.bytes(Buffer.from(text)),
        (writer) => writer.jsonOnOneLine(Buffer.from(text)),
        (writer) => writer.bytes(Buffer.from(text).subarray(writer.skip(0))),
        (writer) => {
          for (const byte of Buffer.from(text)) writer.byte(byte);
        },
      ];
      for (const write of writes) {
        const writer = new ByteWriter();
        write(writer);
        writer.byte(0x21);
        expect(take(writer).equals(Buffer.from(`${text}!`))).toBe(true);
      }
      const writer = new ByteWriter();
      writer.base64(Buffer.from(text));
      expect(take(writer).toString()).toBe(Buffer.from(text).toString("base64"));
    }
  });

  test("CR and LF between the tokens of JSON become spaces, and nothing else changes", () => {
    const writer = new ByteWriter();
    writer.text("\r\n");
    writer.jsonOnOneLine(Buffer.from('{\r\n\t"a\\n": "é\\r",\r"b":\n1}\n'));
    writer.text("\r\n");
    expect(take(writer).toString()).toBe('\r\n{  \t"a\\n": "é\\r", "b": 1} \r\n');
  });

  test("room that was left is filled in later", () => {
    const writer = new ByteWriter();
    writer.text("a");
    const at = writer.skip(2);
    writer.text("b");
    writer.set(at, 0x31);
    writer.set(at + 1, 0x32);
    expect(take(writer).toString()).toBe("a12b");
  });

  test("what was written can be moved in either direction, also past the end of the buffer", () => {
    const writer = new ByteWriter();
    writer.text("ab--cd");
    writer.shift(4, -2);
    expect(take(writer).toString()).toBe("abcd");

    const long = "x".repeat(4_090);
    writer.text(`ab${long}`);
    writer.shift(2, 6);
    for (let at = 2; at < 8; at++) writer.set(at, 0x2d);
    expect(take(writer).toString()).toBe(`ab------${long}`);
  });

  test("what is taken is a copy of its own, in the buffer that was handed in", () => {
    const writer = new ByteWriter();
    writer.text("first");
    const given = Buffer.alloc(5);
    const taken = writer.take((size) => {
      expect(size).toBe(5);
      return given;
    });
    writer.text("SECOND");
    expect(taken).toBe(given);
    expect(given.toString()).toBe("first");
  });

  test("after 4 MiB and more it still starts afresh", () => {
    const writer = new ByteWriter();
    writer.bytes(new Uint8Array(5_000_000).fill(1));
    expect(take(writer)).toHaveLength(5_000_000);
    writer.text("small");
    expect(take(writer).toString()).toBe("small");
  });

  test("what was cleared away is not taken", () => {
    const writer = new ByteWriter();
    writer.text("gone");
    writer.clear();
    writer.text("kept");
    expect(take(writer).toString()).toBe("kept");
  });
});
