import { hasRedis, RedisServer, send } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { json, untilData } from "../insight/support.ts";
import { openServer, type TestServer } from "../support/logs.ts";
import type { RawWebSocket } from "../support/raw-web-socket.ts";
import { connect, killable, untilNodes } from "./support.ts";

interface Rows {
  readonly connections: readonly {
    readonly connection: string;
    readonly node: string;
    readonly since: string;
  }[];
  readonly channels: readonly { readonly channel: string; readonly readers: number }[];
  readonly events: readonly { readonly kind: string; readonly node: string; readonly reason?: string }[];
  readonly nodes: readonly { readonly node: string; readonly name: string; readonly self: boolean }[];
  readonly count: number;
  readonly next?: string;
  readonly missing?: readonly { readonly name: string; readonly why: string }[];
}

async function asked(server: { readonly url: string }, path: string): Promise<Rows> {
  return (await json(`${server.url}/admin/${path}`)) as unknown as Rows;
}

async function reading(server: TestServer, ...channels: readonly string[]): Promise<RawWebSocket> {
  const socket = await connect(server.port);
  for (const channel of channels) {
    socket.sendJson({ type: "subscribe", id: channel, channel });
    await socket.jsonOf("ok");
  }
  return socket;
}

describe.runIf(hasRedis())(
  "what an administrator is told of several nodes (redis-server is installed)",
  () => {
    test("which nodes there are, by their names, each with its last sample", async () => {
      await using redis = await RedisServer.start();
      await using a = await openServer({ log: redis.url, node: "a" });
      await using b = await openServer({ log: redis.url, node: "b" });
      await untilNodes(a, 2);
      for (const server of [a, b]) await untilData(server.tidings, "$tidings/stats", () => true, "earliest");
      const { nodes, missing } = await asked(b, "nodes");
      expect(missing).toBeUndefined();
      const ofA = expect.objectContaining({ name: "a", self: false }) as object;
      expect(nodes).toEqual([expect.objectContaining({ name: "b", self: true }), ofA]);
      for (const each of nodes)
        expect(each).toMatchObject({
          sample: { node: each.node, uptimeSeconds: expect.any(Number) as number },
        });
      expect((await send(`${a.url}/metrics`)).text).toMatch(/^tidings_nodes 2$/m);
      await b.tidings.close();
      const { events } = await asked(a, "events?kind=node");
      expect(events[0]).toMatchObject({ state: "left", other: nodes[0]?.node, name: "b" });
    });

    test("a node that is lost while it is asked is missing by its name too", async () => {
      await using redis = await RedisServer.start();
      const limits = { nodeTimeoutMs: 500 };
      await using a = await openServer({ log: redis.url, limits });
      await using child = killable(redis.url, limits);
      await child.line();
      await untilNodes(a, 2);
      child.signal("SIGKILL");
      const { nodes, missing } = await asked(a, "nodes");
      expect([nodes.length, missing?.map(({ name }) => name)]).toEqual([1, ["child"]]);
    });

    test("connections of all nodes in one order, page by page; one is found and sent away wherever it is", async () => {
      await using redis = await RedisServer.start();
      await using a = await openServer({ log: redis.url });
      await using b = await openServer({ log: redis.url });
      await untilNodes(a, 2);
      const sockets: RawWebSocket[] = [];
      for (const server of [a, b, a, b, b]) sockets.push(await reading(server, "room"));
      const found: Rows["connections"][number][] = [];
      let pages = 0;
      for (let after = "0"; after !== "none"; pages++) {
        const page = await asked(a, `connections?sort=age&limit=2&channel=room&after=${after}`);
        expect(page.count).toBe(5);
        found.push(...page.connections);
        after = page.next ?? "none";
      }
      expect(pages).toBe(3);
      expect(new Set(found.map(({ connection }) => connection)).size).toBe(5);
      expect(new Set(found.map(({ node }) => node)).size).toBe(2);
      expect(found.map(({ since }) => since)).toEqual(found.map(({ since }) => since).sort());
      const self = (await asked(a, "nodes")).nodes[0]?.node;
      const { connection = "", node } = found.find((each) => each.node !== self) ?? {};
      expect(await json(`${a.url}/admin/connections/${connection}`)).toMatchObject({
        connection,
        reads: [{ channel: "room" }],
      });
      const gone = await send(`${a.url}/admin/connections/${connection}?reason=test`, { method: "DELETE" });
      expect(gone.status).toBe(204);
      const sent = sockets.map(async (socket) => socket.jsonOf("draining").then(() => socket));
      (await Promise.race(sent)).client.socket.destroy();
      const events = async (): Promise<Rows["events"]> =>
        (await asked(a, "events?kind=disconnected&code=operator")).events;
      while ((await events()).length === 0);
      expect(await events()).toMatchObject([{ reason: "operator", message: "test", node }]);
      expect((await send(`${a.url}/admin/connections/nobody`)).status).toBe(404);
      for (const socket of sockets) socket.client.socket.destroy();
    });

    test("a channel's readers and rates are those of all nodes, and channels are in order by them", async () => {
      await using redis = await RedisServer.start();
      await using a = await openServer({ log: redis.url });
      await using b = await openServer({ log: redis.url });
      await untilNodes(a, 2);
      for (const channel of ["few", "many"]) await a.tidings.publish(channel, 1);
      await using _ = await reading(a, "few", "many");
      await using __ = await reading(b, "many");
      await using ___ = await reading(b, "many");
      const { channels } = await asked(a, "channels?sort=readers");
      expect(channels).toMatchObject([
        { channel: "many", readers: 3, messages: 1 },
        { channel: "few", readers: 1, messages: 1 },
      ]);
      // Read at the node that has fewer of them.
      const top = await untilData<Rows>(
        a.tidings,
        "$tidings/top/channels/readers",
        ({ channels: [first] }) => first?.channel === "many",
      );
      expect(top.channels[0]).toMatchObject({ channel: "many", readers: 3 });
      const age = await untilData<Rows>(
        a.tidings,
        "$tidings/top/connections/age",
        ({ connections }) => connections.length === 3,
      );
      expect(new Set(age.connections.map(({ node }) => node)).size).toBe(2);
    });

    test("where to go on is taken as it was told, and nothing else", async () => {
      await using server = await openServer();
      for (const after of ["10001", "-1", "a:b", "a:10001", "a:1,", `${"a:1,".repeat(1_001)}a:1`])
        expect(await send(`${server.url}/admin/connections?after=${after}`)).toMatchObject({ status: 400 });
      for (const after of ["10000", "another:5"])
        expect(await asked(server, `connections?after=${after}`)).toEqual({ connections: [], count: 0 });
    });
  },
);
