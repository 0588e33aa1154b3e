// What a run of vitest came to, written to the file that TEST_REPORT_FILE names: the numbers of its tests, and
// what failed by name, so that the last lines of `npm test` say it without a search through the whole output.
import { writeFileSync } from "node:fs";
import { relative } from "node:path";
import { root } from "./paths.mjs";

/**
 * @typedef {{ file: string, name: string, reason: string }} Failure a test, or a file that would not load
 * @typedef {{ passed: number, skipped: number, failures: Failure[], stray: string[] }} Report
 *   `stray`: errors outside of every test, which belong to no file for certain
 */

/** @param {string | undefined} message */
const firstLine = (message) => (message ?? "").split("\n", 1)[0]?.slice(0, 300) ?? "";

/** @implements {import("vitest/node").Reporter} */
export default class VitestReport {
  /**
   * @param {ReadonlyArray<import("vitest/node").TestModule>} modules
   * @param {ReadonlyArray<import("vitest").SerializedError>} strayErrors
   */
  onTestRunEnd(modules, strayErrors) {
    /** @type {Report} */
    const report = {
      passed: 0,
      skipped: 0,
      failures: [],
      stray: strayErrors.map((error) => firstLine(error.message)),
    };
    for (const module of modules) {
      const file = relative(root, module.moduleId);
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state === "passed") report.passed += 1;
        else if (state === "failed") {
          failedHere += 1;
          report.failures.push({ file, name: test.fullName, reason: firstLine(errors?.[0]?.message) });
        } else report.skipped += 1;
      }
      if (!module.ok() && failedHere === 0) {
        const [error] = module.errors();
        report.failures.push({ file, name: "the file itself", reason: firstLine(error?.message) });
      }
    }
    const path = process.env.TEST_REPORT_FILE;
    if (path === undefined) throw new Error("TEST_REPORT_FILE does not name the report's file.");
    writeFileSync(path, JSON.stringify(report));
  }
}
