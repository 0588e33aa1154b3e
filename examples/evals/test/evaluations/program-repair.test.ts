import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { unifiedDiff } from "../../evaluations/program-repair/diff.ts";
import { apply, edits } from "../../evaluations/program-repair/edits.ts";
import { readTap, runTests } from "../../evaluations/program-repair/runner.ts";
import { deletedTests, testsIn, withoutTest } from "../../evaluations/program-repair/tests-guard.ts";
import { Host, shipped } from "./host.ts";

const program = shipped("program-repair");
const FAST = { paceMs: 0, editTests: false };

describe("program repair", () => {
  test("it repairs programs by their real tests, and shows each fix as a diff; the same seed does the same", async () => {
    const outcome = async (): Promise<unknown> => {
      await using host = await Host.start(program, { ...FAST, tasks: "sum-of-squares, last-word" });
      expect(await host.exited).toEqual({ code: 0, signal: null });
      expect(String(await host.artifact("fix-01-sum-of-squares.diff"))).toContain(
        "-  for (const number of numbers) sum += number + number;\n+  for (const number of numbers) sum += number * number;\n",
      );
      expect(String(await host.artifact("fix-02-last-word.diff"))).toContain("\n+  return words.at(-1);\n");
      expect(String(await host.artifact("chart.svg"))).toContain("2 of 2 solved");
      expect(
        host
          .all("metric")
          .filter(({ name }) => name === "solved")
          .map(({ value }) => value),
      ).toEqual([1, 2]);
      expect(host.result).toMatchObject({ solved: 2, tasks: 2, tests: { passed: 6, total: 6 } });
      return JSON.parse(String(await host.artifact("report.json")));
    };
    const [one, again] = await Promise.all([outcome(), outcome()]);
    expect(again).toEqual(one);
  });

  test("each attempt is a checkpoint that shows the file, the patch and the tests that fail", async () => {
    await using host = await Host.start(program, { ...FAST, tasks: "merge-intervals", paceMs: 10_000 });
    await host.command({ type: "pause" });
    const step = await host.command({ type: "step" });
    expect(step).toMatchObject({
      ok: true,
      data: {
        at: expect.stringMatching(/^09-merge-intervals, attempt \d+$/),
        state: {
          file: expect.stringContaining("export function merge"),
          patch: { diff: expect.stringContaining("@@") },
          failing: expect.arrayContaining([
            { name: "one inside another vanishes", error: expect.any(String) },
          ]),
        },
      },
    });
    expect(await host.command({ type: "set", name: "attempts", value: 1 })).toMatchObject({ ok: true });
    await host.command({ type: "set", name: "paceMs", value: 0 });
    await host.command({ type: "resume" });
    expect(await host.exited).toEqual({ code: 0, signal: null });
    expect(host.result).toMatchObject({ solved: 0, tasks: 1 });
    expect(host.lines.join("\n")).toMatch(/\[warn\] task 09-merge-intervals is not solved: \d of 6 after/);
  });

  test("a patch that deletes a test is refused, and is a critical alert", async () => {
    // A seed whose first attempt is one.
    await using host = await Host.start(program, {
      ...FAST,
      editTests: true,
      tasks: "edit-distance",
      seed: 18,
    });
    const alert = await host.event("alert");
    expect(alert).toMatchObject({ severity: "critical", rule: "test-deleted" });
    expect(alert.text).toMatch(/^10-edit-distance: a patch deletes the test ".+"; refused$/);
  });

  test("a candidate that hangs is ended after its computing time, and is an alert", async () => {
    // A seed whose first candidate loops for ever.
    await using host = await Host.start(program, {
      ...FAST,
      tasks: "edit-distance",
      seed: 11,
    });
    const alert = await host.event("alert");
    expect(alert).toMatchObject({ severity: "warning", rule: "candidate-hangs" });
    expect(alert.text).toMatch(/^10-edit-distance, line \d+, .+: not done after 1 s, ended$/);
  });

  test.runIf(process.platform === "linux")(
    "stopped while a candidate hangs, it leaves none behind",
    async () => {
      await using host = await Host.start(program, { ...FAST, tasks: "edit-distance", seed: 11 });
      await host.command({ type: "pause" });
      // The candidate's process is started in the same turn as this is answered.
      await host.command({ type: "resume" });
      host.stop();
      expect(await host.exited).toEqual({ code: null, signal: "SIGTERM" });
      const commands = readdirSync("/proc").map((name) => {
        try {
          return readFileSync(`/proc/${name}/cmdline`, "utf8");
        } catch {
          return "";
        }
      });
      expect(commands.filter((command) => command.includes(host.directory))).toEqual([]);
    },
  );

  test("a task that there is not ends it with a list of those there are", async () => {
    await using host = await Host.start(program, { tasks: "sum-of-squares,nothing" });
    expect(await host.exited).toEqual({ code: 1, signal: null });
    expect(host.lines.join("\n")).toContain('there is no task "nothing"; there is: 01-sum-of-squares, 02-');
  });
});

describe("a candidate's tests", () => {
  const suite = (body: string): string =>
    `import { test } from "node:test";\nimport { f } from "./program.mjs";\n` +
    `test("first", () => {});\ntest("second", ${body});\n`;
  const run = async (code: string, body: string): ReturnType<typeof runTests> => {
    const directory = await mkdtemp(join(tmpdir(), "evaluation-test-"));
    await using _folder = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
    const files = { program: code, tests: suite(body) };
    return await runTests(directory, files, 1, new AbortController().signal);
  };

  test("one that loops for ever is ended after its computing time", async () => {
    const outcome = await run("export function f() { for (;;); }\n", "() => f()");
    expect(outcome.hung).toBe(true);
    expect(outcome.passed).not.toContain("second");
  });

  test("one that fails says why, and in which line of the program", async () => {
    const code = `\nexport function f() { throw new Error("no way"); }\n`;
    expect(await run(code, "() => f()")).toEqual({
      passed: ["first"],
      failed: [{ name: "second", error: "no way" }],
      lines: [2],
      hung: false,
    });
  });

  test("one may not write a file", async () => {
    const target = join(tmpdir(), `evaluation-test-written-${process.pid}`);
    const code = `import { writeFileSync } from "node:fs";\nexport const f = () => writeFileSync(${JSON.stringify(target)}, "");\n`;
    const { failed } = await run(code, "() => f()");
    expect(failed.map(({ error }) => error)).toEqual([expect.stringContaining("restricted")]);
    expect(existsSync(target)).toBe(false);
  });
});

test("TAP is read with the errors of failed tests, also those of several lines", () => {
  const tap = [
    "TAP version 13",
    "ok 1 - a - b",
    "  ---",
    "  ...",
    "not ok 2 - c",
    "  ---",
    "  error: |-",
    "    1 !== 2",
    "    ",
    "    more",
    "  code: 'X'",
    "  stack: |-",
    "    f (file:///x/program.mjs:7:3)",
    "  ...",
    "not ok 3 - d",
    "  ---",
    "  error: 'short'",
    "  ...",
    "1..3",
  ].join("\n");
  expect(readTap(tap)).toEqual({
    passed: ["a - b"],
    failed: [
      { name: "c", error: "1 !== 2 more" },
      { name: "d", error: "short" },
    ],
    lines: [7],
  });
  expect(readTap("")).toEqual({ passed: [], failed: [], lines: [] });
});

test("edits are of code alone, each once, and all compile", () => {
  const source = `// 1 < 2\nexport function f(a, b) {\n  const text = "3 + 4";\n  if (a < b) g(a, b);\n  a * 5;\n}\n`;
  const results = edits(source).map((edit) => apply(source, edit));
  expect(new Set(results).size).toBe(results.length);
  expect(results.every((result) => result.includes("// 1 < 2\n") && result.includes(`"3 + 4"`))).toBe(true);
  for (const part of [
    "if (a <= b)",
    "if (!(a < b))",
    "g(b, a)",
    "return a * 5",
    "a * 6",
    "a / 5",
    "if (a < b + 1)",
  ]) {
    expect(results.filter((result) => result.includes(part))).not.toEqual([]);
  }
});

test("a diff has hunks with three lines around, and none when nothing changed", () => {
  const before = Array.from({ length: 20 }, (_, n) => `${n + 1}\n`);
  const after = before.with(1, "two\n").toSpliced(15, 1);
  expect(unifiedDiff("f", before.join(""), after.join(""))).toBe(
    "--- a/f\n+++ b/f\n@@ -1,5 +1,5 @@\n 1\n-2\n+two\n 3\n 4\n 5\n@@ -13,7 +13,6 @@\n 13\n 14\n 15\n-16\n 17\n 18\n 19\n",
  );
  expect(unifiedDiff("f", "a\n", "a\n")).toBe("");
});

test("the guard finds a test that is gone, wherever its name is still written", () => {
  const suite = `test("a (b)", () => f("}"));\n// test("x", …)\ntest("c", () => {\n  g();\n});\n`;
  expect(testsIn(suite).map(({ name }) => name)).toEqual(["a (b)", "c"]);
  expect(deletedTests(suite, suite)).toEqual([]);
  expect(deletedTests(suite, withoutTest(suite, "c"))).toEqual(["c"]);
  expect(deletedTests(suite, `// test("a (b)")\n${withoutTest(suite, "a (b)")}`)).toEqual(["a (b)"]);
});
