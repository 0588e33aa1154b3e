// Many channels: each with one reader on a shared connection; and what a channel costs that nobody uses.
import { pause } from "../lib/child.mjs";
import { loaded } from "../lib/load.mjs";
import { repeat, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "channels by the ten thousand";

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, seconds, tell }) {
  const tidings = servers.find(({ name }) => name === "tidings");
  if (tidings === undefined) return;
  const connections = quick ? 100 : 1_000;
  const row = await repeat(
    repeats,
    () => multiplexed(tidings, connections, 100, seconds),
    "deliveriesPerSecond",
  );
  tell({
    bench: "many",
    server: "tidings",
    channels: connections * 100,
    connections,
    publishers: 10,
    ...row,
  });
  for (const log of ["memory", "lmdb"]) {
    const count = quick ? 10_000 : 100_000;
    const idle = await repeat(repeats, () => unused(tidings, log, count), "bytesEach");
    tell({ bench: "many", server: "tidings", log, channels: count, connections: 0, ...idle });
  }
}

/** @param {any} server @param {number} connections @param {number} each @param {number} seconds */
function multiplexed(server, connections, each, seconds) {
  return loaded(server, {}, async ({ running, readers, publisher }) => {
    const before = usageOf(running.pid);
    const beganMs = performance.now();
    const plans = Array.from({ length: connections }, (_, at) =>
      running.multiplexed(Array.from({ length: each }, (_unused, channel) => `many/${at * each + channel}`)),
    );
    const half = connections / 2;
    await readers.call("open", "all", plans.slice(0, half), half);
    const halfOpen = usageOf(running.pid);
    await readers.call("open", "all", plans.slice(half), half);
    const openSeconds = (performance.now() - beganMs) / 1_000;
    const open = usageOf(running.pid);
    // Ten publishers, each with a thousand channels of its own, one after the other.
    await publisher.call(
      "open",
      Array.from({ length: 10 }, (_, at) =>
        running.publisher({ channel: `many/{${at * 1_000}-${at * 1_000 + 999}}` }),
      ),
    );
    await readers.call("forget");
    const began = usageOf(running.pid);
    const startMs = performance.now();
    const { last: published } = await publisher.call("flatOut", { seconds, size: 128, inFlight: 64 });
    let seen;
    do {
      await pause(20);
      seen = await readers.call("report");
    } while (seen.received < published && performance.now() - startMs < seconds * 1_000 + 10_000);
    const took = (performance.now() - startMs) / 1_000;
    const used = usageOf(running.pid);
    if (seen.received !== published) throw new Error(`${seen.received} of ${published} messages came.`);
    return {
      deliveriesPerSecond: Math.round(published / took),
      p50Ms: round(seen.p50Ms, 2),
      p99Ms: round(seen.p99Ms, 2),
      subscribesPerSecond: Math.round((connections * each) / openSeconds),
      bytesEach: bytesOf(before, open, connections * each),
      bytesEachMore: bytesOf(halfOpen, open, half * each),
      cpuCores: used && round((used.cpuSeconds - began.cpuSeconds) / took, 2),
    };
  });
}

/**
 * Channels that were published to once, and are not read. Before they are counted as much is published elsewhere: traffic has
 * Node.js make its young generation larger, up to some 100 MB, whatever it is that comes, and it stays so.
 * @param {any} server @param {string} log @param {number} count
 */
function unused(server, log, count) {
  const policies = [{ pattern: "warm/**", retention: { maxMessages: 1 } }];
  return loaded(server, { log, policies }, async ({ running, publisher }) => {
    const publish = async (channel, messages) => {
      await publisher.call("open", [running.publisher({ channel })]);
      const result = await publisher.call("flatOut", { seconds: 600, size: 128, inFlight: 256, messages });
      await publisher.call("close");
      return result;
    };
    const one = (from, to) => publish(`unused/{${from}-${to}}`, to - from + 1);
    await publish("warm/{0-999}", 2 * count);
    const few = await one(0, 999);
    await pause(1_000);
    const before = usageOf(running.pid);
    await one(1_000, 999 + count);
    await pause(1_000);
    const after = usageOf(running.pid);
    await one(1_000 + count, 999 + 2 * count);
    await pause(1_000);
    const more = usageOf(running.pid);
    const again = await one(0, 999);
    return {
      bytesEach: bytesOf(before, after, count),
      bytesEachMore: bytesOf(after, more, count),
      publishSecondsOfFew: round(few.seconds, 3),
      publishSecondsOfMany: round(again.seconds, 3),
    };
  });
}

/**
 * Memory by what it has grown.
 * @param {ReturnType<typeof usageOf>} before @param {ReturnType<typeof usageOf>} after @param {number} count
 */
function bytesOf(before, after, count) {
  return before && after && Math.round((after.rssBytes - before.rssBytes) / count);
}
