// One channel, many readers: how much gets through, and how late, at rates that rise until no more does.
import { hold, loaded, reached } from "../lib/load.mjs";
import { attempt, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "readers of one channel, at rising rates up to saturation";

/** Messages on their way where as much is published as is taken: enough for the server to be the one that is waited for. */
const IN_FLIGHT = 512;
/** A rate is kept where so much of it arrives, and nothing is later than this. */
const KEPT = 0.97;
const LATE_MS = 1_000;

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, seconds, tell, wanted, readers }) {
  const sizes = quick ? [128] : [128, 2_048];
  const counts = readers ?? (quick ? [1_000] : [1_000, 10_000]);
  const rates = quick ? [100, 1_000] : [100, 300, 1_000, 2_000, 4_000, 8_000, 16_000];
  for (const count of counts)
    for (const server of servers)
      for (const transport of server.transports.filter(wanted))
        for (const bytes of sizes) {
          const at = { server: server.name, transport, readers: count, bytes };
          for (const perSecond of rates) {
            const row = await attempt(
              repeats,
              () => fanOut(server, at, steadily(perSecond, seconds)),
              "deliveriesPerSecond",
            );
            const isKept = row.deliveriesPerSecond > KEPT * perSecond * count && row.p99Ms < LATE_MS;
            tell({ bench: "fanout", ...at, perSecond, isKept, ...row });
            if (!isKept) break;
          }
          const row = await attempt(
            repeats,
            () => fanOut(server, at, flatOut(seconds)),
            "deliveriesPerSecond",
          );
          tell({ bench: "fanout", ...at, perSecond: "saturated", ...row });
        }
}

/**
 * `restart` begins the measurement anew, after what was published to warm up.
 * @typedef {(all: { running: any, publisher: any, readers: any, bytes: number, restart: () => Promise<void> }) => Promise<{ published: number, last: number }>} Publishing
 */

/** @param {number} perSecond @param {number} seconds @returns {Publishing} */
export function steadily(perSecond, seconds) {
  return ({ publisher, bytes }) => publisher.call("steadily", { perSecond, seconds, size: bytes });
}

/** @param {number} seconds @param {number} [inFlight] @returns {Publishing} */
export function flatOut(seconds, inFlight = IN_FLIGHT) {
  return async ({ running, publisher, readers, bytes, restart }) => {
    // By lines where the server takes them, as the libraries are published to: what is measured is fan-out.
    const { batch = 1 } = running;
    if (batch > 1) await publisher.call("change", [running.publisher({ by: "batch" })]);
    const letGo = hold(publisher, readers);
    const load = { size: bytes, inFlight: Math.ceil(inFlight / batch), batch };
    try {
      // Compilers see now what they are to compile, and buffers grow to what they will be.
      const warm = await publisher.call("flatOut", { ...load, seconds: 1 });
      await reached(readers, warm.last);
      await restart();
      return await publisher.call("flatOut", { ...load, seconds });
    } finally {
      letGo();
    }
  };
}

/**
 * @param {any} server @param {{ transport: string, readers: number, bytes: number, options?: object, headers?: string, sampleEvery?: number }} at
 * @param {Publishing} publish
 */
export function fanOut(
  server,
  { transport, readers: count, bytes, options = {}, headers, sampleEvery },
  publish,
) {
  return loaded(server, options, async ({ running, readers, publisher }) => {
    await readers.call("open", "all", [{ ...running.reader(transport, { headers }), sampleEvery }], count);
    await publisher.call("open", [running.publisher({ transport })]);
    // Just-in-time compilers, and the windows of TCP.
    const warm = await publisher.call("steadily", { perSecond: 100, seconds: 1, size: bytes });
    await reached(readers, warm.last);
    let began, beganMs;
    const restart = async () => {
      await readers.call("forget");
      began = usageOf(running.pid);
      beganMs = performance.now();
    };
    await restart();
    const { published, last } = await publish({ running, publisher, readers, bytes, restart });
    await reached(readers, last);
    const seconds = (performance.now() - beganMs) / 1_000;
    const used = usageOf(running.pid);
    const seen = await readers.call("report");
    return {
      version: running.version,
      deliveriesPerSecond: Math.round((published * count) / seconds),
      publishesPerSecond: Math.round(published / seconds),
      megabytesPerSecond: round(seen.bytes / seconds / 1e6),
      p50Ms: round(seen.p50Ms, 2),
      p99Ms: round(seen.p99Ms, 2),
      p999Ms: round(seen.p999Ms, 2),
      cpuCores: used && round((used.cpuSeconds - began.cpuSeconds) / seconds, 2),
      cpuMicrosEach: used && round(((used.cpuSeconds - began.cpuSeconds) * 1e6) / published / count, 3),
      memoryMb: used && round(used.rssBytes / 2 ** 20),
    };
  });
}
