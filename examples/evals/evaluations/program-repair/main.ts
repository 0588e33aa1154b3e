import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { evaluation, seeded } from "../../kit/index.ts";
import { drawChart, type TaskReport } from "./chart.ts";
import { Repair, type Parameters } from "./repair.ts";
import { testsIn } from "./tests-guard.ts";

/** An agent repairs programs without a model: each task is a program with a fault, and its real tests. */

const run = await evaluation<Parameters>();
const { parameters, log } = run;
const random = seeded(parameters.seed);
const library = join(import.meta.dirname, "tasks");
const tasks = chosenTasks();
const total = tasks.reduce((sum, task) => {
  return sum + testsIn(readFileSync(join(library, task, "program.test.mjs"), "utf8")).length;
}, 0);
const reports: TaskReport[] = [];
let attempts = 0;
let passed = 0;

run.onSet((name, value) => log.info(`${name} is now ${JSON.stringify(value)}, was ${parameters[name]}`));
log.info(`${tasks.length} tasks with ${total} tests, seed ${parameters.seed}`);
for (const [index, task] of tasks.entries()) {
  run.progress(index, tasks.length, task);
  const report = await new Repair(run, random, library, task).repair((passedNow) => {
    attempts += 1;
    run.metric("tests passed", attempts, passed + passedNow);
  });
  reports.push(report);
  passed += report.passed;
  run.metric("solved", attempts, reports.filter(({ solved }) => solved).length);
  run.metric("attempts a task", index + 1, report.attempts);
  run.artifact("chart.svg", "image/svg+xml", drawChart(reports));
}
const summary = {
  solved: reports.filter(({ solved }) => solved).length,
  tasks: tasks.length,
  attempts,
  tests: { passed, total },
};
run.artifact("report.json", "application/json", `${JSON.stringify({ ...summary, reports }, null, 2)}\n`);
run.progress(tasks.length, tasks.length, `${summary.solved} of ${summary.tasks} solved`);
log.info(`solved ${summary.solved} of ${summary.tasks} tasks in ${attempts} attempts`);
run.result(summary);

function chosenTasks(): string[] {
  const all = readdirSync(library).toSorted();
  if (parameters.tasks === "all") return all;
  return parameters.tasks.split(",").map((wanted) => {
    const name = wanted.trim();
    const task = all.find((each) => each === name || each.replace(/^\d+-/, "") === name);
    if (task === undefined) throw new Error(`there is no task "${name}"; there is: ${all.join(", ")}`);
    return task;
  });
}
