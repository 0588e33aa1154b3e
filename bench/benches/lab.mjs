// The same setting through the benchmarks' own readers and through the transport lab, one transport at a time: whether what its page
// shows are this project's figures. The lab's readers are clients of the SDK behind a fault proxy. Those of the benchmarks stand straight at the
// server, then behind the same proxy, and then as such clients behind it: each step is told by itself, and the last has what the lab has.
import { behindProxy } from "../servers/behind-proxy.mjs";
import { startLab } from "../servers/lab.mjs";
import { startTidings } from "../servers/tidings.mjs";
import { withClients } from "../servers/with-clients.mjs";
import { round } from "../lib/stats.mjs";
import { fanOut, steadily } from "./fanout.mjs";

export const about = "the transport lab beside the benchmarks, few readers of one channel on a durable log";

/** What both are asked for: as the lab's page opens, and ten times as much. */
const SETTING = { readers: 10, bytes: 256 };
const RATES = [10, 100];
const TRANSPORTS = ["ws", "sse", "ndjson", "long-poll"];

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ quick, repeats, seconds, tell, wanted, readers = [SETTING.readers] }) {
  const lasting = quick ? 1 : Math.max(seconds, 3);
  for (const count of readers)
    for (const [transport, perSecond] of TRANSPORTS.filter(wanted).flatMap((each) =>
      RATES.map((rate) => [each, rate]),
    )) {
      const at = { transport, ...SETTING, perSecond, readers: count };
      const runs = { bench: [], "bench behind the proxy": [], "clients behind the proxy": [], lab: [] };
      // In turns, so that what else the machine does befalls both alike.
      for (let turn = 0; turn < repeats; turn++) {
        runs.bench.push(await direct(at, lasting, startTidings));
        runs["bench behind the proxy"].push(await direct(at, lasting, behindProxy(startTidings)));
        runs["clients behind the proxy"].push(
          await direct(at, lasting, withClients(behindProxy(startTidings))),
        );
        runs.lab.push(await measured(at, lasting));
      }
      const rows = Object.entries(runs).map(([by, each]) => ({ by, ...summary(each) }));
      const lab = /** @type {ReturnType<typeof summary>} */ (rows.at(-1));
      for (const row of rows) tell({ bench: "lab", ...at, ...row, isWithinSpread: meets(row, lab) });
    }
}

/** What the lab's histograms are exact to. */
const EXACT_TO = 0.022;

/** Whether the ranges of a row's medians and of the lab's meet. @param {ReturnType<typeof summary>} row @param {ReturnType<typeof summary>} lab */
function meets(row, lab) {
  return row.mostP50Ms >= lab.leastP50Ms * (1 - EXACT_TO) && lab.mostP50Ms * (1 + EXACT_TO) >= row.leastP50Ms;
}

/** @param {readonly { p50Ms: number, p99Ms: number, deliveriesPerSecond: number }[]} runs */
function summary(runs) {
  const sorted = (/** @type {"p50Ms" | "p99Ms" | "deliveriesPerSecond"} */ name) =>
    runs.map((each) => each[name]).sort((one, other) => one - other);
  const median = (/** @type {number[]} */ values) => values[values.length >> 1];
  const p50s = sorted("p50Ms");
  return {
    p50Ms: median(p50s),
    leastP50Ms: p50s[0],
    mostP50Ms: p50s.at(-1),
    p99Ms: median(sorted("p99Ms")),
    leastP99Ms: sorted("p99Ms")[0],
    deliveriesPerSecond: median(sorted("deliveriesPerSecond")),
    runs: runs.length,
  };
}

/** @param {{ transport: string, readers: number, bytes: number, perSecond: number }} at @param {number} seconds @param {(options: object) => Promise<any>} start */
async function direct(at, seconds, start) {
  const options = { log: "lmdb", compression: "off" };
  // As in the lab every message counts: the sixteenth of a few is too few.
  return fanOut({ start }, { ...at, options, sampleEvery: 1 }, steadily(at.perSecond, seconds));
}

/** @param {{ transport: string, readers: number, bytes: number, perSecond: number }} at @param {number} seconds */
async function measured({ transport, readers, bytes, perSecond }, seconds) {
  const lab = await startLab();
  try {
    await lab.command("lab.start", { rate: perSecond, size: bytes, readers, transports: [transport] });
    await lab.until((results) => results.run?.phase === "running");
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    const { results } = await lab.command("lab.stop");
    const figures = results.transports[transport];
    if (figures.lost + figures.repeated + figures.behind > 0) throw new Error("a reader lost something.");
    return {
      deliveriesPerSecond: Math.round(figures.received / seconds),
      p50Ms: round(figures.total.p50Ms, 2),
      p99Ms: round(figures.total.p99Ms, 2),
    };
  } finally {
    await lab.stop();
  }
}
