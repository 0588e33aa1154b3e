// What a connection costs that has nothing to do, subscribed to a channel.
import { pause } from "../lib/child.mjs";
import { loaded } from "../lib/load.mjs";
import { repeat, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "memory and CPU of a connection without traffic";

/** What runs on Node.js. */
const ON_NODE = ["tidings", "ws", "socket.io", "better-sse"];
/**
 * Node.js doubles its young generation once as much has survived as it holds, which 10,000 connections of one server may just do and
 * of another just not do: 64 MB and more, once for the process. `tidings serve` bounds its own; so it is told also with one that is bounded
 * for all, in megabytes.
 */
const SEMI_SPACE_MB = 16;

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, seconds, tell, wanted, readers }) {
  for (const count of readers ?? [quick ? 2_000 : 10_000])
    for (const server of servers)
      for (const transport of server.transports.filter(wanted))
        for (const semiSpaceMb of ON_NODE.includes(server.name) ? [undefined, SEMI_SPACE_MB] : [undefined]) {
          const row = await repeat(
            repeats,
            () => withSemiSpace(semiSpaceMb, () => idle(server, transport, count, seconds)),
            "kilobytesEach",
          );
          tell({ bench: "idle", server: server.name, transport, readers: count, semiSpaceMb, ...row });
        }
}

/** @template Result @param {number | undefined} mb @param {() => Promise<Result>} run @returns {Promise<Result>} */
async function withSemiSpace(mb, run) {
  const { NODE_OPTIONS = "" } = process.env;
  if (mb !== undefined) process.env.NODE_OPTIONS = `${NODE_OPTIONS} --max-semi-space-size=${mb}`;
  try {
    return await run();
  } finally {
    process.env.NODE_OPTIONS = NODE_OPTIONS;
  }
}

/** @param {any} server @param {string} transport @param {number} count @param {number} seconds */
function idle(server, transport, count, seconds) {
  return loaded(server, {}, async ({ running, readers, publisher }) => {
    // The first ones pay for what all have in common.
    await readers.call("open", "first", [running.reader(transport)], 500);
    await publisher.call("open", [running.publisher({ transport })]);
    await publisher.call("steadily", { perSecond: 100, seconds: 1, size: 128 });
    await settled(running.pid);
    const before = usageOf(running.pid);
    const beganMs = performance.now();
    await readers.call("open", "all", [running.reader(transport)], count);
    const openedSeconds = (performance.now() - beganMs) / 1_000;
    await settled(running.pid);
    const after = usageOf(running.pid);
    await pause(seconds * 1_000);
    const later = usageOf(running.pid);
    return {
      version: running.version,
      kilobytesEach:
        before &&
        after &&
        round((Math.min(after.rssBytes, later.rssBytes) - before.rssBytes) / count / 1_024, 2),
      cpuCores: after && later && round((later.cpuSeconds - after.cpuSeconds) / seconds, 3),
      connectsPerSecond: Math.round(count / openedSeconds),
    };
  });
}

/** Until its memory does not change by a hundredth in half a second: collectors work when there is time. @param {number} pid */
async function settled(pid) {
  let before = Infinity;
  for (let at = 0; at < 12; at++) {
    const now = usageOf(pid)?.rssBytes ?? 0;
    if (Math.abs(now - before) < now / 100) return;
    before = now;
    await pause(500);
  }
}
