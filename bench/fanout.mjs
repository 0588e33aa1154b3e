// One server process, 1,000 WebSocket and 1,000 SSE readers of one channel in another, and a publisher here: how long
// 128-byte messages at 1,000 a second take to reach them all. Prints one JSON line.
import { fork, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";

const [webSockets = 1000, streams = 1000, perSecond = 1000, seconds = 10, log = "lmdb"] = process.argv
  .slice(2)
  .map((each) => (Number.isNaN(Number(each)) ? each : Number(each)));
const CHANNEL = "bench/fanout";
const data = await mkdtemp(join(tmpdir(), "tidings-bench-"));
const cli = new URL("../packages/server/bin/tidings.js", import.meta.url).pathname;
const server = spawn(
  process.execPath,
  [cli, "serve", "--port", "0", "--data", data, "--log", log, "--log-format", "json"],
  { stdio: ["ignore", "pipe", "inherit"] },
);
try {
  const url = await firstUrl(server.stdout);
  const load = fork(new URL("load.mjs", import.meta.url), [url, CHANNEL, webSockets, streams]);
  await once(load, "ready");
  const publisher = await openPublisher(url);
  await publishFor(publisher, 2); // warm up
  load.send("forget");
  const published = await publishFor(publisher, seconds);
  await pause(500);
  load.send("report");
  const measured = await once(load);
  const expected = published * (webSockets + streams);
  console.log(
    JSON.stringify({
      name: "fanout",
      node: process.version,
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      log,
      webSockets,
      streams,
      perSecond,
      seconds,
      published,
      expected,
      ...measured,
    }),
  );
  load.kill();
  publisher.close();
} finally {
  server.kill("SIGKILL");
  await rm(data, { recursive: true, force: true });
}

async function firstUrl(stream) {
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    const url = /http:\/\/[0-9.]+:[0-9]+/.exec(text);
    if (url !== null) {
      stream.resume();
      return url[0];
    }
  }
  throw new Error(`the server ended: ${text}`);
}

function once(child, what) {
  return new Promise((resolve) => {
    const onMessage = (message) => {
      if (what !== undefined && message !== what) return;
      child.off("message", onMessage);
      resolve(message);
    };
    child.on("message", onMessage);
  });
}

/** A WebSocket that publishes numbered messages of 128 bytes, pipelined. */
async function openPublisher(url) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/connect`, "tidings.v1");
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  let n = 0;
  let acknowledged = 0;
  socket.addEventListener("message", ({ data }) => {
    if (data.startsWith('{"type":"error"')) throw new Error(data);
    if (data.startsWith('{"type":"ok"')) acknowledged++;
  });
  return {
    acknowledged: () => acknowledged,
    publish() {
      n++;
      const head = `{"n":${n},"sentAtMs":${(performance.timeOrigin + performance.now()).toFixed(3)},"pad":"`;
      const data = `${head.padEnd(126, "x")}"}`;
      socket.send(`{"type":"publish","id":"${n}","channel":"${CHANNEL}","data":${data}}`);
    },
    close: () => socket.close(),
  };
}

/** Publishes at an even rate; answers how many messages, once all are acknowledged. */
async function publishFor(publisher, forSeconds) {
  const total = perSecond * forSeconds;
  const before = publisher.acknowledged();
  const beganMs = performance.now();
  for (let sent = 0; sent < total; await pause(1)) {
    const due = Math.min(total, Math.floor(((performance.now() - beganMs) / 1000) * perSecond));
    for (; sent < due; sent++) publisher.publish();
  }
  while (publisher.acknowledged() < before + total) await pause(1);
  return total;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
