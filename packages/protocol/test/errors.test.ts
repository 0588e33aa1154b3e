import { describe, expect, test } from "vitest";
import { CLOSE_CODES } from "../src/close-codes.ts";
import { type ErrorCode, ERRORS, TidingsError } from "../src/errors.ts";

const codes = Object.keys(ERRORS) as ErrorCode[];

describe("the table of errors", () => {
  test.each(codes)("%s has a status, a close code and a title of its own", (code) => {
    const { status, closeCode, title } = ERRORS[code];
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThanOrEqual(599);
    expect(CLOSE_CODES).toHaveProperty(String(closeCode));
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(codes.filter((other) => ERRORS[other].title === title)).toEqual([code]);
  });

  test.each(codes)(
    "%s, where the same call may succeed later, closes with a code to connect again",
    (code) => {
      const { closeCode, retryable } = ERRORS[code];
      if (retryable) expect(CLOSE_CODES[closeCode]?.reconnect).toBe(true);
    },
  );

  test.each(codes)("%s is retryable only where the status is of the server, of time or of rate", (code) => {
    const { status, retryable } = ERRORS[code];
    if (retryable) expect(status >= 500 || status === 408 || status === 429).toBe(true);
  });
});

describe("TidingsError", () => {
  test("carries its code, its details and its cause", () => {
    const cause = new Error("disk");
    const error = new TidingsError("LOG_FULL", "the disk is full", { field: "data" }, cause);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "TidingsError",
      code: "LOG_FULL",
      details: { field: "data" },
      cause,
    });
    expect(error.retryable).toBe(true);
  });

  test("has no cause and no details unless they are given", () => {
    const error = new TidingsError("NOT_FOUND", "nothing here");
    expect(Object.hasOwn(error, "cause")).toBe(false);
    expect(error.details).toEqual({});
    expect(error.retryable).toBe(false);
  });
});
