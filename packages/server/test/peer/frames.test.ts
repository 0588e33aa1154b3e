import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeFrame, type Frame, FrameDecoder } from "../../src/peer/frames.ts";

const FRAMES: readonly Frame[] = [
  { type: "call", id: 1, head: ["append", "a/ü"], parts: [Buffer.from("payload"), Buffer.alloc(0)] },
  { type: "answer", id: 0xffff_ffff, head: null, parts: [] },
  { type: "tell", id: 0, head: ["tail", { channel: "a" }], parts: [Buffer.alloc(70_000, 7)] },
];

/** What a decoder says of the pieces. */
function decode(pieces: readonly Buffer[]): readonly Frame[] {
  const frames: Frame[] = [];
  const decoder = new FrameDecoder((frame) => frames.push(frame));
  for (const piece of pieces) decoder.push(piece);
  return frames;
}

describe("frames between processes", () => {
  test("have their length before them, their head as JSON, and their parts as they are", () => {
    const frame = encodeFrame({ type: "call", id: 2, head: ["x"], parts: [Buffer.from("ab")] });
    expect(frame.toString("hex")).toBe(
      "00000014" +
        "00" +
        "00000002" +
        "00000005" +
        Buffer.from('["x"]').toString("hex") +
        "00000002" +
        "6162",
    );
  });

  test("where the socket cuts them never changes them", () => {
    const bytes = Buffer.concat(FRAMES.map((frame) => encodeFrame(frame)));
    const whole = FRAMES.map((frame) => ({
      ...frame,
      parts: frame.parts.map((part) => new Uint8Array(part)),
    }));
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const ends = [...cuts.toSorted((one, other) => one - other), bytes.length];
        const pieces = ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
        expect(decode(pieces)).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  test.each([
    ["shorter than any frame", "00000003010203", "3 bytes"],
    ["longer than any frame", "7fffffff", "2147483647 bytes"],
    ["of a type that is none", "0000000909000000000000000000".slice(0, 26), "no known type"],
    [
      "with a part that ends after it",
      "00000011" + "00" + "00000001" + "00000004" + "6e756c6c" + "00000009",
      "ends after",
    ],
  ])("one that is %s is refused", (_, hex, reason) => {
    expect(() => decode([Buffer.from(hex, "hex")])).toThrow(reason);
  });
});
