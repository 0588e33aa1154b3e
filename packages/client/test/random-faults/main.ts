import { parseArgs } from "node:util";
import { runRandomFaults } from "./run.ts";
import { violationsOf } from "./say.ts";

// npm run client-chaos [-- --faults 1000 --seed 1]: prints one JSON line, and fails where anything was lost, repeated or out of order.
const { values } = parseArgs({
  options: { faults: { type: "string", default: "1000" }, seed: { type: "string" } },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
process.stderr.write(`seed ${seed}\n`);
const beganMs = performance.now();
const result = await runRandomFaults({
  faults: Number(values.faults),
  seed,
  onFault: (count) => count % 100 === 0 && process.stderr.write(`${count} faults\n`),
});
const seconds = Math.round((performance.now() - beganMs) / 1_000);
const { violations, ...figures } = result;
if (violations.length > 0) process.stderr.write(`${violationsOf(result)}\n`);
process.stdout.write(`${JSON.stringify({ seconds, ...figures, violations: violations.length })}\n`, () =>
  // Left to end by itself, Node.js 24 waited in its own clean-up for good after long runs: for a request of a handle that was gone.
  process.exit(violations.length === 0 ? 0 : 1),
);
