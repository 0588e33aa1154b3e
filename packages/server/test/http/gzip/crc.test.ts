import { crc32 } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crcShift, joinCrc } from "../../../src/http/gzip/crc.ts";

test("the check value of CRC-32 is had from its parts", () => {
  const [first, second] = ["1234", "56789"];
  expect(joinCrc(crc32(first), crc32(second), crcShift(second.length))).toBe(0xcbf43926);
});

test("the CRC-32 of any two stretches set side by side is that of the whole", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.uint8Array({ maxLength: 2_000 }), (first, second) => {
      const joined = joinCrc(crc32(first), crc32(second), crcShift(second.length));
      expect(joined).toBe(crc32(Buffer.concat([first, second])));
    }),
  );
});

test("nothing that follows changes nothing, and a long stretch is as exact as a short one", () => {
  expect(joinCrc(crc32("a"), crc32(""), crcShift(0))).toBe(crc32("a"));
  const long = Buffer.alloc(10_000_000, "tidings ");
  expect(joinCrc(crc32("a"), crc32(long), crcShift(long.length))).toBe(crc32(long, crc32("a")));
});
