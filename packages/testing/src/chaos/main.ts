import { parseArgs } from "node:util";
import { runChaos } from "./chaos.ts";
import { ENGINES, type SharedLog } from "./engine.ts";

// npm run chaos [-- --rounds 50 --seed 1 --log redis --nodes 3, or --workers]: prints one JSON line, and fails where anything was lost or doubled.
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "50" },
    seed: { type: "string" },
    log: { type: "string", default: "lmdb" },
    nodes: { type: "string", default: "3" },
    workers: { type: "boolean", default: false },
  },
});
const { log } = values;
if (!isLog(log)) {
  process.stderr.write(`--log is one of lmdb, ${Object.keys(ENGINES).join(", ")}, and not "${log}"\n`);
  process.exit(2);
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const beganMs = performance.now();
const result = await runChaos({
  rounds: Number(values.rounds),
  seed,
  log,
  nodes: Number(values.nodes),
  workers: values.workers,
  onRound: (round, trouble, acknowledged) =>
    process.stderr.write(`round ${round}: ${trouble}; ${acknowledged} acknowledged\n`),
});
process.stdout.write(
  `${JSON.stringify({ seed, seconds: Math.round((performance.now() - beganMs) / 1000), ...result })}\n`,
);
process.exitCode = result.faults.length === 0 ? 0 : 1;

function isLog(name: string): name is "lmdb" | SharedLog {
  return name === "lmdb" || Object.hasOwn(ENGINES, name);
}
