import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Child } from "../support/child.ts";

const ENTRY = new URL("../../dist/tidings.js", import.meta.url).href;

/** Reads in every way there is, publishes, and closes: the process has to end by itself. */
const SCRIPT = `
  import { createTidings } from ${JSON.stringify(ENTRY)};
  const [log, data, how] = process.argv.slice(1);
  const tidings = await createTidings({ log, data, drainMs: 20 });
  const { url, port } = await tidings.listen({ port: 0 });
  const accept = { "text/event-stream": "sse", "application/x-ndjson": "ndjson" };
  const streams = await Promise.all(Object.keys(accept).map((each) => fetch(url + "/channels/a", { headers: { accept: each } })));
  const socket = new WebSocket("ws://127.0.0.1:" + port + "/channels/a", "tidings.v1");
  await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
  const polled = fetch(url + "/channels/b?wait=60").then((answer) => answer.json()).catch(() => undefined);
  const iterated = tidings.subscribe("a").next();
  await fetch(url + "/channels/a", { method: "POST", body: "1", headers: { "content-type": "application/json" } });
  await fetch(url + "/readyz");
  await iterated;
  if (how === "drain") await tidings.drain();
  await tidings.close();
  await polled;
  await Promise.all(streams.map((stream) => stream.text().catch(() => undefined)));
  console.log("closed " + process.getActiveResourcesInfo().filter((each) => /TCPServer|Timeout|Worker|FSReq/.test(each)).join());
`;

describe.each(["memory", "lmdb"])("a server on the %s log", (log) => {
  test.each(["close", "drain"])(
    "that is closed (%s) lets everything go: the process ends by itself",
    async (how) => {
      const data = await mkdtemp(join(tmpdir(), "tidings-"));
      try {
        await using child = new Child(SCRIPT, [], [log, data, how]);
        expect(await child.line()).toMatch(/^closed/);
        expect(await child.exited).toBe(0);
      } finally {
        await rm(data, { recursive: true, force: true });
      }
    },
  );
});
