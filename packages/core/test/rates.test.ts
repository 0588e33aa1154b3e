import { DEFAULT_LIMITS } from "@tidings/protocol";
import { describe, expect, test } from "vitest";
import { Rates } from "../src/index.ts";

const LIMITS = { maxPublishesPerSecond: 10, maxPublishBytesPerSecond: 1_000, maxChannelsPerMinute: 6 };

/** How long is to be waited, where it is refused. */
function wait(act: () => void): number | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: "RATE_LIMITED" });
    return (error as { details: { retryAfterMs?: number } }).details.retryAfterMs;
  }
}

describe("what a client may publish", () => {
  test("is twice a second's messages at once, and then a second's each second", () => {
    const rates = new Rates(LIMITS, 0);
    for (let each = 0; each < 20; each++) expect(wait(() => rates.publish(1, 1, 0))).toBeUndefined();
    expect(wait(() => rates.publish(1, 1, 0))).toBe(100);
    expect(wait(() => rates.check(0))).toBe(100);
    expect(wait(() => rates.publish(1, 1, 100))).toBeUndefined();
    expect(wait(() => rates.publish(10, 1, 100))).toBe(1_000);
  });

  test("is bounded by bytes in the same way, and what is refused is counted nowhere", () => {
    const rates = new Rates(LIMITS, 0);
    rates.publish(1, 1_999, 0);
    for (let each = 0; each < 30; each++) expect(wait(() => rates.publish(1, 2, 0))).toBe(1);
    expect(wait(() => rates.publish(19, 1, 0))).toBeUndefined();
  });

  test("can be more at once than there ever is: it waits for all there is, and is paid off", () => {
    const rates = new Rates(LIMITS, 0);
    rates.publish(50, 1, 0);
    expect(wait(() => rates.publish(1, 1, 0))).toBe(3_100);
    expect(wait(() => rates.publish(1, 1, 3_090))).toBeGreaterThan(9);
    expect(wait(() => rates.publish(1, 1, 3_101))).toBeUndefined();
    expect(wait(() => rates.publish(50, 1, 4_000))).toBeGreaterThan(0);
    expect(wait(() => rates.publish(50, 1, 6_000))).toBeUndefined();
  });

  test("has no bound where that is Infinity", () => {
    const unbounded = {
      maxPublishesPerSecond: Infinity,
      maxPublishBytesPerSecond: Infinity,
      maxChannelsPerMinute: Infinity,
    };
    const rates = new Rates(unbounded, 0);
    rates.publish(1e9, 1e12, 0);
    rates.publish(1e9, 1e12, 0);
    for (let each = 0; each < 1_000; each++) rates.create("a", 0);
  });

  test("makes as many channels as it may in a minute, all at once if it likes", () => {
    const rates = new Rates({ ...DEFAULT_LIMITS, maxChannelsPerMinute: 6 }, 0);
    for (let each = 0; each < 6; each++) expect(wait(() => rates.create("a", 0))).toBeUndefined();
    expect(wait(() => rates.create("a", 0))).toBe(10_000);
    expect(wait(() => rates.create("a", 10_000))).toBeUndefined();
  });
});
