// One message a flush, so that nothing can be batched: the next one is published once all readers have the last.
import { loaded } from "../lib/load.mjs";
import { attempt, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "one message a flush: deliveries a second where nothing can be batched";

const SIZE = 128;
const COMPARED = ["tidings", "bare"];

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, repeats, seconds, tell, wanted, readers }) {
  for (const count of readers ?? [1_000])
    for (const transport of ["ws", "sse"].filter(wanted))
      for (const server of servers.filter(({ name }) => COMPARED.includes(name))) {
        const row = await attempt(
          repeats,
          () => oneByOne(server, transport, count, seconds),
          "deliveriesPerSecond",
        );
        tell({ bench: "single", server: server.name, transport, readers: count, bytes: SIZE, ...row });
      }
}

/** @param {any} server @param {string} transport @param {number} count @param {number} seconds */
export function oneByOne(server, transport, count, seconds) {
  return loaded(server, {}, async ({ running, readers }) => {
    await readers.call("open", "all", [running.reader(transport)], count);
    const plan = running.publisher({ transport });
    await readers.call("oneByOne", plan, { size: SIZE, seconds: 1 });
    const began = usageOf(running.pid);
    const { published, seconds: took } = await readers.call("oneByOne", plan, { size: SIZE, seconds });
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
