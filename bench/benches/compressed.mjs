// The same fan-out compressed and as it is: bytes on the wire, and what they cost the server.
import { pause } from "../lib/child.mjs";
import { loaded, reached } from "../lib/load.mjs";
import { repeat, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "fan-out with gzip and permessage-deflate beside the same without";

/** So many readers inflate and look at what they get; of the others the bytes are counted, for inflating all would be what is measured. */
const LOOKING = 20;
const CODINGS = {
  sse: ["identity", "gzip"],
  ndjson: ["identity", "gzip"],
  ws: ["identity", "permessage-deflate"],
};
const ASKS = {
  identity: "",
  gzip: "Accept-Encoding: gzip\r\n",
  "permessage-deflate": "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
};
/** Messages a second: at the lower one each is a flush, at the upper one some share theirs. */
const LOADS = [
  { bytes: 128, perSecond: 100 },
  { bytes: 128, perSecond: 2_000 },
  { bytes: 2_048, perSecond: 100 },
  { bytes: 2_048, perSecond: 500 },
];

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, seconds, tell, wanted, readers }) {
  for (const server of servers.filter(({ name }) => name === "tidings"))
    for (const count of readers ?? [1_000])
      for (const [transport, codings] of Object.entries(CODINGS).filter(([each]) => wanted(each)))
        for (const load of quick ? LOADS.slice(1, 3) : LOADS)
          for (const coding of codings) {
            const at = { transport, coding, readers: count, ...load };
            const row = await repeat(repeats, () => fanOut(server, at, seconds), "cpuMicrosEach");
            tell({ bench: "compressed", server: server.name, ...at, ...row });
          }
}

/**
 * @param {any} server
 * @param {{ transport: string, coding: string, readers: number, bytes: number, perSecond: number }} at @param {number} seconds
 */
function fanOut(server, { transport, coding, readers: count, bytes, perSecond }, seconds) {
  return loaded(server, { compression: "all" }, async ({ running, readers, publisher }) => {
    const plan = running.reader(transport, { headers: ASKS[coding] });
    const isPlain = coding === "identity";
    const looking = isPlain ? plan : { ...plan, ready: "\r\n\r\n", coding };
    await readers.call("open", "all", [looking], LOOKING);
    await readers.call("open", "counted", [{ ...plan, ready: "\r\n\r\n", kind: "bytes" }], count - LOOKING);
    await publisher.call("open", [running.publisher({ transport })]);
    const load = { perSecond, size: bytes, isText: true };
    const warm = await publisher.call("steadily", { ...load, seconds: 1 });
    await settled(readers, warm.last);
    await readers.call("forget");
    const began = usageOf(running.pid);
    const beganMs = performance.now();
    const { published, last } = await publisher.call("steadily", { ...load, seconds });
    await settled(readers, last);
    const took = (performance.now() - beganMs) / 1_000;
    const used = usageOf(running.pid);
    const seen = await readers.call("report");
    const counted = await readers.call("report", "counted");
    return {
      version: running.version,
      bytesEach: round((seen.bytes + counted.bytes) / published / count),
      cpuMicrosEach: used && round(((used.cpuSeconds - began.cpuSeconds) * 1e6) / published / count, 3),
      cpuCores: used && round((used.cpuSeconds - began.cpuSeconds) / took, 2),
      memoryMb: used && round(used.rssBytes / 2 ** 20),
      p50Ms: round(seen.p50Ms, 2),
      p99Ms: round(seen.p99Ms, 2),
    };
  });
}

const STILL_MS = 50;

/** Until those that look have the last message, and no more bytes come to the others. @param {any} readers @param {number} last */
async function settled(readers, last) {
  await reached(readers, last);
  let before = -1;
  for (;;) {
    const { bytes } = await readers.call("report", "counted");
    if (bytes === before) return;
    before = bytes;
    await pause(STILL_MS);
  }
}
