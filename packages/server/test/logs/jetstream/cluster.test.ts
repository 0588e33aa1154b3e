import { hasNats, NatsCluster } from "@tidings/testing";
import { connect } from "@nats-io/transport-node";
import { describe, expect, test } from "vitest";
import { Node, publish, textsOf } from "./node.ts";
import { plainOptions } from "./opened.ts";

/** Who leads a stream. */
async function leaderOf(cluster: NatsCluster, stream: string): Promise<string> {
  const connection = await connect({ servers: cluster.servers.map(({ port }) => `127.0.0.1:${port}`) });
  const answer = await connection.request(`$JS.API.STREAM.INFO.${stream}`);
  await connection.close();
  return answer.json<{ readonly cluster: { readonly leader: string } }>().cluster.leader;
}

describe.runIf(hasNats())("a cluster of three nats-servers (nats-server is installed)", () => {
  // Not yet: one run of two finds messages that were acknowledged and are not held, since nats-server 2.9 lets two entries
  // through where the condition of one failed. Until then a server warns of such a stream; docs/scaling.md says so.
  test.skip("whose leader is killed under load loses nothing that was acknowledged, repeats nothing, and changes no epoch", async () => {
    await using cluster = await NatsCluster.start();
    const options = { ...plainOptions(cluster.url, "three"), replicas: 3, timeoutMs: 10_000 };
    await using a = await Node.open(options);
    await using b = await Node.open(options);
    const { epoch } = await b.log.follow("a");
    const publishers = ["x", "y", "z"].map((name) => publish(name === "x" ? b.log : a.log, name));
    await b.until(({ heard }) => heard.length > 50);
    const leader = cluster.server(await leaderOf(cluster, "three"));
    await leader.kill();
    const before = b.heard.length;
    await b.until(({ heard }) => heard.length > before + 50);
    await leader.start();
    const acknowledged = (await Promise.all(publishers.map((each) => each.stop()))).flat();
    const held = await textsOf(a.log);
    expect(acknowledged.filter((each) => !held.includes(each))).toEqual([]);
    expect(new Set(held).size).toBe(held.length);
    await b.until(({ heard }) => heard.length >= held.length);
    expect(b.texts).toEqual(held);
    expect((await b.log.describe("a")).epoch).toBe(epoch);
  });
});
