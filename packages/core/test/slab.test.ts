import { expect, test } from "vitest";
import { Slab } from "../src/slab.ts";

const POOL_BYTES = 65_536;

/** Bytes as they come in: each a part of something larger. */
const within = (buffer: ArrayBuffer, at: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(buffer, at, length);
  for (let index = 0; index < length; index++) bytes[index] = (at + index) % 251;
  return bytes;
};

/** How many bytes are held by those that hold these. */
const heldBy = (kept: readonly Uint8Array[]): number =>
  [...new Set(kept.map(({ buffer }) => buffer))].reduce((sum, { byteLength }) => sum + byteLength, 0);

test("messages that lie apart keep little beside themselves, however many there are", () => {
  const slab = new Slab();
  const kept = Array.from({ length: 10_000 }, (_, at) =>
    slab.keep(within(new ArrayBuffer(POOL_BYTES), at, 100)),
  );
  kept.forEach((bytes, at) => expect(bytes).toEqual(within(new ArrayBuffer(POOL_BYTES), at, 100)));
  expect(heldBy(kept)).toBeLessThan(2 * 10_000 * 100);
});

test("messages that lie together stay where they are", () => {
  const slab = new Slab();
  for (let pool = 0; pool < 3; pool++) {
    const buffer = new ArrayBuffer(POOL_BYTES);
    for (let at = 0; at + 128 <= POOL_BYTES; at += 128) {
      const bytes = within(buffer, at, 128);
      expect(slab.keep(bytes)).toBe(bytes);
    }
  }
});

test("once they lie together again, they are left where they are again", () => {
  const slab = new Slab();
  for (let at = 0; at < 1_000; at++) slab.keep(within(new ArrayBuffer(POOL_BYTES), at, 100));
  const buffer = new ArrayBuffer(10_000 * 100);
  const together = Array.from({ length: 10_000 }, (_, at) => within(buffer, at * 100, 100));
  const left = together.filter((bytes) => slab.keep(bytes) === bytes).length;
  expect(left).toBeGreaterThan(5_000);
});

test("a large message among those that are copied has room of its own, exactly", () => {
  const slab = new Slab();
  for (const at of [0, 1]) slab.keep(within(new ArrayBuffer(POOL_BYTES), at, 100));
  const large = within(new ArrayBuffer(POOL_BYTES), 7, 40_000);
  const kept = slab.keep(large);
  expect(kept).toEqual(large);
  expect(kept.buffer.byteLength).toBe(40_000);
});

test("bytes that have nothing beside them are never copied", () => {
  const slab = new Slab();
  for (const at of [0, 1]) slab.keep(within(new ArrayBuffer(POOL_BYTES), at, 100));
  const alone = new Uint8Array(100);
  expect(slab.keep(alone)).toBe(alone);
});
