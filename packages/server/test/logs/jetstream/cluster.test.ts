import type { Log } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import { hasNats, hasSoundClusters, NatsCluster } from "@tidings/testing";
import { describe, expect, test } from "vitest";
import type { EngineNode } from "../engine-node.ts";
import { api } from "./api.ts";
import { Node, publish, textsOf, WHOLE } from "./node.ts";
import { plainOptions } from "./opened.ts";

async function leaderOf(cluster: NatsCluster, stream: string): Promise<string> {
  const [server] = cluster.servers;
  const info = await api(server as NatsCluster["servers"][0], `STREAM.INFO.${stream}`);
  return (info as { readonly cluster: { readonly leader: string } }).cluster.leader;
}

/** Whether a node was told all that a log holds from the first message on that it heard in the epoch which is now, in order and once. */
async function hasHeard({ told }: EngineNode, log: Log): Promise<boolean> {
  const { epoch, messages } = await log.read("a", 0 as Offset, WHOLE);
  const heard = told.filter((event) => event.epoch === epoch).flatMap((event) => event.messages);
  const since = messages.filter(({ offset }) => offset >= (heard[0]?.offset ?? 0));
  return (
    heard.length > 0 &&
    JSON.stringify(heard.map(({ offset }) => offset)) === JSON.stringify(since.map(({ offset }) => offset)) &&
    heard.every(({ data }, at) => Buffer.compare(data, since[at]?.data ?? Buffer.of()) === 0)
  );
}

describe.runIf(hasNats())("a cluster of three nats-servers (nats-server is installed)", () => {
  test("whose leader is killed under load: what was acknowledged is there, or readers are told; nothing is there twice, and nodes agree", async () => {
    await using cluster = await NatsCluster.start();
    const options = { ...plainOptions(cluster.url, "three"), replicas: 3, timeoutMs: 10_000 };
    await using a = await Node.open(options);
    await using b = await Node.open(options);
    expect(b.events.some(({ type }) => type === "settings")).toBe(!hasSoundClusters());
    const { epoch } = await b.log.follow("a");
    const publishers = ["x", "y", "z"].map((name) => publish(name === "x" ? b.log : a.log, name));
    await b.until(({ heard }) => heard.length > 50);
    const leader = cluster.server(await leaderOf(cluster, "three"));
    await leader.kill();
    const before = b.heard.length;
    await b.until(({ heard }) => heard.length > before + 50);
    await leader.start();
    const acknowledged = (await Promise.all(publishers.map((each) => each.stop()))).flat();
    await expect.poll(() => hasHeard(b, a.log), { timeout: 20_000 }).toBe(true);
    const held = await textsOf(b.log);
    expect(new Set(held).size).toBe(held.length);
    const isTold = b.told.some((event) => event.epoch !== epoch);
    // Where nats-server keeps what it acknowledged, so does the log.
    if (hasSoundClusters() || !isTold) {
      expect(isTold).toBe(false);
      expect(acknowledged.filter((each) => !held.includes(each))).toEqual([]);
    }
  });
});
