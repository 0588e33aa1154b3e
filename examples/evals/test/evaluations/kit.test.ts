import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { STOP_TIMEOUT_MS } from "../../kit/evaluation.ts";
import { parameterFault, readParameters, type ParameterSpecs } from "../../kit/parameters.ts";
import { seeded } from "../../kit/random.ts";
import { MAX_COMMAND_LENGTH, MAX_INPUT_LENGTH, MAX_STATE_LENGTH, MAX_STEPS } from "../../kit/wire.ts";
import { folder, Host } from "./host.ts";

const counter = join(folder, "counter/main.ts");
const ENDLESS = { to: 1_000_000_000, paceMs: 600_000 };

describe("an evaluation's events", () => {
  test("what it tells comes as JSON lines, its artifacts are files, and it ends when its work does", async () => {
    await using host = await Host.start(counter);
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(host.events).toEqual([
      ...[1, 2, 4, 5].map((n) => ({ type: "metric", name: "count", step: n, value: n })),
      { type: "progress", done: 5, total: 5, note: "done" },
      { type: "artifact", name: "count.txt", path: "artifacts/count.txt", mediaType: "text/plain" },
      { type: "alert", severity: "info", rule: "counted", text: "counted to 5" },
      { type: "result", data: { count: 5 } },
    ]);
    expect(String(await host.artifact("count.txt"))).toBe("5");
  });

  test("each line of the log has its level, and a value that is no number is logged in place of sent", async () => {
    await using host = await Host.start(counter);
    await host.exited;
    expect(host.lines.toSorted()).toEqual([
      "[error] [info] is what a text may begin with",
      "[info] by one",
      "[info] counts to 5",
      '[warn] metric "count" at step 3 is NaN: not sent',
    ]);
  });

  test("started by hand it prints its events, and needs no platform", async () => {
    const { EVAL_ID: _id, ...env } = process.env;
    const directory = await mkdtemp(join(tmpdir(), "evaluation-test-"));
    await using _folder = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
    const child = spawn(process.execPath, [...process.execArgv, counter], {
      env: { ...env, EVAL_PARAMETERS: '{"to":1}', EVAL_RUN_DIR: directory },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const { stderr } = child;
    const [printed] = await Promise.all([text(stderr), once(child, "exit")]);
    expect(printed).toContain('{"type":"metric","name":"count","step":1,"value":1}\n');
    expect(child.exitCode).toBe(0);
  });
});

describe("an evaluation's commands", () => {
  test("a pause takes effect at a checkpoint, whatever the pace, and says where it is and in what state", async () => {
    await using host = await Host.start(counter, ENDLESS);
    await host.event("metric");
    const reply = await host.command({ type: "pause" });
    expect(reply).toMatchObject({ ok: true, data: { at: "count 1", state: { count: 1 }, steps: 0 } });
    expect(host.events.at(-2)).toEqual({ type: "paused", at: "count 1", state: { count: 1 } });
    expect(await host.command({ type: "pause" })).toMatchObject({ ok: true, data: { at: "count 1" } });
  });

  test("steps go so many checkpoints, are answered when it is paused again, and then it is resumed", async () => {
    await using host = await Host.start(counter, { ...ENDLESS, to: 20 });
    expect(await host.command({ type: "step" })).toMatchObject({
      ok: false,
      error: expect.stringMatching(/pause it before/),
    });
    await host.command({ type: "pause" });
    const first = host.all("paused").map(({ state }) => (state as { count: number }).count)[0] ?? NaN;
    expect(await host.command({ type: "step" })).toMatchObject({
      data: { at: `count ${first + 1}`, state: { count: first + 1 }, steps: 1 },
    });
    expect(await host.command({ type: "step", count: 3 })).toMatchObject({
      data: { at: `count ${first + 4}`, steps: 3 },
    });
    expect(host.all("paused")).toHaveLength(3);
    expect(await host.command({ type: "set", name: "paceMs", value: 0 })).toMatchObject({ ok: true });
    expect(await host.command({ type: "resume" })).toMatchObject({ ok: true });
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(host.all("resumed")).toHaveLength(1);
    expect(host.result).toEqual({ count: 20 });
  });

  test("resume ends a pause or steps that have not come about, and their askers are told", async () => {
    await using host = await Host.start(counter, ENDLESS);
    await host.event("metric");
    // All in one write: the pause has no checkpoint before the resume.
    host.write(`{"id":"p","type":"pause"}\n{"id":"r","type":"resume"}\n`);
    expect(await host.event("reply", ({ id }) => id === "p")).toMatchObject({
      ok: false,
      error: expect.stringMatching(/resumed/),
    });
    expect(await host.event("reply", ({ id }) => id === "r")).toMatchObject({ ok: true });
    expect(host.all("resumed")).toEqual([]);
  });

  test("inspect shows the state at the next checkpoint and does not pause; while paused, at once", async () => {
    await using host = await Host.start(counter, ENDLESS);
    await host.event("metric");
    expect(await host.command({ type: "inspect" })).toMatchObject({
      data: { at: "count 1", state: { count: 1 } },
    });
    expect(host.all("paused")).toEqual([]);
    await host.command({ type: "pause" });
    expect(await host.command({ type: "inspect" })).toMatchObject({
      data: { at: "count 2", state: { count: 2 } },
    });
    // What is set meanwhile is seen, and not what was there as it paused.
    await host.command({ type: "set", name: "mode", value: "large-state" });
    expect(await host.command({ type: "inspect" })).toMatchObject({
      data: { at: "count 2", state: { tooLarge: true } },
    });
  });

  test(`a state of more than ${MAX_STATE_LENGTH} characters is shown by its size`, async () => {
    await using host = await Host.start(counter, { ...ENDLESS, mode: "large-state" });
    const state = { tooLarge: true, length: 70_002, most: MAX_STATE_LENGTH };
    expect(await host.command({ type: "inspect" })).toMatchObject({ data: { state } });
  });

  test("input and set are answered with what they did, or why not", async () => {
    await using host = await Host.start(counter, ENDLESS);
    await host.event("metric");
    const refused = async (command: Readonly<Record<string, unknown>>): Promise<string> => {
      const reply = await host.command(command);
      return reply.ok ? `done: ${JSON.stringify(reply.data)}` : reply.error;
    };
    expect(await host.command({ type: "input", text: "hello" })).toMatchObject({ data: { heard: "hello" } });
    expect(await refused({ type: "input", text: "no" })).toBe("not that");
    expect(await host.command({ type: "set", name: "mode", value: "slow-stop" })).toMatchObject({
      ok: true,
      data: { name: "mode", value: "slow-stop" },
    });
    expect(await refused({ type: "set", name: "mode", value: "odd" })).toMatch(/one of: plain, large-state/);
    expect(await refused({ type: "set", name: "word", value: "x" })).toMatch(/cannot change while/);
    expect(await refused({ type: "set", name: "none", value: 1 })).toBe('there is no parameter "none"');
    expect(await refused({ type: "set", name: "toString", value: 1 })).toBe(
      'there is no parameter "toString"',
    );
    expect(await refused({ type: "set", name: "loud", value: true })).toBe("it is always quiet");
    expect(await refused({ type: "set", name: "paceMs", value: 1.5 })).toMatch(
      /whole number from 0 to 600000/,
    );
  });

  test("what is unknown or malformed is refused, with the id where there is one, and nothing breaks", async () => {
    await using host = await Host.start(counter, ENDLESS);
    const refusals: [Readonly<Record<string, unknown>>, RegExp][] = [
      [{ type: "dance" }, /"dance" is no command/],
      [{}, /"undefined" is no command/],
      [{ type: "step", count: 0 }, /1 to 10000/],
      [{ type: "step", count: MAX_STEPS + 1 }, /1 to 10000/],
      [{ type: "input", text: 7 }, /a string/],
      [{ type: "input", text: "x".repeat(MAX_INPUT_LENGTH + 1) }, /at most 4096/],
      [{ type: "set", name: "paceMs" }, /new "value"/],
    ];
    for (const [command, error] of refusals) {
      expect(await host.command(command)).toMatchObject({ ok: false, error: expect.stringMatching(error) });
    }
    const longest = { type: "input", text: "x".repeat(MAX_INPUT_LENGTH) };
    expect(await host.command(longest)).toMatchObject({ ok: true });
    for (const line of [
      "not json",
      "[]",
      "null",
      '{"type":"pause"}',
      '{"id":7}',
      "x".repeat(MAX_COMMAND_LENGTH + 1),
    ]) {
      const before = host.events.length;
      host.write(`${line}\n`);
      expect(await host.event("reply", undefined, before)).toMatchObject({ id: "", ok: false });
    }
    expect(await host.command({ type: "inspect" })).toMatchObject({ ok: true });
  });

  test("a line that never ends is refused once it does, and the next one is heard", async () => {
    await using host = await Host.start(counter, ENDLESS);
    for (let part = 0; part < 8; part += 1) host.write("x".repeat(MAX_COMMAND_LENGTH));
    host.write("\n");
    expect(await host.event("reply")).toMatchObject({
      id: "",
      ok: false,
      error: expect.stringMatching(/at most 65536/),
    });
    expect(await host.command({ type: "inspect" })).toMatchObject({ ok: true });
  });
});

describe("an evaluation's end", () => {
  test("stopped while paused, it tidies up and ends by the signal", async () => {
    await using host = await Host.start(counter, ENDLESS);
    await host.event("metric");
    await host.command({ type: "pause" });
    host.stop();
    expect(await host.exited).toEqual({ code: null, signal: "SIGTERM" });
    expect(host.result).toEqual({ stoppedAt: 1 });
  });

  test(`stopped it goes no further, and what tidies up longer than ${STOP_TIMEOUT_MS} ms is ended`, async () => {
    await using host = await Host.start(counter, { ...ENDLESS, paceMs: 1, mode: "slow-stop" });
    // 3 is the one that is not told.
    await host.event("metric", ({ step }) => step > 3);
    host.stop();
    expect(await host.exited).toEqual({ code: null, signal: "SIGTERM" });
    // What it counted after it was to stop, if it did, is not told by its result.
    const counted = host.all("metric").at(-1)?.value;
    expect(host.result).toEqual({ stoppedAt: counted });
  });

  test("without a platform at the other end it stops: nobody limits it any more", async () => {
    await using host = await Host.start(counter, ENDLESS);
    await host.event("metric");
    host.hangUp();
    expect(await host.exited).toEqual({ code: null, signal: "SIGTERM" });
    expect(host.result).toEqual({ stoppedAt: 1 });
  });

  test("a crash is an exit code and a stack on stderr", async () => {
    await using host = await Host.start(counter, { ...ENDLESS, mode: "crash" });
    expect(await host.exited).toEqual({ code: 1, signal: null });
    expect(host.lines.join("\n")).toContain("Error: it broke");
  });

  test("who waits for a checkpoint when there comes no more is told that it has ended", async () => {
    await using host = await Host.start(counter, { ...ENDLESS, to: 1 });
    await host.event("metric");
    expect(await host.command({ type: "inspect" })).toMatchObject({
      ok: false,
      error: "the evaluation has ended",
    });
    expect(await host.exited).toEqual({ code: 0, signal: null });
  });

  test("a parameter that the manifest does not allow ends it before it begins", async () => {
    await using host = await Host.start(counter, { to: -1 });
    expect(await host.exited).toEqual({ code: 1, signal: null });
    expect(host.lines.join("\n")).toContain('"to" is a whole number from 0 to 1000000000');
  });
});

describe("parameters", () => {
  const specs: ParameterSpecs = {
    n: { type: "integer", default: 1, min: 0, max: 2 },
    x: { type: "number", default: 0.5 },
    s: { type: "string", default: "a" },
    b: { type: "boolean", default: false },
    c: { type: "choice", default: "u", choices: ["u", "v"] },
  };

  test("what is not given is the default; what the manifest does not have is refused", () => {
    expect(readParameters(specs, { n: 2 })).toEqual({ n: 2, x: 0.5, s: "a", b: false, c: "u" });
    expect(() => readParameters(specs, { m: 2 })).toThrow(/no parameter "m"; there is: n, x, s, b, c/);
    expect(() => readParameters(specs, [])).toThrow(TypeError);
  });

  test.each([
    ["n", [0, 2], [-1, 3, 0.5, "1", null]],
    ["x", [0, -1.5], [NaN, Infinity, "1"]],
    ["s", ["", "b"], [1, null]],
    ["b", [true, false], ["true", 1]],
    ["c", ["u", "v"], ["w", 1]],
  ])("%s takes what fits its type and bounds alone", (name, good, bad) => {
    const spec = specs[name];
    if (spec === undefined) throw new Error(name);
    expect(good.map((value) => parameterFault(name, spec, value))).toEqual(good.map(() => undefined));
    for (const value of bad) expect(parameterFault(name, spec, value)).toContain(`"${name}" is`);
  });
});

test("the same seed gives the same numbers, and another seed others", () => {
  const draw = (seed: number): number[] => Array.from({ length: 5 }, seeded(seed).next);
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(seeded(1).shuffle("abcdef".split("")).toSorted().join("")).toBe("abcdef");
  const spread = Array.from({ length: 10_000 }, seeded(1).normal);
  expect(Math.abs(spread.reduce((sum, n) => sum + n, 0) / spread.length)).toBeLessThan(0.05);
});
