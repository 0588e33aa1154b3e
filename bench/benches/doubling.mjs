// The cost of twice as many readers: CPU of the server for the same messages, which is to grow with the readers and no faster.
import { attempt, round } from "../lib/stats.mjs";
import { fanOut, steadily } from "./fanout.mjs";
import { oneByOne } from "./single.mjs";

export const about = "CPU a delivery, with more and more readers";

const SIZE = 128;
const COUNTS = [500, 1_000, 2_000];
/** So high that a turn brings more than one. */
const PER_SECOND = 1_000;

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, repeats, seconds, tell, wanted, readers }) {
  const server = servers.find(({ name }) => name === "tidings");
  if (server === undefined) return;
  for (const transport of ["ws", "sse"].filter(wanted))
    // One after the other: a flush each on the busiest machine too.
    for (const perSecond of ["one by one", PER_SECOND]) {
      let before;
      for (const count of readers ?? COUNTS) {
        const at = { server: server.name, transport, readers: count, bytes: SIZE };
        const measure =
          perSecond === PER_SECOND
            ? () => fanOut(server, at, steadily(PER_SECOND, seconds))
            : () => oneByOne(server, transport, count, seconds);
        const { cpuMicrosEach, cpuCores, p99Ms, ...row } = await attempt(repeats, measure, "cpuMicrosEach");
        const cpu = cpuMicrosEach * count;
        tell({
          bench: "doubling",
          ...at,
          perSecond,
          cpuMicrosEach,
          // For the same messages: so many times the readers, and so many times the CPU.
          timesReaders: before && round(count / before.count, 2),
          timesCpu: before && round(cpu / before.cpu, 2),
          cpuCores,
          p99Ms,
          runs: row.runs,
          spread: row.spread,
          failed: row.failed,
        });
        before = { count, cpu };
      }
    }
}
