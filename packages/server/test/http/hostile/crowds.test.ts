import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { Child } from "../../support/child.ts";
import { getRequest, RawClient } from "../../support/raw-client.ts";
import { handshake } from "../../support/raw-web-socket.ts";

/** What is asked of a server: 99 of 100 messages of a client beside any crowd take no longer, in milliseconds. */
const P99_MS = 250;
/** The machine that tests has other tests to run, and the crowd: what fails is a client that is kept waiting for seconds. */
const GENEROUS = 8;
const CROWD = 10_000;
/** Between two messages of a well-behaved client, in milliseconds. */
const PAUSE_MS = 5;

/** A server in a process of its own, so that what it costs to be a crowd is not measured. */
async function openServer(
  limits: Readonly<Record<string, number>>,
): Promise<AsyncDisposable & { readonly url: string; readonly port: number }> {
  const entry = new URL("../../../dist/tidings.js", import.meta.url).href;
  const child = new Child(
    `import { createTidings } from ${JSON.stringify(entry)};
     const tidings = await createTidings({ log: "memory", trustedProxies: ["127.0.0.2"], limits: ${JSON.stringify(limits)} });
     console.log((await tidings.listen({ port: 0 })).url);`,
  );
  const url = await child.line();
  return { url, port: Number(new URL(url).port), [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/**
 * Ten thousand connections out of a process of their own, five hundred of them on their way at a time. Prints how they were answered, by
 * status, and ends them all once it is killed. `script` says what
 * one does once it is connected.
 */
function openCrowd(port: number, request: string, script: string): Child {
  return new Child(`
    import { connect } from "node:net";
    const told = {};
    const held = [];
    const one = async (at) => {
      const socket = connect({ port: ${port}, host: "127.0.0.1", localAddress: "127.0.0.1" });
      socket.on("error", () => undefined);
      const answer = new Promise((resolve) => {
        socket.once("data", (bytes) => resolve(bytes.toString("latin1")));
        socket.once("close", () => resolve(""));
      });
      await new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
      const ask = async () => {
        socket.write(${JSON.stringify(request)});
        const head = /^HTTP\\/1\\.1 ([0-9]+)([^]*)/.exec(await answer);
        const status = head === null ? "closed" : head[1];
        const key = status === "503" || status === "429" ? status + (/\\r\\nRetry-After: /.test(head[2]) ? "" : " bare") : status;
        told[key] = (told[key] ?? 0) + 1;
      };
      ${script}
    };
    let next = 0;
    const work = async () => { while (next < ${CROWD}) await one(next++); };
    await Promise.all(Array.from({ length: 500 }, work));
    console.log(JSON.stringify(told));
    setInterval(() => held.length, 1_000);
  `);
}

/** Publishes and hears what it published, one message after the other: behind a proxy, as another client. */
class WellBehaved implements AsyncDisposable {
  readonly #socket: WebSocket;
  #heard: (() => void) | undefined;
  #id = 0;

  private constructor(url: string) {
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/channels/good`, ["tidings.v1"], {
      localAddress: "127.0.0.2",
      headers: { "X-Forwarded-For": "198.51.100.1" },
    });
    this.#socket.on("message", (data: Buffer) => {
      if (data.includes('"type":"message"')) this.#heard?.();
    });
  }

  static async open(url: string): Promise<WellBehaved> {
    const client = new WellBehaved(url);
    await once(client.#socket, "open");
    return client;
  }

  /** How long one message takes from here to here, in milliseconds. */
  async #travel(): Promise<number> {
    const beganMs = performance.now();
    await new Promise<void>((resolve) => {
      this.#heard = resolve;
      this.#socket.send(
        JSON.stringify({ type: "publish", id: String(this.#id++), channel: "good", data: 1 }),
      );
    });
    return performance.now() - beganMs;
  }

  /** The p99 for as long as `crowd` is not there yet, and of a hundred messages at least. */
  async beside<T>(what: string, crowd: Promise<T>): Promise<T> {
    let isOver = false;
    const over = crowd.finally(() => (isOver = true));
    const tookMs: number[] = [];
    while (!isOver || tookMs.length < 100) {
      tookMs.push(await this.#travel());
      // As a person's client: one that sends all the time takes the machine from the crowd.
      await setTimeout(PAUSE_MS);
    }
    const sorted = tookMs.toSorted((one, other) => one - other);
    const p99Ms = sorted[Math.floor(sorted.length * 0.99)] as number;
    process.stdout.write(
      `${what}: p99 ${p99Ms.toFixed(1)} ms of ${sorted.length} messages of a client beside it\n`,
    );
    expect(p99Ms).toBeLessThan(P99_MS * GENEROUS);
    return over;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
  }
}

const told = async (crowd: Child): Promise<Readonly<Record<string, number>>> =>
  JSON.parse(await crowd.line()) as Record<string, number>;

function count(answers: Readonly<Record<string, number>>): number {
  return Object.values(answers).reduce((sum, each) => sum + each, 0);
}

describe("a crowd", { timeout: 120_000 }, () => {
  test("10,000 connections from one address hold what one address may, and a well-behaved client does not notice", async () => {
    await using server = await openServer({ maxConnectionsPerAddress: 100, maxConnectsPerSecond: 1_000_000 });
    await using good = await WellBehaved.open(server.url);
    // Every fourth says nothing at all; none ends by itself.
    const stream = getRequest("/channels/good", { Accept: "text/event-stream" });
    await using crowd = openCrowd(server.port, stream, "held.push(socket); if (at % 4 !== 3) await ask();");
    const answers = await good.beside("10,000 connections from one address", told(crowd));
    expect(count(answers)).toBe(CROWD * 0.75);
    expect(answers["200"]).toBeLessThanOrEqual(100);
    expect(answers["503"]).toBeGreaterThan(CROWD / 10);
    // Those that the row of the others pushed out before they were heard.
    expect(Object.keys(answers).toSorted()).toEqual(expect.arrayContaining(["200", "503"]));
    expect(answers["503 bare"]).toBeUndefined();
    // Whoever looks what is wrong is let in, from that very address, and sees how little is held.
    await using client = await RawClient.open(server.port);
    client.send(getRequest("/metrics"));
    const metrics = await client.closed();
    expect(metrics).toMatch(/^HTTP\/1\.1 200 /);
    const held = Number(/^tidings_sockets ([0-9]+)$/m.exec(metrics)?.[1]);
    expect(held).toBeLessThanOrEqual(100 + 32 + 1);
    const refused = Number(
      /^tidings_refused_total\{code="TOO_MANY_CONNECTIONS"\} ([0-9]+)$/m.exec(metrics)?.[1],
    );
    expect(refused).toBeGreaterThanOrEqual(CROWD - 100 - 32 - 1);
  });

  test("a reconnect storm gets in as fast as its address may, and a well-behaved client does not notice", async () => {
    await using server = await openServer({ maxConnectsPerSecond: 200 });
    await using good = await WellBehaved.open(server.url);
    const beganMs = performance.now();
    // Each is cut as soon as it is answered, and another one comes.
    await using storm = openCrowd(server.port, handshake("/channels/good"), "await ask(); socket.destroy();");
    const answers = await good.beside("a reconnect storm", told(storm));
    const seconds = (performance.now() - beganMs) / 1_000;
    expect(count(answers)).toBe(CROWD);
    expect(Object.keys(answers).toSorted()).toEqual(["101", "429"]);
    expect(answers["101"]).toBeGreaterThanOrEqual(400);
    expect(answers["101"]).toBeLessThanOrEqual(400 + 200 * (seconds + 1));
  });

  test("a reconnect storm behind one address is let in by the limits as they are, and a well-behaved client does not notice", async () => {
    await using server = await openServer({});
    await using good = await WellBehaved.open(server.url);
    await using storm = openCrowd(
      server.port,
      handshake("/channels/crowd"),
      "held.push(socket); await ask();",
    );
    const answers = await good.beside("10,000 clients that come at once and stay", told(storm));
    expect(answers).toEqual({ "101": CROWD });
  });
});
