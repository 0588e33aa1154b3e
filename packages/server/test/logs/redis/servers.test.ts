import { hasRedis, RedisServer } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import { Keys } from "../../../src/logs/redis/keys.ts";
import { openServer } from "../../support/logs.ts";
import { describeServers, type SharedEngine } from "../describe-servers.ts";
import { follow, publish, take } from "../http-readers.ts";

async function openRedis(): Promise<SharedEngine> {
  const redis = await RedisServer.start({ settings: { appendonly: "yes", appendfsync: "always" } });
  return {
    log: redis.url,
    kill: () => redis.kill(),
    start: () => redis.start(),
    lose: async () => void (await redis.command("FLUSHALL")),
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  };
}

describe.runIf(hasRedis())("redis-server is installed", () => {
  describeServers("Redis", openRedis, { redis: { waitMs: 50 } });

  test("a message goes to each node once, however many read it there, and only where somebody does", async () => {
    await using redis = await RedisServer.start();
    await using a = await openServer({ log: redis.url });
    await using b = await openServer({ log: redis.url });
    const streams = [a, b, b].map((server) => follow(server, "since=earliest"));
    const read = streams.map((stream) => take(stream, 1));
    await publish(a, 1);
    await Promise.all(read);
    const topic = new Keys("tidings:").topic("a");
    expect(await redis.command("PUBSUB", "NUMSUB", topic)).toContain(`${topic}\r\n:2\r\n`);
    expect(await redis.command("PUBSUB", "CHANNELS", "*t:other")).toBe("*0\r\n");
  });
});
