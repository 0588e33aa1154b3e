import { describe, expect, test } from "vitest";
import { z } from "zod";
import { checker } from "../src/core/schema.ts";
import { TidingsError } from "../src/errors.ts";
import type { Schema } from "../src/types.ts";

function own(validate: Schema["~standard"]["validate"]): Schema {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

describe("a channel's schema", () => {
  test("one for all events answers at once with the payload as it has it", () => {
    const check = checker(z.object({ n: z.coerce.number() }));
    expect(check("any", { n: "7", more: 1 })).toEqual({ n: 7 });
  });

  test("one for each event; an event that has none passes, also one that every object inherits", () => {
    const check = checker({ status: z.object({ ok: z.boolean() }), note: z.string() });
    expect(check("status", { ok: true })).toEqual({ ok: true });
    expect(check("note", "hi")).toBe("hi");
    expect(check("other", 1)).toBe(1);
    expect(check("toString", 1)).toBe(1);
  });

  test("what is not so is PAYLOAD_INVALID, with what is wrong where", () => {
    const check = checker({ status: z.object({ ok: z.boolean() }) });
    let error: unknown;
    try {
      check("status", { ok: 1 });
    } catch (reason) {
      error = reason;
    }
    expect(error).toBeInstanceOf(TidingsError);
    expect(error).toMatchObject({
      code: "PAYLOAD_INVALID",
      message: expect.stringContaining("status") as string,
      retryable: false,
      data: { issues: [{ path: ["ok"] }] },
    });
  });

  test("one that answers later is waited for", async () => {
    const check = checker(
      own(async (value) => (value === 1 ? { value: "one" } : { issues: [{ message: "no" }] })),
    );
    expect(check("a", 1)).toBeInstanceOf(Promise);
    expect(await check("a", 1)).toBe("one");
    await expect(check("a", 2)).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      data: { issues: [{ message: "no" }] },
    });
  });

  test("one that is a function, as those of arktype are", () => {
    const schema = Object.assign(
      () => undefined,
      own((value) => ({ value: [value] })),
    );
    expect(checker(schema)("a", 1)).toEqual([1]);
  });

  test("one that throws or rejects is PAYLOAD_INVALID with the cause", async () => {
    const cause = new Error("a transform of the application's");
    const fails = (): never => {
      throw cause;
    };
    expect(() => checker(own(fails))("a", 1)).toThrow(
      expect.objectContaining({ code: "PAYLOAD_INVALID", cause }),
    );
    await expect(checker(own(async () => fails()))("a", 1)).rejects.toMatchObject({
      code: "PAYLOAD_INVALID",
      cause,
    });
  });
});
