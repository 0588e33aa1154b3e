import { TidingsError } from "@tidings/protocol";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { type CommandContext, CommandError } from "../../src/commands/index.ts";
import type { TidingsOptions } from "../../src/create/options.ts";
import { openServer } from "../support/logs.ts";

describe("a command of the library", () => {
  test("has the types of its schemas, and is given what the input schema makes of the input", async () => {
    await using server = await openServer();
    const { tidings } = server;
    tidings.command("evals.stop", {
      input: z.object({ run: z.coerce.number(), why: z.string().default("none") }),
      output: z.object({ stopped: z.boolean() }),
      handler: (input, context) => {
        expectTypeOf(input).toEqualTypeOf<{ run: number; why: string }>();
        expectTypeOf(context).toEqualTypeOf<CommandContext>();
        return { stopped: input.run === 7 && input.why === "none" };
      },
    });
    tidings.command("untyped", {
      handler: (input) => {
        expectTypeOf(input).toBeUnknown();
      },
    });
    // @ts-expect-error the output schema wants a number
    tidings.command("wrong", { output: z.number(), handler: () => "text" });
    expect(await tidings.invoke("evals.stop", { run: "7" })).toEqual({ stopped: true });
    expect(await tidings.invoke("untyped")).toBeUndefined();
    await expect(tidings.invoke("wrong")).rejects.toMatchObject({ code: "COMMAND_FAILED" });
  });

  test("refuses input with the schema's issues, few of them", async () => {
    await using server = await openServer();
    server.tidings.command("strict", { input: z.array(z.number()), handler: () => "never" });
    const response = await fetch(`${server.url}/commands/strict`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(Array.from({ length: 1_000 }, () => "x")),
    });
    expect(response.status).toBe(422);
    const problem = (await response.json()) as { code: string; data: { issues: { path: unknown[] }[] } };
    expect(problem.code).toBe("COMMAND_INPUT_INVALID");
    expect(problem.data.issues).toHaveLength(16);
    expect(problem.data.issues[3]?.path).toEqual([3]);
  });

  test("is called in the process as by a client: parts, own faults, and giving up", async () => {
    await using server = await openServer();
    const { tidings } = server;
    tidings.command("count", {
      handler: async (_input, { progress }) => {
        for (let at = 1; at <= 3; at++) await progress(at);
        throw new CommandError("ENOUGH", "that is enough", { data: { at: 3 } });
      },
    });
    const parts: unknown[] = [];
    await expect(
      tidings.invoke("count", null, { onProgress: (part) => void parts.push(part) }),
    ).rejects.toMatchObject({
      name: "CommandError",
      code: "ENOUGH",
      data: { at: 3 },
    });
    expect(parts).toEqual([1, 2, 3]);
    tidings.command("forever", { handler: () => new Promise(() => undefined) });
    const abort = new AbortController();
    const call = tidings.invoke("forever", undefined, { signal: abort.signal });
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: "COMMAND_CANCELLED" });
    await expect(tidings.invoke("forever", undefined, { timeoutMs: 5 })).rejects.toMatchObject({
      code: "COMMAND_TIMEOUT",
    });
  });

  test("cannot be registered twice, nor tell a code that is the server's", async () => {
    await using server = await openServer();
    const unregister = server.tidings.command("once", { handler: () => 1 });
    expect(() => server.tidings.command("once", { handler: () => 2 })).toThrow(/registered already/);
    unregister();
    server.tidings.command("once", { handler: () => 2 });
    unregister();
    expect(await server.tidings.invoke("once")).toBe(2);
    for (const code of ["COMMAND_TIMEOUT", "lower", "", `A${"B".repeat(64)}`])
      expect(() => new CommandError(code, "x")).toThrow(TypeError);
  });
});

describe("toCommandError", () => {
  class Refusal extends Error {
    readonly status: number;
    constructor(message: string, status: number) {
      super(message);
      this.status = status;
    }
  }
  const refuse = (): never => {
    throw new Refusal("not today", 418);
  };
  const asked: unknown[] = [];
  const options: Pick<TidingsOptions, "toCommandError"> = {
    toCommandError(error) {
      asked.push(error);
      if (error instanceof Refusal)
        return new CommandError("REFUSED", error.message, { status: error.status, cause: error, data: [1] });
      if (error instanceof TidingsError && error.code === "CONFLICT")
        return new CommandError("CHANGED_MEANWHILE", "somebody else was first", { retryable: true });
      return undefined;
    },
  };

  test.each([
    ["at once", {}, refuse],
    ["later", {}, async () => refuse()],
    ["behind an input schema", { input: z.number() }, refuse],
  ])("turns what a handler throws %s into its own fault", async (_, schemas, handler) => {
    await using server = await openServer(options);
    server.tidings.command("refuse", { ...schemas, handler });
    const response = await fetch(`${server.url}/commands/refuse`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "1",
    });
    expect([response.status, await response.json()]).toMatchObject([
      418,
      { code: "REFUSED", detail: "not today", retryable: false, data: [1] },
    ]);
    await expect(server.tidings.invoke("refuse", 1)).rejects.toMatchObject({
      cause: expect.any(Refusal) as Refusal,
    });
  });
  test("is asked about what the library throws, and not about a CommandError", async () => {
    await using server = await openServer(options);
    const { tidings } = server;
    tidings.command("append", { handler: () => tidings.publish("a", 1, { ifOffset: 7 }) });
    await expect(tidings.invoke("append")).rejects.toMatchObject({
      code: "CHANGED_MEANWHILE",
      retryable: true,
    });
    asked.length = 0;
    tidings.command("own", {
      handler: () => {
        throw new CommandError("OWN", "as it is");
      },
    });
    await expect(tidings.invoke("own")).rejects.toMatchObject({ code: "OWN" });
    // Nor about what is no handler's fault.
    tidings.command("strict", { input: z.number(), output: z.number(), handler: () => "text" as never });
    await expect(tidings.invoke("strict", "x")).rejects.toMatchObject({ code: "COMMAND_INPUT_INVALID" });
    await expect(tidings.invoke("strict", 1)).rejects.toMatchObject({ code: "COMMAND_FAILED" });
    expect(asked).toEqual([]);
  });

  test("what it passes over, and what it throws itself, is a failure that only the log tells", async () => {
    const told: unknown[] = [];
    const answers = [
      () => undefined,
      () => new Error("secret") as CommandError,
      (): CommandError => {
        throw new Error("secret");
      },
    ];
    for (const toCommandError of answers) {
      await using server = await openServer({ toCommandError });
      server.tidings.command("bad", {
        handler: () => {
          throw new Error("secret");
        },
      });
      await server.tidings.invoke("bad").catch((error: unknown) => told.push(error));
    }
    expect(told).toHaveLength(3);
    for (const error of told) {
      expect(error).toMatchObject({ code: "COMMAND_FAILED" });
      expect(String(error)).not.toContain("secret");
    }
  });

  test("is not asked about a run that was told to stop, so that its end is not remembered as its answer", async () => {
    await using server = await openServer(options);
    const { tidings } = server;
    let runs = 0;
    tidings.command("stopped", {
      handler: (_input, { signal }) => {
        if (++runs > 1) return "there";
        return new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new Refusal("it was stopped", 409)));
        });
      },
    });
    const key = { idempotencyKey: "k" };
    await expect(tidings.invoke("stopped", 1, { ...key, timeoutMs: 5 })).rejects.toMatchObject({
      code: "COMMAND_TIMEOUT",
    });
    expect(await tidings.invoke("stopped", 1, key)).toBe("there");
  });
});

describe("idempotency keys", () => {
  test("a repeat joins the call under way, or gets its answer; another input is refused", async () => {
    await using server = await openServer();
    const { tidings } = server;
    let runs = 0;
    const gate = Promise.withResolvers<void>();
    tidings.command("once", {
      handler: async () => {
        await gate.promise;
        return ++runs;
      },
    });
    const options = { idempotencyKey: "k" };
    const calls = [tidings.invoke("once", { a: 1 }, options), tidings.invoke("once", { a: 1 }, options)];
    gate.resolve();
    expect(await Promise.all(calls)).toEqual([1, 1]);
    expect(await tidings.invoke("once", { a: 1 }, options)).toBe(1);
    await expect(tidings.invoke("once", { a: 2 }, options)).rejects.toMatchObject({ code: "KEY_INVALID" });
    expect(await tidings.invoke("once", { a: 1 }, { idempotencyKey: "other" })).toBe(2);
  });

  test("an own fault is remembered, and a failure is not; one caller's end does not end the other's call", async () => {
    await using server = await openServer();
    const { tidings } = server;
    let runs = 0;
    tidings.command("refuse", {
      handler: () => {
        throw new CommandError("NO", `run ${++runs}`);
      },
    });
    tidings.command("fail", {
      handler: () => {
        throw new Error(`run ${++runs}`);
      },
    });
    const options = { idempotencyKey: "k" };
    for (let at = 0; at < 2; at++)
      await expect(tidings.invoke("refuse", 1, options)).rejects.toThrow("run 1");
    for (let at = 0; at < 2; at++)
      await expect(tidings.invoke("fail", 1, options)).rejects.toMatchObject({ code: "COMMAND_FAILED" });
    expect(runs).toBe(3);
    const gate = Promise.withResolvers<string>();
    tidings.command("slow", { handler: () => gate.promise });
    const impatient = tidings.invoke("slow", 1, { ...options, timeoutMs: 5 });
    const patient = tidings.invoke("slow", 1, options);
    await expect(impatient).rejects.toMatchObject({ code: "COMMAND_TIMEOUT" });
    gate.resolve("there");
    expect(await patient).toBe("there");
  });
});
