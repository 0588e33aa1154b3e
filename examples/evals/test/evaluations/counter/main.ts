import { evaluation } from "../../../kit/index.ts";

/** Counts, with a checkpoint at each number: the smallest evaluation that uses all of the kit. */
const run = await evaluation<{ to: number; paceMs: number; mode: string; loud: boolean; word: string }>();
let count = 0;

run.onInput((text) => {
  if (text === "no") throw new Error("not that");
  return { heard: text, count };
});
run.onSet((name) => {
  if (name === "loud") throw new Error("it is always quiet");
});
run.onStop(() => {
  run.result({ stoppedAt: count });
  // Longer than it has.
  return run.parameters.mode === "slow-stop" ? new Promise(() => {}) : undefined;
});

run.log.info(`counts to ${run.parameters.to}\r\nby one`);
run.log.error("[info] is what a text may begin with");
while (count < run.parameters.to) {
  await run.checkpoint(`count ${count}`, () =>
    run.parameters.mode === "large-state" ? "x".repeat(70_000) : { count },
  );
  count += 1;
  if (run.parameters.mode === "crash") throw new Error("it broke");
  run.metric("count", count, count === 3 ? NaN : count);
  await run.wait(run.parameters.paceMs);
}
run.progress(count, run.parameters.to, "done");
run.artifact("count.txt", "text/plain", String(count));
run.alert("info", "counted", `counted to ${count}`);
run.result({ count });
