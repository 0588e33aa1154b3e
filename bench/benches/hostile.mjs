// What a well-behaved client notices while somebody means no good: how long its publishes take, and how late they come to its own
// reader, beside each kind of attack and beside none.
import { Agent, request } from "node:http";
import { pause, startChild } from "../lib/child.mjs";
import { repeat, round } from "../lib/stats.mjs";
import { usageOf } from "../lib/usage.mjs";

export const about = "the latency of a well-behaved client beside slow peers, crowds, storms and bombs";

const PER_SECOND = 100;
const CHANNEL = "good";
/** Connections of each attack, where it has not a few busy ones. */
const COUNTS = {
  "slow heads": 450,
  "slow bodies": 450,
  "slow reading": 450,
  connections: 9_000,
  "reconnect storm": 500,
};

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ servers, quick, repeats, seconds, tell }) {
  const tidings = servers.find(({ name }) => name === "tidings");
  if (tidings === undefined) return;
  const attacker = startChild("load", new URL("../load/attacker.mjs", import.meta.url));
  try {
    for (const kind of await attacker.call("kinds")) {
      const count = Math.ceil((COUNTS[kind] ?? 0) / (quick ? 10 : 1));
      const row = await repeat(
        repeats,
        () => beside(tidings, attacker, kind, count, seconds),
        "deliveryP99Ms",
      );
      tell({ bench: "hostile", server: "tidings", beside: kind, ...row });
    }
  } finally {
    await attacker.stop();
  }
}

/** @param {any} server @param {any} attacker @param {string} kind @param {number} count @param {number} seconds */
async function beside(server, attacker, kind, count, seconds) {
  // Slow requests are let be for longer than the run, or the server would end what it is measured beside.
  const running = await server.start({ compression: "all", limits: { requestTimeoutMs: 60_000 } });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const at = { host: running.host, port: running.port };
    for (let each = 0; each < 20; each++) await publish(agent, at, "large", "x".repeat(90_000));
    const reader = await read(at);
    await attacker.call("begin", kind, { ...at, count });
    const began = usageOf(running.pid);
    /** @type {number[]} */
    const publishMs = [];
    const beganMs = performance.now();
    for (let n = 0; n < seconds * PER_SECOND; n++) {
      await pause(Math.max(0, beganMs + (n * 1_000) / PER_SECOND - performance.now()));
      const sentMs = performance.now();
      const status = await publish(agent, at, CHANNEL, String(sentMs));
      if (status !== 201) throw new Error(`a well-behaved publish was answered ${status}.`);
      publishMs.push(performance.now() - sentMs);
    }
    await reader.until(seconds * PER_SECOND);
    const ended = usageOf(running.pid);
    const { held, done } = await attacker.call("end");
    reader.close();
    return {
      held,
      done,
      publishP50Ms: quantile(publishMs, 0.5),
      publishP99Ms: quantile(publishMs, 0.99),
      deliveryP50Ms: quantile(reader.lateMs, 0.5),
      deliveryP99Ms: quantile(reader.lateMs, 0.99),
      deliveryMaxMs: quantile(reader.lateMs, 1),
      memoryBeganMb: began && round(began.rssBytes / 2 ** 20),
      memoryEndedMb: ended && round(ended.rssBytes / 2 ** 20),
    };
  } finally {
    agent.destroy();
    await running.stop();
  }
}

/** @param {readonly number[]} values @param {number} share */
function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return round(sorted[Math.floor((sorted.length - 1) * share)], 2);
}

/** @param {Agent} agent @param {{ host: string, port: number }} at @param {string} channel @param {string} text @returns {Promise<number | undefined>} the status */
function publish(agent, at, channel, text) {
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        ...at,
        agent,
        method: "POST",
        path: `/channels/${channel}`,
        headers: { "content-type": "text/plain" },
      },
      (answer) => {
        answer.resume();
        answer.once("end", () => resolve(answer.statusCode));
      },
    );
    asking.on("error", reject);
    asking.end(text);
  });
}

/** Reads what {@link publish} published, over SSE. @param {{ host: string, port: number }} at */
function read(at) {
  return new Promise((resolve, reject) => {
    const headers = { accept: "text/event-stream" };
    const asking = request({ ...at, path: `/channels/${CHANNEL}`, headers, agent: false }, (answer) => {
      /** @type {number[]} */
      const lateMs = [];
      let rest = "";
      let onMore = () => {};
      answer.setEncoding("utf8");
      answer.on("data", (chunk) => {
        const nowMs = performance.now();
        const lines = (rest + chunk).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.startsWith("data: ")) lateMs.push(nowMs - Number(line.slice(6)));
        onMore();
      });
      resolve({
        lateMs,
        /** @param {number} count */
        until: (count) =>
          new Promise((reached) => {
            onMore = () => lateMs.length >= count && reached(undefined);
            onMore();
          }),
        close: () => asking.destroy(),
      });
    });
    asking.on("error", (error) => (asking.destroyed ? undefined : reject(error)));
    asking.end();
  });
}
