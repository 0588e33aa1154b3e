import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineSplitter, type Piece } from "../../src/cli/delivery/line-splitter.ts";

/** What a splitter makes of these bytes, cut at these places. */
function split(bytes: Buffer, cuts: readonly number[] = [], maxBytes = 1_000): readonly Piece[] {
  const pieces: Piece[] = [];
  const splitter = new LineSplitter(maxBytes, (piece) => pieces.push(piece));
  let start = 0;
  for (const cut of [...cuts, bytes.length].sort((a, b) => a - b)) {
    splitter.push(bytes.subarray(start, cut));
    start = cut;
  }
  splitter.end();
  return pieces;
}

function shown(pieces: readonly Piece[]): readonly string[] {
  return pieces.map(({ kind, bytes }) => `${kind}:${bytes.toString()}`);
}

describe("lines", () => {
  test.each([
    ["LF ends a line", "a\nb\n", ["line:a", "line:b"]],
    ["CRLF ends a line, however many CRs", "a\r\nb\r\r\n", ["line:a", "line:b"]],
    ["an empty line is a line", "\n\r\na\n", ["line:", "line:", "line:a"]],
    ["a last line without its end is kept", "a\nb", ["line:a", "line:b"]],
    ["a CR alone ends an update", "10%\r20%\rdone\n", ["update:10%", "update:20%", "line:done"]],
    ["a CR at the beginning updates nothing", "\r10%\r20%\n", ["update:10%", "line:20%"]],
    ["a last update is kept", "10%\r", ["update:10%"]],
    ["nothing is no line", "", []],
  ])("%s", (_rule, text, expected) => {
    expect(shown(split(Buffer.from(text)))).toEqual(expected);
  });

  test("where the stream is cut never changes the lines", () => {
    const stream = Buffer.from("one\r\n\ntwo\r50%\r\r\nthree ü€😀\r\rlast");
    const whole = shown(split(stream));
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length)), (cuts) => {
        expect(shown(split(stream, cuts))).toEqual(whole);
      }),
    );
  });

  test("a line longer than the limit comes in parts that together are the line, cut between characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), fc.array(fc.nat(400)), (text, cuts) => {
        const line = Buffer.from(text.replaceAll(/[\r\n]/g, "").repeat(3));
        const pieces = split(Buffer.concat([line, Buffer.from("\nnext\n")]), cuts, 16);
        const parts = pieces.slice(0, -1);
        expect(Buffer.concat(parts.map(({ bytes }) => bytes))).toEqual(line);
        expect(parts.map(({ kind }) => kind)).toEqual([...parts.slice(1).map(() => "part"), "line"]);
        for (const { bytes } of parts) {
          expect(bytes.length).toBeLessThanOrEqual(16);
          expect(Buffer.from(bytes.toString())).toEqual(bytes);
        }
        expect(pieces.at(-1)?.bytes.toString()).toBe("next");
      }),
    );
  });

  test("bytes that are not UTF-8 are cut too, and none is lost", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const line = Buffer.from(bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d));
        expect(Buffer.concat(split(line, [], 16).map((piece) => piece.bytes))).toEqual(line);
      }),
    );
  });
});
