import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Tokens } from "../src/core/context.ts";
import { renewal } from "../src/core/renewal.ts";
import { createTokens as simpleTokens } from "../src/core/tokens.ts";
import { TidingsError } from "../src/errors.ts";
import type { Options } from "../src/types.ts";

const TUNING = { renewMs: 30_000, requestMs: 10_000, backoffMs: 500, maxBackoffMs: 30_000 };
const MINUTE = 60_000;

/** Of the whole client: those of the smaller entries, renewed ahead of their end. */
const createTokens = (options: Options, tuning: typeof TUNING): Tokens =>
  renewal(simpleTokens(options, tuning), tuning);

/** A JWT that expires then; nobody checks its signature. */
function jwt(expMs: number, claims: Record<string, unknown> = {}): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ exp: expMs / 1_000, ...claims })}.`;
}

// Pure clock logic: no server and no socket is in it.
beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

describe("the credential", () => {
  test("is none, a text, or what the function answers", async () => {
    expect(await createTokens({}, TUNING).get()).toBeUndefined();
    expect(await createTokens({ token: "fixed" }, TUNING).get()).toBe("fixed");
    expect(await createTokens({ token: () => "made" }, TUNING).get()).toBe("made");
    expect(await createTokens({ token: async () => undefined }, TUNING).get()).toBeUndefined();
  });

  test("is asked for once by all that ask at the same time, and kept", async () => {
    const token = vi.fn(async () => "t");
    const tokens = createTokens({ token }, TUNING);
    expect(await Promise.all([tokens.get(), tokens.get(), tokens.renew(undefined)])).toEqual(["t", "t", "t"]);
    expect(await tokens.get()).toBe("t");
    expect(token).toHaveBeenCalledTimes(1);
  });

  test("that expires soon is asked for anew, and one that is told no time never", async () => {
    const token = vi.fn(() => jwt(Date.now() + 10 * MINUTE));
    const tokens = createTokens({ token }, TUNING);
    await tokens.get();
    vi.setSystemTime(Date.now() + 9 * MINUTE);
    await tokens.get();
    expect(token).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.now() + 31_000);
    await tokens.get();
    expect(token).toHaveBeenCalledTimes(2);
    for (const opaque of [
      "opaque",
      "a.b.c",
      `x.${Buffer.from('{"sub":"ü"}').toString("base64url")}.y`,
      jwt(NaN),
    ]) {
      const ask = vi.fn(() => opaque);
      const others = createTokens({ token: ask }, TUNING);
      await others.get();
      vi.setSystemTime(Date.now() + 1e12);
      expect(await others.get()).toBe(opaque);
      expect(ask).toHaveBeenCalledTimes(1);
    }
  });

  test("reads the time from claims that are not ASCII", async () => {
    const token = vi.fn(() => jwt(Date.now() + MINUTE, { name: "Zoë ÿ 🙂 ??>>" }));
    const tokens = createTokens({ token }, TUNING);
    await tokens.get();
    vi.setSystemTime(Date.now() + MINUTE);
    await tokens.get();
    expect(token).toHaveBeenCalledTimes(2);
  });

  test("that was refused is made anew; one that another renewed meanwhile is not", async () => {
    let made = 0;
    const tokens = createTokens({ token: () => `t${++made}` }, TUNING);
    await tokens.get();
    expect(await tokens.renew("t1")).toBe("t2");
    expect(await tokens.renew("t1")).toBe("t2");
    const fixed = createTokens({ token: "fixed" }, TUNING);
    expect(await fixed.renew(await fixed.get())).toBe("fixed");
  });
});

describe("a function that fails", () => {
  test.each([
    [
      "throws",
      () => {
        throw new Error("no");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no"))],
  ])("one that %s is UNAUTHENTICATED with the cause, and asked again by the next call", async (_, fail) => {
    const token = vi.fn<() => string | Promise<string>>(fail);
    const tokens = createTokens({ token }, TUNING);
    const error: unknown = await tokens.get().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TidingsError);
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", retryable: true, cause: { message: "no" } });
    token.mockReturnValue("t");
    expect(await tokens.get()).toBe("t");
  });

  test("one that never answers is given up", async () => {
    const got = createTokens({ token: () => new Promise<string>(() => undefined) }, TUNING).get();
    const expected = expect(got).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
    await vi.advanceTimersByTimeAsync(10_000);
    await expected;
  });

  test("leaves what is about to expire in use", async () => {
    const first = jwt(Date.now() + 10 * MINUTE);
    const token = vi.fn<() => string>(() => first);
    const tokens = createTokens({ token }, TUNING);
    await tokens.get();
    token.mockImplementation(() => {
      throw new Error("no");
    });
    vi.setSystemTime(Date.now() + 10 * MINUTE - 5_000);
    expect(await tokens.get()).toBe(first);
    expect(await tokens.get()).toBe(first);
    expect(token).toHaveBeenCalledTimes(2);
  });
});

describe("while somebody listens", () => {
  test("it is renewed ahead of its end, and told", async () => {
    const token = vi.fn(() => jwt(Date.now() + 10 * MINUTE));
    const tokens = createTokens({ token }, TUNING);
    const told: string[] = [];
    await tokens.get();
    const off = tokens.onRenewed?.((each) => told.push(each));
    await vi.advanceTimersByTimeAsync(10 * MINUTE - 31_000);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(told).toEqual([await tokens.get()]);
    await vi.advanceTimersByTimeAsync(20 * MINUTE);
    expect(told).toHaveLength(3);
    off?.();
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(token).toHaveBeenCalledTimes(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a failing renewal is tried again, ever more seldom, until it succeeds", async () => {
    const token = vi.fn<() => string>(() => jwt(Date.now() + 2 * MINUTE));
    const tokens = createTokens({ token }, TUNING);
    const told: string[] = [];
    await tokens.get();
    tokens.onRenewed?.((each) => told.push(each));
    token.mockImplementation(() => {
      throw new Error("no");
    });
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    // Of an hour: once a second while the pauses are short, then twice a minute and, by the draw, somewhat more.
    expect(token.mock.calls.length).toBeGreaterThan(60);
    expect(token.mock.calls.length).toBeLessThan(600);
    token.mockImplementation(() => "good");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(told).toEqual(["good"]);
  });

  test("one that is expired as it comes, as where a clock is wrong, makes no loop", async () => {
    const token = vi.fn(() => jwt(Date.now() - 60 * MINUTE));
    const tokens = createTokens({ token }, TUNING);
    tokens.onRenewed?.(() => undefined);
    await tokens.get();
    await vi.advanceTimersByTimeAsync(10_000);
    for (let times = 0; times < 100; times++) await tokens.get();
    expect(token.mock.calls.length).toBeLessThan(12);
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(token.mock.calls.length).toBeLessThan(600);
  });

  test("one that lives shorter than it is renewed ahead is renewed halfway, at most once a second", async () => {
    const token = vi.fn(() => jwt(Date.now() + 20_000));
    const tokens = createTokens({ token }, TUNING);
    tokens.onRenewed?.(() => undefined);
    await tokens.get();
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(token.mock.calls.length).toBe(7);
  });

  test("one that lives for a year outlives the longest timer (2^31 ms)", async () => {
    const year = 365 * 24 * 60 * MINUTE;
    const token = vi.fn(() => jwt(Date.now() + year));
    const tokens = createTokens({ token }, TUNING);
    tokens.onRenewed?.(() => undefined);
    await tokens.get();
    await vi.advanceTimersByTimeAsync(year - MINUTE);
    expect(token).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(token).toHaveBeenCalledTimes(2);
  });

  test("nothing is asked of an application that was not asked for a token yet", async () => {
    const token = vi.fn(() => "t");
    createTokens({ token }, TUNING).onRenewed?.(() => undefined);
    await vi.advanceTimersByTimeAsync(MINUTE);
    expect(token).not.toHaveBeenCalled();
  });
});
