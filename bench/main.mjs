// `npm run bench [-- NAME…]`: each benchmark by its name, all of them by default. A JSON line a result, and tables at the end.
import { parseArgs } from "node:util";
import { machine } from "./lib/machine.mjs";
import { writePage } from "./lib/page.mjs";
import { ratiosOf, tableOf } from "./lib/table.mjs";
import { servers } from "./servers/index.mjs";

const BENCHES = [
  "fanout",
  "doubling",
  "single",
  "idle",
  "publish",
  "catchup",
  "storm",
  "slow",
  "many",
  "compressed",
  "commands",
  "hostile",
  "lab",
  "cluster",
  "workers",
];

/** What is compared with the peers of the same run, and of which rows. */
const RATIOS = {
  fanout: { value: "deliveriesPerSecond", alike: ["transport", "readers", "bytes", "perSecond"] },
  single: { value: "deliveriesPerSecond", alike: ["transport", "readers", "bytes"] },
  idle: { value: "kilobytesEach", alike: ["transport", "readers", "semiSpaceMb"] },
  publish: { value: "publishesPerSecond", alike: ["log", "by", "connections", "inFlight"] },
};

const USAGE = `npm run bench [-- NAME…] [OPTIONS]
  NAME              ${BENCHES.join(", ")}; default all
  --quick           once, shortly, with few readers: whether it runs, and no more
  --repeat N        runs of each; medians are told. Default 3
  --seconds S       of each run. Default 3
  --servers A,B     only these; default all that are installed
  --transports A,B  only these
  --readers N,M     instead of each benchmark's own numbers
  --html FILE       a page with plots`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    repeat: { type: "string" },
    seconds: { type: "string" },
    servers: { type: "string" },
    transports: { type: "string" },
    readers: { type: "string" },
    html: { type: "string" },
    help: { type: "boolean", default: false },
  },
});
const unknown = positionals.find((name) => !BENCHES.includes(name));
if (values.help || unknown !== undefined) {
  console.log(unknown === undefined ? USAGE : `There is no benchmark "${unknown}".\n${USAGE}`);
  process.exit(unknown === undefined ? 0 : 2);
}

/** @type {Record<string, any>[]} */
const results = [];
console.log(JSON.stringify({ machine }));
const chosen = values.servers?.split(",");
const there = servers.filter((server) => {
  if (chosen !== undefined && !chosen.includes(server.name)) return false;
  const why = server.missing();
  if (why !== undefined) console.log(JSON.stringify({ skipped: server.name, why }));
  return why === undefined;
});
const { quick } = values;
for (const name of positionals.length > 0 ? positionals : BENCHES) {
  const { run } = await import(new URL(`benches/${name}.mjs`, import.meta.url).href);
  await run({
    servers: there,
    quick,
    repeats: Number(values.repeat ?? (quick ? 1 : 3)),
    seconds: Number(values.seconds ?? (quick ? 1 : 3)),
    wanted: (/** @type {string} */ transport) => values.transports?.split(",").includes(transport) ?? true,
    readers: values.readers?.split(",").map(Number),
    tell(/** @type {Record<string, any>} */ row) {
      results.push(row);
      console.log(JSON.stringify(row));
    },
  });
}
for (const name of new Set(results.map(({ bench }) => bench))) {
  const rows = results.filter(({ bench }) => bench === name);
  console.log(`\n${name}\n${tableOf(rows)}`);
  const of = RATIOS[/** @type {keyof typeof RATIOS} */ (name)];
  const ratios = of === undefined ? [] : ratiosOf(rows, of.value, of.alike);
  if (ratios.length > 0) console.log(`\n${name}: tidings beside\n${tableOf(ratios)}`);
}
if (values.html !== undefined) writePage(values.html, machine, results);
