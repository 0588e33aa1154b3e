// `client.interactive()` beside what a client does over time, which test/behaviour/interactive.ts has.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { setTimeout as pause } from "node:timers/promises";
import { faultProxy } from "@tidings/testing";
import { root } from "@tidings/testing/docs";
import { describe, expect, test, vi } from "vitest";
import { connect } from "../src/index.ts";
import { connect as connectSse } from "../src/sse.ts";
import type { State, Tidings, TransportName } from "../src/types.ts";
import { connect as connectWs } from "../src/ws.ts";
import { openServer } from "./support/server.ts";

const exec = promisify(execFile);
/** Longer than a connection lingers whose place was taken, and than what was given back is still wanted: in milliseconds. */
const SLOW_MS = 2_500;

/** Resolves once it is so. */
const reached = (client: Tidings, is: (state: State) => boolean): Promise<void> =>
  new Promise((resolve) => {
    const look = (state: State): void => void (is(state) && resolve());
    client.on("state", look);
    look(client.state);
  });
const isLiveOn =
  (transport: TransportName) =>
  (state: State): boolean =>
    state.name === "live" && state.transport === transport;

describe.concurrent("held interactive", () => {
  test("a client that reads nothing opens a WebSocket, over which its commands go", async () => {
    await using server = await openServer();
    server.tidings.command("double", { handler: (input) => Number(input) * 2 });
    let requests = 0;
    const client = connect(server.url, {
      fetch: async (...args) => {
        requests += 1;
        return fetch(...args);
      },
    });
    const off = client.interactive();
    await reached(client, isLiveOn("ws"));
    expect(await client.command("double", 21)).toBe(42);
    expect(requests).toBe(0);
    off();
    await reached(client, ({ name }) => name === "idle");
    client.close();
  });

  test("what is given back twice is given back once", async () => {
    await using server = await openServer();
    const client = connect(server.url);
    const off = client.interactive();
    const other = client.interactive();
    off();
    off();
    await reached(client, isLiveOn("ws"));
    // Were both given back, nothing would ask for it: it would not be opened again.
    client.reconnect();
    await reached(client, isLiveOn("ws"));
    other();
    await reached(client, ({ name }) => name === "idle");
    client.close();
  });

  test.each([
    ["whose transport is pinned to SSE", (url: string) => connect(url, { transport: "sse" })],
    ["of @tidings/client/sse", (url: string) => connectSse(url)],
  ])("a client %s keeps it", async (_name, open) => {
    await using server = await openServer();
    const client = open(server.url);
    const off = client.interactive();
    const transports = new Set<string>();
    client.on("state", (state) => void ("transport" in state && transports.add(state.transport)));
    const messages = client.channel("a").messages();
    await reached(client, ({ name }) => name === "live");
    await server.tidings.publish("a", 1);
    expect(await messages.next()).toMatchObject({ value: { data: 1 } });
    off();
    client.close();
    expect([...transports]).toEqual(["sse"]);
  });

  test("a client of @tidings/client/ws opens its WebSocket", async () => {
    await using server = await openServer();
    const client = connectWs(server.url);
    client.interactive();
    await reached(client, isLiveOn("ws"));
    client.close();
  });

  test("a client that is closed stays so", async () => {
    await using server = await openServer();
    const client = connect(server.url);
    const before = client.interactive();
    client.close();
    const after = client.interactive();
    for (const off of [before, after]) off();
    expect(client.state).toMatchObject({ name: "closed" });
    await server.holds(0);
  });
});

describe.concurrent("a client that moves and moves back", () => {
  test("is never without a connection, and each message comes once and in order", async () => {
    await using server = await openServer();
    const client = connect(server.url);
    const numbers: unknown[] = [];
    const told: string[] = [];
    client.channel("a").on("*", (number) => numbers.push(number));
    client.on("error", ({ code }) => told.push(code));
    client.on("gap", ({ reason }) => told.push(reason));
    await reached(client, isLiveOn("sse"));
    client.on("state", (state) => void told.push(state.name === "live" ? state.transport : state.name));
    let count = 0;
    let isOver = false;
    const publishing = (async () => {
      while (!isOver) {
        await server.tidings.publish("a", ++count);
        await pause(2);
      }
    })();
    for (let round = 0; round < 2; round++) {
      const off = client.interactive();
      await reached(client, isLiveOn("ws"));
      off();
      await reached(client, isLiveOn("sse"));
    }
    isOver = true;
    await publishing;
    await vi.waitUntil(() => numbers.at(-1) === count, 10_000);
    client.close();
    expect(told).toEqual(["ws", "sse", "ws", "sse", "closed"]);
    expect(numbers).toEqual(Array.from({ length: count }, (_, at) => at + 1));
  });

  test("comes back on a WebSocket at once where the connection is lost meanwhile", async () => {
    await using server = await openServer();
    await using proxy = await faultProxy(server.url);
    const client = connect(proxy.url, { tuning: { backoffMs: 10 } });
    const off = client.interactive();
    await reached(client, isLiveOn("ws"));
    const transports: string[] = [];
    client.on("state", (state) => void ("transport" in state && transports.push(state.transport)));
    const isLost = reached(client, ({ name }) => name === "waiting");
    proxy.cutAll();
    await isLost;
    await reached(client, isLiveOn("ws"));
    expect(new Set(transports)).toEqual(new Set(["ws"]));
    off();
    client.close();
  });

  test("leaves no WebSocket before what was asked over it is answered", async () => {
    await using server = await openServer();
    server.tidings.command("slow", { handler: async () => pause(SLOW_MS, "done") });
    const client = connect(server.url);
    client.channel("a").on("*", () => undefined);
    const off = client.interactive();
    await reached(client, isLiveOn("ws"));
    const answer = client.command("slow");
    off();
    expect(await answer).toBe("done");
    expect(client.state).toMatchObject({ name: "live", transport: "ws" });
    await reached(client, isLiveOn("sse"));
    client.close();
  });

  test("is answered too what it asks over the WebSocket while it leaves it", async () => {
    await using server = await openServer();
    await using proxy = await faultProxy(server.url);
    server.tidings.command("slow", { handler: async () => pause(SLOW_MS, "done") });
    const client = connect(proxy.url);
    client.channel("a").on("*", () => undefined);
    const off = client.interactive();
    await reached(client, isLiveOn("ws"));
    proxy.inject({ kind: "delay", ms: 200, direction: "down" }, { only: "streams" });
    const leaving = proxy.request("streams");
    off();
    await leaving;
    const answer = client.command("slow");
    await reached(client, isLiveOn("sse"));
    expect(await answer).toBe("done");
    await server.holds(1);
    client.close();
  });
});

test.concurrent.each([
  ["held interactive and given back", "client.interactive()();"],
  [
    "held, with a command, and given back",
    'const off = client.interactive(); await client.command("a"); off();',
  ],
  ["in which nothing was sent any more after a burst", 'for (const _ of "abc") await client.command("a");'],
])("a process with a client that was %s ends by itself, without close()", async (_name, does) => {
  await using server = await openServer();
  server.tidings.command("a", { handler: () => null });
  const program = `
    import { connect } from "@tidings/client";
    const client = connect(process.argv[1], { tuning: { calmMs: 100 } });
    const told = [];
    client.on("state", ({ name, transport }) => told.push(transport ?? name));
    ${does}
    process.on("exit", () => console.log(told.at(-1)));`;
  const { stdout } = await exec(process.execPath, ["--input-type=module", "-e", program, server.url], {
    cwd: root,
    timeout: 20_000,
  });
  expect(stdout.trim()).toBe("idle");
});
