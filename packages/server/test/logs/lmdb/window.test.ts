import type { Retention } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Anchor, type Channel, newChannel } from "../../../src/logs/lmdb/channel.ts";
import { applyRetention, heldBytes } from "../../../src/logs/lmdb/window.ts";

const bound = fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.nat(600));
const retention: fc.Arbitrary<Retention> = fc.record({
  maxMessages: bound,
  maxBytes: bound,
  maxAgeMs: bound,
});
const steps = fc.array(
  fc.record({ sizes: fc.array(fc.nat(100), { maxLength: 8 }), waitMs: fc.nat(100), retention }),
  { minLength: 1, maxLength: 30 },
);

interface Held {
  readonly bytes: number;
  readonly timeMs: number;
}

/** Drops from the oldest on while anything is exceeded. */
function plainEarliest(
  all: readonly Held[],
  from: number,
  { maxMessages, maxBytes, maxAgeMs }: Retention,
  nowMs: number,
): number {
  let earliest = from;
  for (; earliest <= all.length; earliest++) {
    const held = all.slice(earliest - 1);
    const bytes = held.reduce((sum, each) => sum + each.bytes, 0);
    if (held.length <= maxMessages && bytes <= maxBytes && nowMs - (held[0]?.timeMs ?? 0) <= maxAgeMs) break;
  }
  return earliest;
}

describe("retention", () => {
  test("what is found with few looks is what is found by looking at everything", () => {
    fc.assert(
      fc.property(steps, (history) => {
        const all: Held[] = [];
        let channel: Channel = newChannel("a", 1);
        let earliest = 1;
        let nowMs = 1_000;
        const locate = (offset: number): Anchor => {
          const timeMs = all[offset - 1]?.timeMs;
          if (timeMs === undefined || offset < channel.earliest)
            throw new Error(`${offset} was looked at and is not held`);
          return {
            offset,
            timeMs,
            bytesBefore: all.slice(0, offset - 1).reduce((sum, each) => sum + each.bytes, 0),
          };
        };
        for (const step of history) {
          nowMs += step.waitMs;
          const bytesBefore = channel.totalBytes;
          const isEmpty = channel.earliest > channel.head;
          if (step.sizes.length > 0 && isEmpty) {
            channel = { ...channel, anchor: { offset: channel.head + 1, bytesBefore, timeMs: nowMs } };
          }
          for (const bytes of step.sizes) {
            all.push({ bytes, timeMs: nowMs });
            channel = { ...channel, head: all.length as Offset, totalBytes: channel.totalBytes + bytes };
          }
          channel = applyRetention(channel, step.retention, nowMs, locate);
          earliest = plainEarliest(all, earliest, step.retention, nowMs);
          expect(channel.earliest).toBe(earliest);
          const held = all.slice(earliest - 1).reduce((sum, each) => sum + each.bytes, 0);
          expect(heldBytes(channel, locate)).toBe(held);
          expect(channel.anchor.offset).toBeLessThanOrEqual(channel.earliest);
        }
      }),
    );
  });

  test("while nothing is exceeded, no message is looked at", () => {
    const anchor = { offset: 1, bytesBefore: 0, timeMs: 0 };
    const channel: Channel = { ...newChannel("a", 1), head: 1_000 as Offset, totalBytes: 64_000, anchor };
    const keep = { maxMessages: 500, maxBytes: 64_000, maxAgeMs: 1_000 };
    const never = (): Anchor => expect.fail("looked");
    expect(applyRetention(channel, keep, 1_000, never)).toMatchObject({ earliest: 501, anchor });
  });

  test("dropping one of a million takes few looks, and so does dropping all but one", () => {
    const anchor = { offset: 1, bytesBefore: 0, timeMs: 0 };
    const channel: Channel = {
      ...newChannel("a", 1),
      head: 1_000_000 as Offset,
      totalBytes: 64_000_000,
      anchor,
    };
    const keep = { maxMessages: Number.POSITIVE_INFINITY, maxAgeMs: Number.POSITIVE_INFINITY };
    for (const [maxBytes, most] of [
      [63_999_936, 4],
      [64, 50],
    ] as const) {
      let looks = 0;
      const locate = (offset: number): Anchor => {
        looks++;
        return { offset, bytesBefore: (offset - 1) * 64, timeMs: 0 };
      };
      expect(applyRetention(channel, { ...keep, maxBytes }, 0, locate).earliest).toBe(
        1_000_000 - maxBytes / 64 + 1,
      );
      expect(looks).toBeLessThanOrEqual(most);
    }
  });
});
