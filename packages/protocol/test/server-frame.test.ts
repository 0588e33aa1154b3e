import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseBinaryFrame, parseServerFrame } from "../src/server-frame.ts";
import { jsonText } from "./arbitraries.ts";

describe("a frame of the server", () => {
  test("is read as it is, also of a type that is not known yet", () => {
    expect(parseServerFrame('{"type":"pong","id":"1"}')).toEqual({ type: "pong", id: "1" });
    expect(parseServerFrame('{"type":"news","x":1}')).toEqual({ type: "news", x: 1 });
  });

  test.each(["", "{", "null", "1", '"pong"', "[]", "{}", '{"type":1}', '{"type":null}'])(
    "is not %j",
    (text) => {
      expect(() => parseServerFrame(text)).toThrow(SyntaxError);
    },
  );

  test("is nothing but an object with a type, or a SyntaxError", () => {
    fc.assert(
      fc.property(fc.oneof(jsonText, fc.string()), (text) => {
        try {
          expect(typeof parseServerFrame(text).type).toBe("string");
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
  });
});

describe("a binary frame of the server", () => {
  const frame = (head: string, data: string, headBytes: number = Buffer.byteLength(head)): Uint8Array => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(headBytes);
    return Buffer.concat([length, Buffer.from(head), Buffer.from(data)]);
  };
  const HEAD = '{"type":"message","channel":"c","time":"t","encoding":"binary"}';

  test("is a length, a header and bytes", () => {
    const read = parseBinaryFrame(frame(HEAD, "bytes"));
    expect(read).toEqual({ ...JSON.parse(HEAD), data: Buffer.from("bytes") });
  });

  test("may have no bytes, and may begin anywhere in a larger buffer", () => {
    const within = Buffer.concat([Buffer.from("before"), frame(HEAD, "")]).subarray(6);
    expect(parseBinaryFrame(within)?.data).toHaveLength(0);
  });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["less than a length", new Uint8Array(3)],
    ["a length beyond the frame", frame(HEAD, "", 1_000)],
    ["a length of 4 GiB", frame(HEAD, "", 0xffff_ffff)],
    ["a length that cuts the header", frame(HEAD, "", 10)],
    ["no header", frame("", "bytes")],
    ["a header that is no JSON", frame("{", "")],
    ["a header that is null", frame("null", "")],
    ["a header that is a number", frame("1", "")],
    ["a header that is an array", frame("[]", "")],
    ["a header of another type", frame('{"type":"gap"}', "")],
  ])("is not %s", (_, bytes) => {
    expect(parseBinaryFrame(bytes)).toBeUndefined();
  });

  test("is read or passed over, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseBinaryFrame(bytes)).toBeUndefined();
      }),
    );
  });
});
