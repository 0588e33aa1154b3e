import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publish, send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Child } from "../support/child.ts";

const ENTRY = new URL("../../dist/tidings.js", import.meta.url).href;
const KEYS = 10_000;
const UPDATES = 4_000;
const PER_TICK = 10;
const READERS = 50;
const SLOW = 10;
const MEGABYTE = 1_048_576;

interface Sample {
  /** What is in use after a collection, in bytes. */
  readonly memory: number;
  readonly rss: number;
  /** What the log holds, in bytes. */
  readonly log: number;
}

/** A server of its own that sets every key, waits for the word, updates 1,000 keys a second, and says what memory it takes. */
const SERVER = `
  import { setTimeout as pause } from "node:timers/promises";
  import { createTidings } from ${JSON.stringify(ENTRY)};
  const tidings = await createTidings({
    log: process.argv[1],
    data: process.argv[2],
    policies: [{ pattern: "k", compact: true, conflate: true, retention: { maxMessages: ${KEYS + 1} } }],
  });
  const { port, url } = await tidings.listen({ port: 0 });
  for (let key = 0; key < ${KEYS}; key += 1_000)
    await Promise.all(Array.from({ length: 1_000 }, (_, at) => tidings.publish("k", "0", { key: "k" + (key + at) })));
  const sample = async () => {
    for (let each = 0; each < 3; each++) { gc(); await pause(1); }
    const { heapUsed, external, rss } = process.memoryUsage();
    const head = await fetch(url + "/channels/k", { method: "HEAD" });
    console.log(JSON.stringify({ memory: heapUsed + external, rss, log: Number(head.headers.get("tidings-bytes")) }));
  };
  const go = tidings.subscribe("go");
  console.log(port);
  await go.next();
  await sample();
  const padding = " " + "x".repeat(3_000);
  const startMs = performance.now();
  let updates = [];
  for (let update = 1; update <= ${UPDATES}; update++) {
    // Half of them are about a hundred keys, as on a real dashboard.
    const key = update % 2 === 0 ? Math.floor(Math.random() * 100) : Math.floor(Math.random() * ${KEYS});
    updates.push(tidings.publish("k", update + padding, { key: "k" + key }));
    if (update % ${PER_TICK} === 0) {
      await Promise.all(updates);
      updates = [];
      await pause(Math.max(0, startMs + update - performance.now()));
    }
    if (update % 2_000 === 0) await sample();
  }
  await tidings.publish("k", "end", { key: "end" });
  await tidings.publish("go", 2);
`;

/** A dashboard: the newest version of each key, by what it was told. */
class Dashboard {
  readonly versions: Map<string, string>;
  readonly socket: WebSocket;
  messages = 0;
  /** Reads one message more, about, and then no more. */
  readsOne = false;
  #isCaughtUp: (() => void) | undefined;
  #hasEnded: (() => void) | undefined;
  readonly caughtUp: Promise<void> = new Promise((resolve) => (this.#isCaughtUp = resolve));
  readonly ended: Promise<void> = new Promise((resolve) => (this.#hasEnded = resolve));

  /** @param known what it has already; it reads on from the head then. */
  constructor(port: number, known?: ReadonlyMap<string, string>) {
    const query = known === undefined ? "" : "?since=latest";
    this.versions = new Map(known);
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/channels/k${query}`, [], {
      perMessageDeflate: false,
    });
    this.socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { type: string; key?: string; data?: string };
      if (this.readsOne) this.socket.pause();
      if (frame.type === "caught-up") this.#isCaughtUp?.();
      if (frame.type === "gap") this.versions.clear();
      if (frame.type !== "message") return;
      this.messages++;
      this.versions.set(String(frame.key), versionOf(frame.data));
      if (frame.key === "end") this.#hasEnded?.();
    });
  }
}

function versionOf(data = ""): string {
  return data.split(" ", 1)[0] ?? "";
}

describe.each(["memory", "lmdb"])("keys by the thousand, on the %s log", (log) => {
  test(
    `${KEYS} keys, 1,000 updates a second, ${READERS} readers of which ${SLOW} are slow: all come to the log's state, the slow by fewer messages, in little memory`,
    { timeout: 90_000 },
    async () => {
      const data = await mkdtemp(join(tmpdir(), "tidings-"));
      await using server = new Child(SERVER, ["--expose-gc"], [log, data]);
      const port = Number(await server.line());
      const url = `http://127.0.0.1:${port}`;
      const readers = Array.from({ length: READERS - SLOW }, () => new Dashboard(port));
      const pulses: NodeJS.Timeout[] = [];
      try {
        await Promise.all(readers.map(async ({ socket }) => once(socket, "open")));
        await Promise.all(readers.map(({ caughtUp }) => caughtUp));
        const fast = [...readers];
        // On connections of their own: one that has taken all keys has been given megabytes of the system's memory, which would
        // take all of the updates too.
        const slow = Array.from({ length: SLOW }, () => new Dashboard(port, fast[0]?.versions));
        readers.push(...slow);
        await Promise.all(slow.map(async ({ socket }) => once(socket, "open")));
        await Promise.all(slow.map(({ caughtUp }) => caughtUp));
        for (const { socket } of slow) socket.pause();
        // Half of the slow ones read a little now and then.
        for (const reader of slow.slice(0, SLOW / 2)) {
          pulses.push(
            setInterval(() => {
              reader.readsOne = true;
              reader.socket.resume();
            }, 200),
          );
        }
        await publish(url, "go", "1");
        const samples: Sample[] = [];
        for (let each = 0; each <= UPDATES / 2_000; each++)
          samples.push(JSON.parse(await server.line()) as Sample);
        await Promise.all(fast.map(({ ended }) => ended));
        for (const pulse of pulses) clearInterval(pulse);
        for (const reader of slow) {
          reader.readsOne = false;
          reader.socket.resume();
        }
        await Promise.all(slow.map(({ ended }) => ended));

        const state = await readState(url);
        expect(state).toHaveLength(KEYS + 1);
        for (const { versions } of readers) expect([...versions].sort(byKey)).toEqual(state);
        const fewest = Math.min(...fast.map(({ messages }) => messages));
        expect(fewest).toBe(KEYS + UPDATES + 1);
        for (const { messages } of slow) expect(messages).toBeLessThan(UPDATES + 1);
        // What grows is the log's own values, and not what waits for the slow.
        const [first, ...later] = samples as [Sample, ...Sample[]];
        for (const { memory, log: held } of later)
          expect(memory - first.memory - (held - first.log)).toBeLessThan(16 * MEGABYTE);
        expect((samples.at(-1) as Sample).rss - first.rss).toBeLessThan(160 * MEGABYTE);
        if (process.env["SHOW"] !== undefined)
          console.log(
            samples,
            slow.map(({ messages }) => messages),
            fewest,
          );
      } finally {
        for (const pulse of pulses) clearInterval(pulse);
        for (const { socket } of readers) socket.terminate();
        await server[Symbol.asyncDispose]();
        await rm(data, { recursive: true, force: true });
      }
    },
  );
});

/** The log's own word on what every key is, by pages. */
async function readState(url: string): Promise<readonly (readonly [string, string])[]> {
  const versions: [string, string][] = [];
  let since = "earliest";
  for (;;) {
    const page = (await send(`${url}/channels/k?since=${since}`)).json() as {
      readonly messages: readonly { readonly key: string; readonly data: string }[];
      readonly cursor: string;
      readonly caughtUp: boolean;
    };
    for (const { key, data } of page.messages) versions.push([key, versionOf(data)]);
    if (page.caughtUp) return versions.sort(byKey);
    since = page.cursor;
  }
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
