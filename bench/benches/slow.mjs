// A tenth of the readers never reads, a tenth reads a little: what the others notice, and what they cost.
import { pause } from "../lib/child.mjs";
import { loaded, reached } from "../lib/load.mjs";
import { repeat, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "1,000 readers with slow ones among them: latency of the fast, memory over time";

const READERS = 1_000;
const SLOW = 100;
const PER_SECOND = 1_000;

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, tell, wanted }) {
  const tidings = servers.find(({ name }) => name === "tidings");
  if (tidings === undefined) return;
  const seconds = quick ? 3 : 10;
  for (const log of ["memory", "lmdb"])
    for (const transport of ["ws", "sse"].filter(wanted))
      for (const slow of [0, SLOW]) {
        const row = await repeat(repeats, () => withSlow(tidings, log, transport, slow, seconds), "p99Ms");
        tell({
          bench: "slow",
          server: "tidings",
          log,
          transport,
          readers: READERS,
          never: slow,
          tenth: slow,
          ...row,
        });
      }
}

/** @param {any} server @param {string} log @param {string} transport @param {number} slow @param {number} seconds */
function withSlow(server, log, transport, slow, seconds) {
  return loaded(server, { log }, async ({ running, readers, publisher }) => {
    const plan = running.reader(transport);
    await publisher.call("open", [running.publisher()]);
    await readers.call("open", "all", [plan], READERS - 2 * slow);
    if (slow > 0) {
      await readers.call("open", "never", [plan], slow);
      await readers.call("open", "tenth", [plan], slow);
      await readers.call("pause", "never");
    }
    const warm = await publisher.call("steadily", { perSecond: PER_SECOND, seconds: 2, size: 128 });
    await reached(readers, warm.last);
    await readers.call("forget");
    const began = usageOf(running.pid);
    let isOver = false;
    const sipping = (async () => {
      while (!isOver && slow > 0) {
        await readers.call("pause", "tenth");
        await pause(90);
        await readers.call("resume", "tenth");
        await pause(10);
      }
    })();
    const memory = [];
    const publishing = publisher
      .call("steadily", { perSecond: PER_SECOND, seconds, size: 128 })
      .finally(() => (isOver = true));
    while (!isOver) {
      memory.push(usageOf(running.pid)?.rssBytes ?? 0);
      await pause(250);
    }
    const { last } = await publishing;
    await reached(readers, last);
    await sipping;
    const { p50Ms, p99Ms } = await readers.call("report");
    const late = memory.slice(-4).reduce((a, b) => a + b, 0) / Math.min(4, memory.length);
    return {
      p50Ms: round(p50Ms, 2),
      p99Ms: round(p99Ms, 2),
      memoryBeganMb: began && round(began.rssBytes / 2 ** 20),
      memoryEndedMb: round(late / 2 ** 20),
    };
  });
}
