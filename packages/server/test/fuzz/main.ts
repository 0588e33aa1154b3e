import { parseArgs } from "node:util";
import { fuzz } from "./run.ts";

// npm run fuzz [-- --seconds 60 --seed 1]: prints one JSON line, and fails with the seed of the round that went wrong.
const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const endMs = performance.now() + Number(values.seconds) * 1_000;
process.stderr.write(`seed ${seed}\n`);
const result = await fuzz({
  seed,
  goesOn: () => performance.now() < endMs,
  onRound: (round) => round % 500 === 499 && process.stderr.write(`${round + 1} rounds\n`),
});
process.stdout.write(`${JSON.stringify({ seed, seconds: Number(values.seconds), ...result })}\n`);
