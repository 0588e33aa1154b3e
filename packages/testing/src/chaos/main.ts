import { parseArgs } from "node:util";
import { runChaos } from "./chaos.ts";
import { ENGINES, type SharedLog } from "./engine.ts";

const HELP = `npm run chaos [-- --rounds 50 --seed 1 --log redis --nodes 3, or --workers]

Makes trouble for servers under load, prints one JSON line, and fails where anything was lost or doubled that may not be.

  --rounds N   how often there is trouble; each kind comes once before one comes again (50)
  --seed N     decides what happens when (by chance; it is printed)
  --log NAME   lmdb: one server, which is killed (the default). Of several servers:
               redis, nats, nats-cluster: nothing may be lost, and nobody is told a gap
               redis-sentinel: a master, a replica and sentinels; publishes wait for the replica, so that
               nothing acknowledged is lost in a failover
               redis-sentinel-async: they do not; what is lost in a failover is told to every reader
  --nodes N    how many servers there are, on a log that they share (3)
  --workers    one server of two processes on a log of its own
`;
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "50" },
    seed: { type: "string" },
    log: { type: "string", default: "lmdb" },
    nodes: { type: "string", default: "3" },
    workers: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
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
