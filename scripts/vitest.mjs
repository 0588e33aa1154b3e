// Runs the tests by vitest, and says what came of them.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { privateDir, root } from "./paths.mjs";
import { environment, run } from "./run.mjs";
import { scriptOf } from "./tool.mjs";

/** @typedef {import("./vitest-report.mjs").Failure} Failure */
/** @typedef {import("./vitest-report.mjs").Report} Report */

/**
 * Code of the many processes and threads that tests start, compiled and with its types taken off: a thread of the durable log starts
 * in half the time by it. Node.js keeps it by what each file holds.
 */
const compileCache = join(privateDir, "compile-cache");

/** With more files than this failing it is the change that is wrong, and not the machine that was busy. */
const maxFilesAgain = 3;

/**
 * Runs vitest once.
 * @param {string} node path of a Node.js binary
 * @param {readonly string[]} args vitest's
 * @returns {Promise<Report & { code: number }>}
 */
async function runOnce(node, args) {
  const path = join(root, "test-output", "tests.json");
  mkdirSync(join(root, "test-output"), { recursive: true });
  rmSync(path, { force: true }); // so that an old report is never taken for this run's
  const reporters = ["--reporter=default", `--reporter=${join(root, "scripts", "vitest-report.mjs")}`];
  const code = await run(node, [scriptOf("vitest"), "run", ...reporters, ...args], {
    env: { ...environment(node), TEST_REPORT_FILE: path, NODE_COMPILE_CACHE: compileCache },
  });
  return { code, ...JSON.parse(readFileSync(path, "utf8")) };
}

/**
 * Runs the tests. Files that failed are run once more, by themselves: several files share the machine's cores, and
 * what failed for want of time alone is not told from a defect otherwise. It is counted and named as unsteady, since
 * such a test has to be mended too.
 * @param {string} node path of a Node.js binary
 * @param {readonly string[]} args vitest's; where there are any, nothing is run again
 * @returns {Promise<{ code: number, passed: number, skipped: number, failures: Failure[], unsteady: Failure[] }>}
 */
export async function runVitest(node, args) {
  const first = await runOnce(node, args);
  if (first.passed + first.failures.length === 0) throw new Error("no test was run, so nothing was tested.");
  const files = new Set(first.failures.map(({ file }) => file));
  const stays = first.stray.length > 0 || args.length > 0 || files.size === 0 || files.size > maxFilesAgain;
  if (stays) return { ...first, unsteady: [] };

  console.log(`\n▶ once more, by themselves: ${[...files].join(", ")}`);
  const second = await runOnce(node, [...files, "--maxWorkers=1"]);
  const fails = new Set(second.failures.map(nameOf));
  const unsteady = first.failures.filter((failure) => !fails.has(nameOf(failure)));
  return {
    code: second.code,
    passed: first.passed + unsteady.length,
    skipped: first.skipped,
    failures: second.failures,
    unsteady,
  };
}

/** @param {Failure} failure */
export const nameOf = ({ file, name }) => `${file} > ${name}`;
