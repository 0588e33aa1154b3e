import { TidingsError } from "@tidings/protocol";
import { describeLog, hasRedis, RedisCluster } from "@tidings/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { slotOf } from "../../../src/logs/redis/slot.ts";
import { openRedisLog, plainOptions } from "./opened.ts";
import { Node, text, textsOf } from "./node.ts";

describe.runIf(hasRedis())("on a Redis Cluster of three (redis-server is installed)", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  describeLog(
    "redis cluster",
    (options) => openRedisLog(cluster.url, options),
    { durable: true, contiguous: true },
    { modelRuns: 3 },
  );

  test("the hash slot of a key is what Redis says it is", async () => {
    const [first] = cluster.masters;
    for (const key of [
      "123456789",
      "{user1000}.following",
      "foo{}{bar}",
      "foo{{bar}}zap",
      "foo{bar}{zap}",
      "t:{17}é",
    ])
      expect(await first?.command("CLUSTER", "KEYSLOT", key)).toBe(`:${slotOf(key)}\r\n`);
  });

  test("channels are spread over all of it, and heard on the other node wherever they are", async () => {
    const options = plainOptions(cluster.url);
    await using a = await Node.open(options);
    await using b = await Node.open(options);
    const channels = Array.from({ length: 60 }, (_, at) => `channel/${at}`);
    await Promise.all(channels.map((channel) => b.log.follow(channel)));
    await Promise.all(
      channels.flatMap((channel) => [1, 2, 3].map((at) => a.log.append(channel, [text(`${channel} ${at}`)]))),
    );
    await b.until(({ heard }) => heard.length === 180);
    for (const channel of channels)
      expect(b.textsOf(channel)).toEqual([1, 2, 3].map((at) => `${channel} ${at}`));
    const sizes = await Promise.all(cluster.masters.map((master) => master.command("DBSIZE")));
    expect(sizes.every((size) => Number(size.slice(1)) > 20)).toBe(true);
    expect(await b.log.channels({ prefix: "channel/", after: "", limit: 1_000 })).toHaveLength(60);
  });

  test("notifications stay with the server of their slot", async () => {
    await using a = await Node.open(plainOptions(cluster.url));
    await a.log.follow("a");
    const sharded = await Promise.all(
      cluster.masters.map((master) => master.command("PUBSUB", "SHARDCHANNELS", "*")),
    );
    expect(sharded.filter((channels) => channels.includes("t:a"))).toHaveLength(1);
  });

  test("a slot that moves is followed: appends go on in order, and what is appended is heard", async () => {
    const options = plainOptions(cluster.url, "moved:");
    await using a = await Node.open(options);
    await using b = await Node.open({ ...options, checkMs: 100 });
    await b.log.follow("a");
    await a.log.append("a", [text("0")]);
    await moveSlotOf("moved:", cluster);
    // While the slot is on its way an append may be refused, or its answer lost: then it is tried again, with its key.
    const append = async (at: number): Promise<unknown> =>
      a.log.append("a", [text(`${at}`)], { idempotencyKey: `${at}` }).catch(async (error: unknown) => {
        if (error instanceof TidingsError && error.retryable) return append(at);
        throw error;
      });
    for (let at = 1; at < 20; at++) await append(at);
    await b.until(({ heard }) => heard.length === 20);
    expect(b.texts).toEqual(await textsOf(a.log));
  });
});

/** Moves the slot of the channel `a` to another master, as `redis-cli --cluster reshard` does it. */
async function moveSlotOf(prefix: string, { masters }: RedisCluster): Promise<void> {
  const linesOf = (reply: string): readonly string[] =>
    reply.split("\r\n").filter((line) => line.startsWith(prefix));
  const keysOf = async (server: (typeof masters)[number]): Promise<readonly string[]> =>
    linesOf(await server.command("KEYS", `${prefix}*`));
  for (const [index, source] of masters.entries()) {
    const keys = await keysOf(source);
    const key = keys.find((each) => each.endsWith("c:a"));
    if (key === undefined) continue;
    const slot = String(slotOf(key));
    const target = masters[(index + 1) % masters.length] as (typeof masters)[number];
    const idOf = async (server: typeof target): Promise<string> =>
      (await server.command("CLUSTER", "MYID")).split("\r\n")[1] ?? "";
    const [from, to] = [await idOf(source), await idOf(target)];
    await target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", from);
    await source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", to);
    await moveKeys(source, target, slot);
    await target.command("CLUSTER", "SETSLOT", slot, "NODE", to);
    // A node sweeps meanwhile, which may make a key until the source knows that the slot is not its own: until there is none left.
    while (!(await givesUp(source, slot, to))) await moveKeys(source, target, slot);
  }
}

type Master = RedisCluster["masters"][number];

async function moveKeys(source: Master, target: Master, slot: string): Promise<void> {
  for (;;) {
    const reply = await source.command("CLUSTER", "GETKEYSINSLOT", slot, "100");
    // Of whichever test: ahead of each key stands its length.
    const keys = reply.split("\r\n").filter((line, at) => at > 0 && at % 2 === 0);
    if (keys.length === 0) return;
    await source.command("MIGRATE", "127.0.0.1", String(target.port), "", "0", "5000", "KEYS", ...keys);
  }
}

/** Whether the source lets the slot go: it does not while it holds any key of it. */
async function givesUp(source: Master, slot: string, to: string): Promise<boolean> {
  try {
    await source.command("CLUSTER", "SETSLOT", slot, "NODE", to);
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.includes("still hold keys")) return false;
    throw error;
  }
}
