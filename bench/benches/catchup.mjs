// Reading back: one reader through a long history, and many through a short one at once.
import { loaded, reached } from "../lib/load.mjs";
import { repeat, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "messages a second that are read back from the log";

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, tell, wanted }) {
  const tidings = servers.find(({ name }) => name === "tidings");
  if (tidings === undefined) return;
  const history = quick ? 100_000 : 1_000_000;
  const cases = [
    { readers: 1, messages: history },
    { readers: 1_000, messages: 1_000 },
  ];
  for (const log of ["memory", "lmdb"])
    for (const each of cases)
      for (const transport of ["ws", "sse", "ndjson"].filter(wanted)) {
        const row = await repeat(repeats, () => readBack(tidings, log, transport, each), "messagesPerSecond");
        tell({ bench: "catchup", server: "tidings", log, transport, ...each, ...row });
      }
}

/** @param {any} server @param {string} log @param {string} transport @param {{ readers: number, messages: number }} how */
function readBack(server, log, transport, { readers: count, messages }) {
  const policies = [{ pattern: "**", retention: { maxMessages: 2_000_000, maxBytes: 2 ** 31 } }];
  return loaded(server, { log, policies }, async ({ running, readers, publisher }) => {
    await publisher.call("open", [running.publisher({ by: "batch" })]);
    const { last } = await publisher.call("flatOut", {
      seconds: 600,
      size: 128,
      inFlight: 4,
      batch: 1_000,
      messages,
    });
    const before = usageOf(running.pid);
    const beganMs = performance.now();
    await readers.call(
      "open",
      "all",
      [{ ...running.reader(transport, { query: "since=earliest" }), ready: "\r\n\r\n" }],
      count,
    );
    await reached(readers, last);
    const seconds = (performance.now() - beganMs) / 1_000;
    const after = usageOf(running.pid);
    return {
      seconds: round(seconds, 3),
      messagesPerSecond: Math.round((last * count) / seconds),
      cpuCores: after && round((after.cpuSeconds - before.cpuSeconds) / seconds, 2),
      memoryMb: after && round(after.rssBytes / 2 ** 20),
    };
  });
}
