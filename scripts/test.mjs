// `npm test`: everything that a change must pass, from a fresh clone on a fresh machine.
// `npm test -- packages/core`: only the build and the tests that the arguments (vitest's) name.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { lintPackages } from "./publint.mjs";
import { environment, run } from "./run.mjs";
import { ensureRuntime } from "./runtime.mjs";
import { runAsScript, say } from "./say.mjs";
import { ensureSystem } from "./system.mjs";
import { scriptOf } from "./tool.mjs";
import { nameOf, runVitest } from "./vitest.mjs";

const vitestArgs = process.argv.slice(2);
const isWhole = vitestArgs.length === 0;

/** @typedef {import("./vitest-report.mjs").Failure} Failure */

/** @type {{ name: string, ok: boolean, seconds: number, note: string }[]} */
const steps = [];
/** @type {{ passed: number, skipped: number, failures: Failure[], unsteady: Failure[] }} */
const tests = { passed: 0, skipped: 0, failures: [], unsteady: [] };

/**
 * Runs one step and keeps how it went; a step that fails does not keep the others from running.
 * @param {string} name
 * @param {() => Promise<number | string | undefined>} work an exit code, or a note for the summary
 */
async function step(name, work) {
  console.log(`\n▶ ${name}`);
  const startedAt = Date.now();
  /** @type {number | string | undefined} */
  let outcome;
  try {
    outcome = await work();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    outcome = 1;
  }
  const ok = outcome === undefined || outcome === 0 || typeof outcome === "string";
  const note = typeof outcome === "string" ? outcome : "";
  steps.push({ name, ok, seconds: (Date.now() - startedAt) / 1000, note });
  return ok;
}

/** @param {string} node */
async function runTests(node) {
  const { code, ...counted } = await runVitest(node, vitestArgs);
  Object.assign(tests, counted);
  return code;
}

async function runSteps() {
  let node = process.execPath;
  const ready = await step("set up", async () => {
    node = await ensureRuntime();
    await ensureInstalled(node);
    return undefined;
  });
  if (!ready) return;
  /** @param {string} tool @param {string[]} args */
  const tool = (tool, ...args) => run(node, [scriptOf(tool), ...args], { env: environment(node) });

  if (isWhole) await step("system programs", ensureSystem);
  if (!(await step("build", () => build(node)))) return;
  if (isWhole) {
    await step("format", () => tool("oxfmt", "--check"));
    await step("lint", () => tool("oxlint"));
    await step("types of the tests", () => tool("tsc", "-b", "tsconfig.test.json"));
    await step("unused and undeclared", () => tool("knip"));
    await step("packages", () => lintPackages(node));
    await step("sizes", () => tool("scripts/sizes.mjs"));
  }
  await step("tests", () => runTests(node));
}

/** @param {string} title @param {Failure[]} failures */
function list(title, failures) {
  if (failures.length === 0) return;
  console.log(`\n${title}`);
  for (const failure of failures) console.log(`  ${nameOf(failure)}\n    ${failure.reason}`);
}

function summary() {
  console.log("\nSteps");
  for (const { name, ok, seconds, note } of steps) {
    console.log(
      `  ${ok ? "ok    " : "FAILED"}  ${name.padEnd(22)} ${seconds.toFixed(1).padStart(6)} s  ${note}`.trimEnd(),
    );
  }
  // Failed tests are counted one by one; a failed step without one (a lint, a file that would not load) as one.
  const failedSteps = steps.filter(
    ({ name, ok }) => !ok && !(name === "tests" && tests.failures.length > 0),
  ).length;
  const failed = tests.failures.length + failedSteps;
  list("Failed", tests.failures);
  list("Unsteady: failed among others, passed by itself; each is to be mended", tests.unsteady);
  const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : "";
  const unsteady = tests.unsteady.length > 0 ? `, ${tests.unsteady.length} unsteady` : "";
  console.log(`\n${tests.passed} passed, ${failed} failed${skipped}${unsteady}`);
  return failed === 0 ? 0 : 1;
}

await runAsScript(import.meta.url, async () => {
  await runSteps();
  return summary();
});
