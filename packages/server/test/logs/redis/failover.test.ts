import { hasRedis, RedisCluster, RedisSentinel, RedisServer } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { Node, publish, text, textsOf } from "./node.ts";
import { plainOptions } from "./opened.ts";

const FAILS_OVER = { timeout: 20_000 };

const AT_ONCE = { settings: { "repl-diskless-sync-delay": "0" } };

/** A replica that has all of its master. */
async function replicaOf(master: RedisServer): Promise<RedisServer> {
  const replica = await RedisServer.start({ settings: { replicaof: `127.0.0.1 ${master.port}` } });
  await replica.said("MASTER <-> REPLICA sync: Finished with success");
  return replica;
}

describe.runIf(hasRedis())("failovers (redis-server is installed)", () => {
  test(
    "by a sentinel, with each append confirmed by a replica: nothing that was acknowledged is lost, and the epoch stays",
    FAILS_OVER,
    async () => {
      await using master = await RedisServer.start(AT_ONCE);
      await using first = await replicaOf(master);
      await using second = await replicaOf(master);
      await using sentinel = await RedisSentinel.start(master);
      for (const { port } of [first, second]) await sentinel.said(`+slave slave 127.0.0.1:${port}`);
      // Sent to both from the first message on: one confirms it, and it may be the other that takes over.
      await master.command("WAIT", "2", "10000");
      const options = { ...plainOptions(sentinel.url), replicas: 1, timeoutMs: 2_000 };
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      const { epoch } = await b.log.follow("a");
      const publishers = ["x", "y", "z"].map((name) => publish(a.log, name));
      await b.until(({ heard }) => heard.length > 50);
      await master.kill();
      await b.until(({ events }) => events.some(({ type }) => type === "back"));
      const before = b.heard.length;
      await b.until(({ heard }) => heard.length > before + 20);
      const acknowledged = (await Promise.all(publishers.map((each) => each.stop()))).flat();
      const held = await textsOf(a.log);
      expect(acknowledged.filter((each) => !held.includes(each))).toEqual([]);
      await b.until(({ heard }) => heard.length >= held.length);
      expect(b.texts).toEqual(held);
      expect((await b.log.describe("a")).epoch).toBe(epoch);
    },
  );

  test(
    "to a replica that was behind: what was lost is found, and those who follow are told another epoch",
    FAILS_OVER,
    async () => {
      await using master = await RedisServer.start(AT_ONCE);
      await using replica = await replicaOf(master);
      await using sentinel = await RedisSentinel.start(master);
      await sentinel.said(`+slave slave 127.0.0.1:${replica.port}`);
      const options = plainOptions(sentinel.url);
      await using careful = await Node.open({ ...options, replicas: 1 });
      for (const data of ["one", "two"]) await careful.log.append("a", [text(data)]);
      // It hears nothing more of the master.
      await replica.command("REPLICAOF", "127.0.0.1", "1");
      await using node = await Node.open(options);
      const { epoch } = await node.log.follow("a");
      await node.log.append("a", [text("three")]);
      await master.kill();
      await node.until(({ told }) => told.some((event) => event.epoch !== epoch));
      expect(await textsOf(node.log)).toEqual(["one", "two"]);
    },
  );

  test(
    "of a cluster's master: its replica is found by asking the others, and what was lost is told",
    FAILS_OVER,
    async () => {
      await using cluster = await RedisCluster.start({ hasReplicas: true });
      const options = { ...plainOptions(cluster.url), checkMs: 200 };
      await using a = await Node.open(options);
      await using b = await Node.open(options);
      const { epoch } = await b.log.follow("a");
      const publishers = ["x", "y", "z"].map((name) => publish(a.log, name));
      await b.until(({ heard }) => heard.length > 50);
      for (const master of cluster.masters)
        if ((await master.command("KEYS", "*c:a")).includes("c:a")) await master.kill();
      await b.until(({ events }) => events.some(({ type }) => type === "lost"));
      const before = b.heard.length;
      await b.until(({ heard }) => heard.length > before + 20);
      const acknowledged = (await Promise.all(publishers.map((each) => each.stop()))).flat();
      const held = await textsOf(a.log);
      const isLost = acknowledged.some((each) => !held.includes(each));
      const after = await b.log.describe("a");
      expect(after.epoch === epoch).toBe(!isLost);
      if (!isLost) await b.until(({ heard }) => heard.length >= held.length);
      expect(b.texts.slice(0, 50)).toEqual(held.slice(0, 50));
    },
  );
});
