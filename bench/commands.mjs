// How long a command's round trip takes on loopback, one after the other: over a live WebSocket, over REST on one
// kept connection, and both again with an HTTP backend. The server is a process of its own. Prints a JSON line each.
import { fork } from "node:child_process";
import { Agent, createServer, request } from "node:http";
import { cpus } from "node:os";
import { createTidings } from "../packages/server/dist/index.js";

const ROUNDS = Number(process.argv[2] ?? 10_000);
const WARM_UP = 2_000;
let ids = 0;
const INPUT = { run: 123, why: "asked" };

if (process.send === undefined) await measure();
else await serve();

async function serve() {
  const backend = createServer((req, res) => {
    req.resume();
    req.on("end", () => res.writeHead(200, { "content-type": "application/json" }).end('{"stopped":true}'));
  });
  await new Promise((resolve) => backend.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${backend.address().port}/`;
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const tidings = await createTidings({ log: "memory", commands: [{ pattern: "backend.*", url, secret }] });
  tidings.command("library.stop", { handler: () => ({ stopped: true }) });
  process.send((await tidings.listen({ port: 0 })).url);
  process.on("disconnect", () => process.exit());
}

async function measure() {
  const server = fork(new URL(import.meta.url), { stdio: "inherit" });
  const url = await new Promise((resolve) => server.once("message", resolve));
  const ws = await openWebSocket(url);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const handler of ["library", "backend"]) {
    for (const [transport, call] of [
      ["websocket", () => callWebSocket(ws, `${handler}.stop`)],
      ["rest", () => callRest(url, agent, `${handler}.stop`)],
    ]) {
      for (let at = 0; at < WARM_UP; at++) await call();
      const times = [];
      for (let at = 0; at < ROUNDS; at++) {
        const began = performance.now();
        await call();
        times.push(performance.now() - began);
      }
      times.sort((one, other) => one - other);
      const at = (part) => Number(times[Math.floor(times.length * part)].toFixed(3));
      const row = {
        name: "commands",
        transport,
        handler,
        rounds: ROUNDS,
        medianMs: at(0.5),
        p99Ms: at(0.99),
        maxMs: at(0.99999),
      };
      console.log(
        JSON.stringify({ ...row, node: process.version, cpu: cpus()[0]?.model, cores: cpus().length }),
      );
    }
  }
  ws.close();
  agent.destroy();
  server.disconnect();
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
