// The same fan-out from one process and from workers: what a delivery costs, and which process pays for it.
import { loaded } from "../lib/load.mjs";
import { round } from "../lib/stats.mjs";
import { usageByProcess } from "../lib/usage.mjs";

export const about = "fan-out by one process and by workers: CPU of a delivery, by process";

const SIZE = 128;
/** Messages that are published together: one alone, and as many as a busy server's flush has. */
const BATCHES = [1, 32];
/** The servers are loaded in turns of so long, so that whatever else the machine does meets all of them. */
const TURN_SECONDS = 0.25;

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, seconds, tell, wanted, readers }) {
  const tidings = servers.find(({ name }) => name === "tidings");
  if (tidings === undefined) return;
  const turns = Math.ceil((repeats * seconds) / TURN_SECONDS);
  for (const count of readers ?? (quick ? [200] : [1_000]))
    for (const transport of ["ws", "sse"].filter(wanted))
      for (const batch of BATCHES) {
        const at = { transport, readers: count, bytes: SIZE, batch };
        const rows = await sideBySide(tidings, at, quick ? [1, 2] : [1, 2, 4], turns);
        for (const row of rows) tell({ bench: "workers", server: "tidings", ...at, ...row });
      }
}

/**
 * The next batch is published once all readers have the last one: each is one flush, whatever the server's speed, so that a
 * delivery is the same work however busy the machine is. All processes of the servers share a core; the load has the other.
 * @param {any} server @param {{ transport: string, readers: number, batch: number }} at
 * @param {readonly number[]} counts of workers, the first 1 @param {number} turns
 */
async function sideBySide(server, { transport, readers: count, batch }, counts, turns) {
  /** @type {{ workers: number, turn: () => Promise<void>, row: () => Record<string, any> }[]} */
  const sides = [];
  const next = async () => {
    const workers = counts[sides.length];
    if (workers === undefined) {
      for (let at = 0; at < turns; at++) for (const side of sides) await side.turn();
      return;
    }
    await loaded(server, { workers }, async ({ running, readers }) => {
      await readers.call("open", "all", [running.reader(transport)], count);
      const plan = running.publisher({ transport, ...(batch > 1 ? { by: "batch" } : {}) });
      await readers.call("oneByOne", plan, { size: SIZE, batch, seconds: 1 });
      let deliveries = 0;
      /** @type {number[]} */
      const used = [];
      const turn = async () => {
        const began = usageByProcess(running.pid);
        const { published } = await readers.call("oneByOne", plan, {
          size: SIZE,
          batch,
          seconds: TURN_SECONDS,
        });
        const ended = [...usageByProcess(running.pid)];
        for (const [at, [pid, cpuSeconds]] of ended.entries())
          used[at] = (used[at] ?? 0) + cpuSeconds - (began.get(pid) ?? 0);
        deliveries += published * count;
      };
      const row = () => {
        const [first = Number.NaN, ...others] = used.map((cpuSeconds) => (cpuSeconds * 1e6) / deliveries);
        return {
          version: running.version,
          deliveries,
          totalUs: others.reduce((sum, part) => sum + part, first),
          primaryUs: others.length === 0 ? undefined : round(first, 4),
          busiestWorkerUs: others.length === 0 ? undefined : round(Math.max(...others), 4),
        };
      };
      sides.push({ workers, turn, row });
      await next();
    });
  };
  await next();
  const rows = sides.map(({ workers, row }) => ({ workers, ...row() }));
  const one = rows[0]?.totalUs ?? Number.NaN;
  // So many workers on as many cores have so much more CPU, and need so much more of it for a delivery.
  return rows.map(({ workers, totalUs, ...row }) => ({
    workers,
    carries: round((workers * one) / totalUs, 2),
    totalUs: round(totalUs, 4),
    ...row,
  }));
}
