// Published on one node, read on another by all readers; beside it, the same on one node, on its own log and on theirs.
import { attempt, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";
import { engines } from "../servers/engines.mjs";
import { fanOut, flatOut, steadily } from "./fanout.mjs";

export const about =
  "published on one node, read on another: latency, rate, and what each process pays for a message";

const BYTES = 128;

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, seconds, tell, wanted, readers }) {
  const tidings = servers.find(({ name }) => name === "tidings");
  if (tidings === undefined) return;
  const there = engines.filter((engine) => {
    const why = engine.missing();
    if (why !== undefined) tell({ bench: "cluster", log: engine.name, failed: why });
    return why === undefined;
  });
  const setups = [
    { nodes: 1, log: "memory", server: tidings },
    ...there.flatMap((engine) =>
      [1, 2].map((nodes) => ({ nodes, log: engine.name, server: clusterOf(tidings, engine, nodes) })),
    ),
  ];
  const rates = quick ? [100] : [100, 1_000, 4_000];
  for (const count of readers ?? [1_000])
    for (const transport of ["ws", "sse"].filter(wanted))
      for (const { nodes, log, server } of setups) {
        const at = { transport, readers: count, bytes: BYTES };
        const all = { ...at, nodes, log };
        for (const perSecond of rates) {
          const row = await attempt(
            repeats,
            () => measure(server, at, steadily(perSecond, seconds)),
            "p99Ms",
          );
          tell({ bench: "cluster", server: "tidings", ...all, perSecond, ...row });
        }
        const row = await attempt(
          repeats,
          () => measure(server, at, flatOut(seconds)),
          "deliveriesPerSecond",
        );
        tell({ bench: "cluster", server: "tidings", ...all, perSecond: "saturated", ...row });
      }
}

/**
 * Nodes on an engine, as one server: published to at the first, read from at the last.
 * @param {any} tidings @param {typeof engines[number]} engine @param {number} count
 */
function clusterOf(tidings, engine, count) {
  return {
    /** @param {object} options */
    async start(options) {
      const engineRunning = await engine.start();
      const nodes = [];
      for (let node = 0; node < count; node++)
        nodes.push(await tidings.start({ ...options, log: engineRunning.url }));
      const near = nodes[0];
      const far = nodes[count - 1];
      return {
        ...far,
        near,
        engine: engineRunning,
        publisher: near.publisher,
        async stop() {
          for (const node of nodes) await node.stop();
          await engineRunning.stop();
        },
      };
    },
  };
}

/**
 * A fan-out, and what a message cost each of the processes: CPU time, and bytes that the engine sent.
 * @param {any} server @param {{ transport: string, readers: number, bytes: number }} at @param {import("./fanout.mjs").Publishing} publish
 */
async function measure(server, at, publish) {
  /** @type {Record<string, number | undefined>} */
  let costs = {};
  const row = await fanOut(server, at, async (all) => {
    const { near, engine, pid } = all.running;
    const before = await meters(near, pid, engine);
    const result = await publish(all);
    const after = await meters(near, pid, engine);
    const each = (/** @type {keyof typeof after} */ name) => (after[name] - before[name]) / result.published;
    costs = {
      publishingCpuMicros: near === undefined || near.pid === pid ? undefined : round(each("near") * 1e6, 1),
      readingCpuMicros: round(each("far") * 1e6, 1),
      engineCpuMicros: engine && round(each("engine") * 1e6, 1),
      engineBytes: engine && round(each("bytes"), 0),
    };
    return result;
  });
  const { p50Ms, p99Ms, deliveriesPerSecond, publishesPerSecond, version } = row;
  return { version, deliveriesPerSecond, publishesPerSecond, p50Ms, p99Ms, ...costs };
}

/** @param {any} near @param {number} far @param {any} engine */
async function meters(near, far, engine) {
  const cpu = (/** @type {number | undefined} */ pid) =>
    pid === undefined ? Number.NaN : (usageOf(pid)?.cpuSeconds ?? Number.NaN);
  return {
    near: cpu(near?.pid),
    far: cpu(far),
    engine: cpu(engine?.pid),
    bytes: (await engine?.sentBytes()) ?? Number.NaN,
  };
}
