import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TokenBucket } from "../src/index.ts";

describe("a token bucket", () => {
  test("gives twice its rate at once, and then its rate", () => {
    const bucket = new TokenBucket(10, 0);
    expect(bucket.take(20, 0)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.waitMs(1)).toBe(100);
    expect(bucket.take(1, 99)).toBe(false);
    expect(bucket.take(1, 100)).toBe(true);
    expect(bucket.take(1, 100)).toBe(false);
  });

  test("gives all of what is asked or nothing, and never more than it holds", () => {
    const bucket = new TokenBucket(10, 0);
    expect(bucket.take(21, 0)).toBe(false);
    expect(bucket.take(21, 1_000_000)).toBe(false);
    expect(bucket.take(20, 1_000_000)).toBe(true);
  });

  test("a clock that is set back gives nothing", () => {
    const bucket = new TokenBucket(10, 5_000);
    expect(bucket.take(20, 5_000)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.take(1, 100)).toBe(true);
  });

  test("over any time gives at most its rate and the burst", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ count: fc.integer({ min: 1, max: 8 }), afterMs: fc.nat(500) }), {
          maxLength: 200,
        }),
        (asks) => {
          const bucket = new TokenBucket(5, 0);
          let nowMs = 0;
          let given = 0;
          for (const { count, afterMs } of asks) {
            nowMs += afterMs;
            if (bucket.take(count, nowMs)) given += count;
          }
          expect(given).toBeLessThanOrEqual(10 + (nowMs * 5) / 1_000 + 1e-6);
        },
      ),
    );
  });
});
