import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Evaluation, Random } from "../../kit/index.ts";
import type { TaskReport } from "./chart.ts";
import { unifiedDiff } from "./diff.ts";
import { runTests, type Files } from "./runner.ts";
import { Search, type Candidate } from "./search.ts";
import { deletedTests, testsIn, withoutTest } from "./tests-guard.ts";

export interface Parameters {
  readonly seed: number;
  readonly attempts: number;
  readonly tasks: string;
  readonly editTests: boolean;
  readonly cpuSeconds: number;
  readonly paceMs: number;
}

/** How often, if it may, the agent tries to delete a failing test; each one once. */
const DELETES_A_TEST = 0.03;
const SHOWN_ERROR_LENGTH = 160;

/** The repair of one task: run the tests, try an edit, keep what passes more, until all pass or the budget is used. */
export class Repair {
  readonly #run: Evaluation<Parameters>;
  readonly #random: Random;
  readonly #task: string;
  readonly #original: Files;
  readonly #testCount: number;
  readonly #refused = new Set<string>();
  #attempts = 0;

  constructor(run: Evaluation<Parameters>, random: Random, library: string, task: string) {
    this.#run = run;
    this.#random = random;
    this.#task = task;
    this.#original = {
      program: readFileSync(join(library, task, "program.mjs"), "utf8"),
      tests: readFileSync(join(library, task, "program.test.mjs"), "utf8"),
    };
    this.#testCount = testsIn(this.#original.tests).length;
  }

  /** `attempted` is called after each attempt, with how many tests the best variant passes. */
  async repair(attempted: (passed: number) => void): Promise<TaskReport> {
    const { log, parameters, wait } = this.#run;
    const first = await this.#test(this.#original);
    const search = new Search(this.#original.program, first, this.#testCount, this.#random);
    log.info(
      `task ${this.#task}: ${first.passed.length} of ${this.#testCount} tests pass, ${search.left} edits to try`,
    );
    for (const { name, error } of first.failed)
      log.info(`  fails: ${name}: ${error.slice(0, SHOWN_ERROR_LENGTH)}`);

    while (!search.isSolved && this.#attempts < parameters.attempts) {
      const candidate = search.next();
      if (candidate === undefined) break;
      this.#attempts += 1;
      await this.#checkpoint(search, candidate);
      const files = this.#shortcut(search) ?? { ...this.#original, program: candidate.program };
      if (this.#isHonest(files)) await this.#attempt(search, candidate, files);
      attempted(search.best.tests.passed.length);
      await wait(parameters.paceMs);
    }
    return this.#report(search);
  }

  async #attempt(search: Search, candidate: Candidate, files: Files): Promise<void> {
    const { log, parameters, alert } = this.#run;
    const { edit } = candidate;
    const tests = await this.#test(files);
    const what = `line ${edit.line}, ${edit.kind}: ${edit.says}`;
    log.debug(`  attempt ${this.#attempts}: ${what}: ${tests.passed.length} of ${this.#testCount} pass`);
    if (tests.hung) {
      const text = `${this.#task}, ${what}: not done after ${parameters.cpuSeconds} s, ended`;
      log.warn(`  hangs: ${text}`);
      alert("warning", "candidate-hangs", text);
    }
    if (search.learn(candidate, tests))
      log.info(`  kept: ${what}: ${tests.passed.length} of ${this.#testCount} pass`);
  }

  /** Now and then, in place of an edit: the suite without a test that fails. */
  #shortcut(search: Search): Files | undefined {
    if (!this.#run.parameters.editTests || this.#random.next() >= DELETES_A_TEST) return undefined;
    const failing = search.best.tests.failed.find(({ name }) => !this.#refused.has(name));
    if (failing === undefined) return undefined;
    return { program: search.best.source, tests: withoutTest(this.#original.tests, failing.name) };
  }

  /** The guard that each candidate passes: one with a test less is not run. */
  #isHonest({ tests }: Files): boolean {
    const deleted = deletedTests(this.#original.tests, tests);
    for (const name of deleted) {
      this.#refused.add(name);
      const text = `${this.#task}: a patch deletes the test "${name}"; refused`;
      this.#run.log.warn(`  ${text}`);
      this.#run.alert("critical", "test-deleted", text);
    }
    return deleted.length === 0;
  }

  #test(files: Files): ReturnType<typeof runTests> {
    const { directory, parameters, signal } = this.#run;
    return runTests(join(directory, "work", this.#task), files, parameters.cpuSeconds, signal);
  }

  #checkpoint({ best }: Search, { from, edit, program }: Candidate): Promise<void> {
    return this.#run.checkpoint(`${this.#task}, attempt ${this.#attempts}`, () => ({
      task: this.#task,
      attempt: this.#attempts,
      attempts: this.#run.parameters.attempts,
      tests: this.#testCount,
      best: best.tests.passed.length,
      failing: from.tests.failed,
      file: from.source,
      patch: { kind: edit.kind, line: edit.line, diff: unifiedDiff("program.mjs", from.source, program) },
    }));
  }

  #report({ best, isSolved }: Search): TaskReport {
    const { log, artifact } = this.#run;
    const passed = best.tests.passed.length;
    const diff = unifiedDiff(`${this.#task}/program.mjs`, this.#original.program, best.source);
    if (diff !== "") artifact(`fix-${this.#task}.diff`, "text/x-diff", diff);
    if (isSolved) log.info(`task ${this.#task} is solved after ${this.#attempts} attempts`);
    else {
      log.warn(
        `task ${this.#task} is not solved: ${passed} of ${this.#testCount} after ${this.#attempts} attempts`,
      );
    }
    return {
      task: this.#task,
      solved: isSolved,
      attempts: this.#attempts,
      passed,
      total: this.#testCount,
      edits: best.edits,
    };
  }
}
