// Thousands of clients are cut at once and come back, each some messages behind, while publishing goes on.
import { pause, startChild } from "../lib/child.mjs";
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
async function storm(server, log, transport, count) {
  // In a process of their own: those that come back must not keep them from reading what is there.
  const live = startChild("load", new URL("../load/readers.mjs", import.meta.url));
  try {
    return await loaded(server, { log }, (all) => comeBack({ ...all, live }, transport, count));
  } finally {
    await live.stop();
  }
}

/** @param {{ running: any, readers: any, publisher: any, live: any }} all @param {string} transport @param {number} count */
async function comeBack({ running, readers, publisher, live }, transport, count) {
  await publisher.call("open", [running.publisher()]);
  await live.call("open", "all", [running.reader(transport)], LIVE);
  await readers.call("open", "cut", [running.reader(transport)], count);
  const { last: before } = await publisher.call("steadily", {
    perSecond: PER_SECOND,
    seconds: 1,
    size: 128,
  });
  await reached(readers, before, "cut");
  // The channel is new and has one publisher, so the numbers of its messages are their offsets.
  const [epoch] = (await running.head()).split(".");
  const publishing = publisher.call("steadily", { perSecond: PER_SECOND, seconds: 8, size: 128 });
  await readers.call("cut", "cut");
  await pause((BEHIND / PER_SECOND) * 1_000);
  const plan = running.reader(transport, { query: `since=${epoch}.{last}` });
  await live.call("forget");
  const began = usageOf(running.pid);
  const loadBegan = usageOf(readers.pid);
  const beganMs = performance.now();
  await readers.call("comeBack", "cut", plan);
  const seconds = (performance.now() - beganMs) / 1_000;
  const after = usageOf(running.pid);
  const loadAfter = usageOf(readers.pid);
  const { maxPauseMs } = await live.call("report");
  const { last } = await publishing;
  await reached(readers, last, "cut");
  await reached(live, last);
  return {
    seconds: round(seconds, 3),
    longestPauseMs: round(maxPauseMs),
    cpuSeconds: after && round(after.cpuSeconds - began.cpuSeconds, 2),
    loadCpuSeconds: loadAfter && round(loadAfter.cpuSeconds - loadBegan.cpuSeconds, 2),
  };
}
