import { parseArgs } from "node:util";
import { runChaos } from "./chaos.ts";

// npm run chaos [-- --rounds 50 --seed 1 --log redis --workers]: prints one JSON line, and fails where anything was lost or doubled.
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "50" },
    seed: { type: "string" },
    log: { type: "string", default: "lmdb" },
    workers: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
const beganMs = performance.now();
const result = await runChaos({
  rounds: Number(values.rounds),
  seed,
  log: values.log === "redis" ? "redis" : "lmdb",
  workers: values.workers,
  onRound: (round, acknowledged) => process.stderr.write(`round ${round}: ${acknowledged} acknowledged\n`),
});
process.stdout.write(
  `${JSON.stringify({ seed, seconds: Math.round((performance.now() - beganMs) / 1000), ...result })}\n`,
);
process.exitCode = result.faults.length === 0 ? 0 : 1;
