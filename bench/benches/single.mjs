// One message a flush, so that nothing can be batched: the next one is published once all readers have the last.
import { loaded, reached } from "../lib/load.mjs";
import { repeat, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "one message a flush: deliveries a second where nothing can be batched";

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, repeats, seconds, tell, wanted, readers }) {
  for (const count of readers ?? [1_000])
    for (const server of servers.filter(({ name }) => name === "tidings" || name === "bare"))
      for (const transport of server.transports.filter((each) => each === "sse" && wanted(each))) {
        const row = await repeat(
          repeats,
          () => oneByOne(server, transport, count, seconds),
          "deliveriesPerSecond",
        );
        tell({ bench: "single", server: server.name, transport, readers: count, bytes: 128, ...row });
      }
}

/** @param {any} server @param {string} transport @param {number} count @param {number} seconds */
function oneByOne(server, transport, count, seconds) {
  return loaded(server, {}, async ({ running, readers, publisher }) => {
    await readers.call("open", "all", [running.reader(transport)], count);
    await publisher.call("open", [running.publisher({ transport })]);
    const load = { size: 128, inFlight: 1 };
    const { last: warm } = await publisher.call("flatOut", { ...load, seconds: 1 });
    await reached(readers, warm);
    const began = usageOf(running.pid);
    const beganMs = performance.now();
    const { published, last } = await publisher.call("flatOut", { ...load, seconds });
    await reached(readers, last);
    const took = (performance.now() - beganMs) / 1_000;
    const used = usageOf(running.pid);
    return {
      version: running.version,
      deliveriesPerSecond: Math.round((published * count) / took),
      publishesPerSecond: Math.round(published / took),
      cpuMicrosEach: used && round(((used.cpuSeconds - began.cpuSeconds) * 1e6) / published / count, 3),
      cpuCores: used && round((used.cpuSeconds - began.cpuSeconds) / took, 2),
    };
  });
}
