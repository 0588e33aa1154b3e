import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteWriter } from "../src/byte-writer.ts";
import { closeFrame, encodeTextFrame, openFrame } from "../src/websocket-frame.ts";
import { hostileText } from "./arbitraries.ts";
import { readFrames } from "./websocket-frames.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

function binaryFrame(payload: Uint8Array): Uint8Array {
  const writer = new ByteWriter();
  const start = openFrame(writer);
  writer.bytes(payload);
  closeFrame(writer, start, 0x2);
  return writer.take((size) => new Uint8Array(size));
}

describe("a WebSocket frame (RFC 6455 §5.2)", () => {
  test('of the text "Hello" is 81 05 48 65 6c 6c 6f (RFC 6455 §5.7)', () => {
    expect(hex(encodeTextFrame("Hello"))).toBe("810548656c6c6f");
  });

  test("of 256 bytes begins 82 7e 01 00 (RFC 6455 §5.7)", () => {
    expect(hex(binaryFrame(new Uint8Array(256)))).toBe(`827e0100${"00".repeat(256)}`);
  });

  test("of 64 KiB begins 82 7f 00 00 00 00 00 01 00 00 (RFC 6455 §5.7)", () => {
    expect(hex(binaryFrame(new Uint8Array(65_536)).subarray(0, 11))).toBe("827f000000000001000000");
  });

  test.each([
    [0, "8100"],
    [1, "8101"],
    [125, "817d"],
    [126, "817e007e"],
    [127, "817e007f"],
    [65_535, "817effff"],
    [65_536, "817f0000000000010000"],
    [16_909_060, "817f0000000001020304"],
  ])("of %i bytes has the shortest header that holds its length", (length, header) => {
    const frame = encodeTextFrame("x".repeat(length));
    expect(hex(frame.subarray(0, header.length / 2))).toBe(header);
    expect(frame).toHaveLength(header.length / 2 + length);
    expect(frame.subarray(header.length / 2).every((byte) => byte === 0x78)).toBe(true);
  });

  test("counts bytes of UTF-8 and not characters", () => {
    expect(hex(encodeTextFrame("é".repeat(63)).subarray(0, 4))).toBe("817e007e");
  });

  test("holds any text, and any number of frames can stand side by side", () => {
    const lengths = fc.constantFrom(0, 124, 125, 126, 127, 65_535, 65_536);
    const text = fc.oneof(
      hostileText,
      lengths.map((length) => "y".repeat(length)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), (texts) => {
        const frames = readFrames(Buffer.concat(texts.map(encodeTextFrame)));
        expect(frames.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual(
          texts.map((payload) => [1, payload]),
        );
      }),
    );
  });

  test("leaves what was written before it as it was", () => {
    for (const length of [0, 126, 65_536]) {
      const writer = new ByteWriter();
      writer.text("before");
      const start = openFrame(writer);
      writer.bytes(new Uint8Array(length));
      closeFrame(writer, start, 0x2);
      writer.text("after");
      const bytes = Buffer.from(writer.take((size) => new Uint8Array(size)));
      expect(bytes.subarray(0, 6).toString()).toBe("before");
      expect(bytes.subarray(-5).toString()).toBe("after");
      expect(readFrames(bytes.subarray(6, -5))).toEqual([{ opcode: 2, payload: Buffer.alloc(length) }]);
    }
  });
});
