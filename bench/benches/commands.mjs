// How long a command's round trip takes, one after the other: over a live WebSocket, over REST on one kept connection,
// and both again with an HTTP backend.
import { Agent, request } from "node:http";
import { startChild } from "../lib/child.mjs";
import { round } from "../lib/stats.mjs";

export const about = "round trips of commands";

const WARM_UP = 2_000;
const INPUT = { run: 123, why: "asked" };
let ids = 0;

/** @param {import("../lib/load.mjs").BenchOptions} options */
export async function run({ quick, tell, servers }) {
  if (!servers.some(({ name }) => name === "tidings")) return;
  const rounds = quick ? 1_000 : 10_000;
  const server = startChild("server", new URL("../servers/commands.mjs", import.meta.url));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const url = await server.call("start");
    const ws = await openWebSocket(url);
    for (const handler of ["library", "backend"]) {
      for (const [by, call] of /** @type {const} */ ([
        ["ws", () => callWebSocket(ws, `${handler}.stop`)],
        ["http", () => callRest(url, agent, `${handler}.stop`)],
      ])) {
        for (let at = 0; at < WARM_UP; at++) await call();
        const times = [];
        for (let at = 0; at < rounds; at++) {
          const beganMs = performance.now();
          await call();
          times.push(performance.now() - beganMs);
        }
        times.sort((one, other) => one - other);
        const at = (/** @type {number} */ share) => round(times[Math.floor((rounds - 1) * share)], 3);
        tell({
          bench: "commands",
          server: "tidings",
          by,
          handler,
          rounds,
          p50Ms: at(0.5),
          p99Ms: at(0.99),
          p999Ms: at(0.999),
        });
      }
    }
    ws.close();
  } finally {
    agent.destroy();
    await server.stop();
  }
}

async function openWebSocket(url) {
  const ws = new WebSocket(`${url.replace("http", "ws")}/connect`, "tidings.v1");
  await new Promise((resolve, reject) => {
    ws.onopen = resolve;
    ws.onerror = reject;
  });
  return ws;
}

function callWebSocket(ws, name) {
  return new Promise((resolve, reject) => {
    const id = String(++ids);
    ws.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.id === id) (frame.type === "ok" ? resolve : reject)(frame);
    };
    ws.send(JSON.stringify({ type: "command", id, name, data: INPUT }));
  });
}

function callRest(url, agent, name) {
  return new Promise((resolve, reject) => {
    const body = JSON.stringify(INPUT);
    const headers = { "content-type": "application/json", "content-length": body.length };
    const sent = request(`${url}/commands/${name}`, { method: "POST", agent, headers }, (response) => {
      response.setEncoding("utf8");
      let text = "";
      response.on("data", (part) => (text += part));
      response.on("end", () =>
        response.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text)),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
