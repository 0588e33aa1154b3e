import { once } from "node:events";
import { type ClientRequest, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  Crowd,
  hasRedis,
  ownPort,
  RedisServer,
  rollingRestart,
  seededRandom,
  ServerProcess,
} from "@tidings/testing";
import { connect } from "@tidings/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { openHaproxy, PROXIES, type Proxy, skippedWithout } from "../support/proxies.ts";

const FILE = fileURLToPath(new URL("../../../../examples/haproxy/haproxy.cfg", import.meta.url));
/** HAProxy tells nobody that a node is up again: it is asked. */
const ASK_MS = 50;
const PAUSE_MS = 20;

const skipped =
  skippedWithout(PROXIES.haproxy) ?? (hasRedis() ? undefined : "(skipped: redis-server is not installed)");

describe.skipIf(skipped !== undefined)(
  `two nodes on one Redis behind examples/haproxy ${skipped ?? ""}`,
  () => {
    let redis: RedisServer;
    let proxy: Proxy;
    let nodes: readonly ServerProcess[];
    let statePort = 0;

    beforeAll(async () => {
      redis = await RedisServer.start({ settings: { appendonly: "yes", appendfsync: "always" } });
      const config = { log: redis.url, trustedProxies: ["127.0.0.1"], drainMs: 300 };
      nodes = [await ServerProcess.create(config), await ServerProcess.create(config)];
      await Promise.all(nodes.map((node) => node.start()));
      const port = await ownPort();
      statePort = await ownPort();
      proxy = await openHaproxy(FILE, port, {
        TIDINGS_BIND: `127.0.0.1:${port}`,
        TIDINGS_STATE: `127.0.0.1:${statePort}`,
        TIDINGS_NODE_1: addressOf(nodes[0]),
        TIDINGS_NODE_2: addressOf(nodes[1]),
      });
      await allUp();
    });
    afterAll(async () => {
      await proxy[Symbol.asyncDispose]();
      await Promise.all(nodes.map((node) => node[Symbol.asyncDispose]()));
      await redis[Symbol.asyncDispose]();
    });

    function addressOf(node: ServerProcess | undefined): string {
      return new URL(node?.url ?? "").host;
    }

    /** By node, what HAProxy thinks of it, in the order of the file. */
    async function states(): Promise<readonly string[]> {
      const text = await (await fetch(`http://127.0.0.1:${statePort}/;csv`)).text();
      const lines = text.split("\n").map((line) => line.split(","));
      const at = (lines[0] ?? []).indexOf("status");
      return lines
        .filter(([backend, name]) => backend === "tidings" && name !== "BACKEND")
        .map((line) => line[at] ?? "");
    }

    async function allUp(): Promise<void> {
      while ((await states()).some((state) => state !== "UP")) await pause(ASK_MS);
    }

    async function heldBy({ url }: ServerProcess): Promise<number> {
      const text = await (await fetch(`${url}/metrics`)).text();
      return [...text.matchAll(/^tidings_connections\{.*\} (\d+)/gm)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    }

    /** Of those that read a channel, the connections that a node has itself: its list has those of both. */
    async function ownOf(
      { url }: ServerProcess,
      channel: string,
    ): Promise<readonly { readonly connection: string; readonly address: string }[]> {
      const asked = async (path: string): Promise<unknown> => (await fetch(`${url}/admin/${path}`)).json();
      const all = (await asked("nodes")) as { nodes: { node: string; self: boolean }[] };
      const self = all.nodes.find((each) => each.self)?.node;
      const list = (await asked(`connections?channel=${channel}`)) as {
        connections: { connection: string; address: string; node: string }[];
      };
      return list.connections.filter(({ node }) => node === self);
    }

    test("readers are spread by least connections: a node that has lost its own gets those that come", async () => {
      const [one, two] = nodes as [ServerProcess, ServerProcess];
      const streams: ClientRequest[] = [];
      const sockets: WebSocket[] = [];
      const open = async (): Promise<void> => {
        const stream = request({
          port: proxy.port,
          path: "/channels/spread",
          headers: { accept: "text/event-stream" },
          agent: false,
        });
        stream.on("error", () => undefined);
        await once(stream.end(), "response");
        streams.push(stream);
        const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/channels/spread`);
        await once(socket, "open");
        sockets.push(socket);
      };
      for (let pair = 0; pair < 6; pair++) await open();
      expect([await heldBy(one), await heldBy(two)]).toEqual([6, 6]);
      for (const { connection } of await ownOf(one, "spread"))
        await fetch(`${one.url}/admin/connections/${connection}`, { method: "DELETE" });
      while ((await heldBy(one)) > 0) await pause(ASK_MS);
      for (let pair = 0; pair < 3; pair++) await open();
      expect([await heldBy(one), await heldBy(two)]).toEqual([6, 6]);
      for (const stream of streams) stream.destroy();
      for (const socket of sockets) socket.terminate();
    });

    test("a node sees where a client is, and not where it says that it is", async () => {
      const stream = request({
        port: proxy.port,
        host: "127.0.0.1",
        localAddress: "127.0.0.2",
        path: "/channels/where",
        headers: { accept: "text/event-stream", "x-forwarded-for": "6.6.6.6", forwarded: "for=6.6.6.6" },
        agent: false,
      });
      stream.on("error", () => undefined);
      await once(stream.end(), "response");
      const listed = await Promise.all(nodes.map(async (node) => ownOf(node, "where")));
      expect(listed.flat().map(({ address }) => address)).toEqual(["127.0.0.2"]);
      stream.destroy();
    });

    test.each(["sse", "ndjson", "ws", "long-poll"] as const)(
      "a client over %s takes more channels up, and lets some go, whichever node that reaches",
      async (transport) => {
        const tidings = connect(`http://127.0.0.1:${proxy.port}`, { transport });
        const got: string[] = [];
        for (let at = 0; at < 6; at++) {
          const channel = tidings.channel(`taken/${transport}/${at}`, { since: "earliest" });
          const came = Promise.withResolvers<void>();
          const off = channel.on("message", (data) => {
            got.push(JSON.stringify(data));
            came.resolve();
          });
          await channel.publish("message", { at });
          await came.promise;
          if (at % 2 === 0) off();
        }
        expect(got).toEqual([0, 1, 2, 3, 4, 5].map((at) => JSON.stringify({ at })));
        tidings.close();
      },
    );

    test("while both nodes are restarted one after the other, publishers and readers of every transport lose nothing, and get nothing twice", async () => {
      const seed = Math.floor(Math.random() * 2 ** 32);
      const random = seededRandom(seed);
      const url = `http://127.0.0.1:${proxy.port}`;
      const crowd = new Crowd({
        servers: { next: async () => url },
        random,
        pauseMs: () => random() * PAUSE_MS,
      });
      await crowd.atWork();
      await rollingRestart(nodes, async (node) => {
        await node.ready();
        await allUp();
      });
      const result = await crowd.finish(nodes.map((node) => node.url));
      expect(result.faults, `seed ${seed}`).toEqual([]);
      expect(result.acknowledged).toBeGreaterThan(0);
      expect(result.held).toBe(result.acknowledged);
    }, 60_000);
  },
);
