// Thousands of clients are cut at once and come back, each some messages behind, while publishing goes on.
import { pause } from "../lib/child.mjs";
import { loaded, reached } from "../lib/load.mjs";
import { repeat, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "5,000 readers come back at once: until the last is live, and what the others notice";

const LIVE = 100;
const PER_SECOND = 200;
const BEHIND = 100;

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, tell, wanted, readers }) {
  const tidings = servers.find(({ name }) => name === "tidings");
  if (tidings === undefined) return;
  for (const count of readers ?? [quick ? 1_000 : 5_000])
    for (const log of ["memory", "lmdb"])
      for (const transport of ["ws", "sse"].filter(wanted)) {
        const row = await repeat(repeats, () => storm(tidings, log, transport, count), "seconds");
        tell({ bench: "storm", server: "tidings", log, transport, readers: count, behind: BEHIND, ...row });
      }
}

/** @param {any} server @param {string} log @param {string} transport @param {number} count */
function storm(server, log, transport, count) {
  return loaded(server, { log }, async ({ running, readers, publisher }) => {
    await publisher.call("open", [running.publisher()]);
    await readers.call("open", "all", [running.reader(transport)], LIVE);
    await readers.call("open", "cut", [running.reader(transport)], count);
    const { last: before } = await publisher.call("steadily", {
      perSecond: PER_SECOND,
      seconds: 1,
      size: 128,
    });
    await reached(readers, before, "cut");
    const publishing = publisher.call("steadily", { perSecond: PER_SECOND, seconds: 8, size: 128 });
    await readers.call("close", "cut");
    await pause((BEHIND / PER_SECOND) * 1_000);
    const plan = running.reader(transport, { query: `last=${BEHIND}` });
    await readers.call("forget");
    const began = usageOf(running.pid);
    const beganMs = performance.now();
    await readers.call("open", "cut", [plan], count);
    const seconds = (performance.now() - beganMs) / 1_000;
    const after = usageOf(running.pid);
    const { maxPauseMs } = await readers.call("report");
    const { last } = await publishing;
    await reached(readers, last, "cut");
    await reached(readers, last, "all");
    return {
      seconds: round(seconds, 3),
      longestPauseMs: round(maxPauseMs),
      cpuSeconds: after && round(after.cpuSeconds - began.cpuSeconds, 2),
    };
  });
}
