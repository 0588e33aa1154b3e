import { setTimeout as delay } from "node:timers/promises";
import { ownPort } from "@tidings/fault-proxy";
import { RedisServer } from "./redis-server.ts";

const SLOTS = 16_384;
const NODE_TIMEOUT_MS = 1_000;
/** A cluster tells nobody when it is ready: it is asked. */
const ASK_MS = 20;

export interface RedisClusterOptions {
  /** Whether each master has a replica, so that another one takes over when it is gone. Default false. */
  readonly hasReplicas?: boolean;
}

/** A Redis Cluster of three small masters, which share the slots evenly. */
export class RedisCluster implements AsyncDisposable {
  readonly masters: readonly RedisServer[];
  readonly replicas: readonly RedisServer[];

  static async start({ hasReplicas = false }: RedisClusterOptions = {}): Promise<RedisCluster> {
    const servers = await Promise.all(Array.from({ length: hasReplicas ? 6 : 3 }, startNode));
    const cluster = new RedisCluster(servers.slice(0, 3), servers.slice(3));
    await cluster.#join();
    return cluster;
  }

  private constructor(masters: readonly RedisServer[], replicas: readonly RedisServer[]) {
    this.masters = masters;
    this.replicas = replicas;
  }

  get url(): `redis+cluster://${string}` {
    return `redis+cluster://${this.masters.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.masters, ...this.replicas].map((server) => server[Symbol.asyncDispose]()));
  }

  async #join(): Promise<void> {
    const all = [...this.masters, ...this.replicas];
    for (const [index, server] of this.masters.entries()) {
      const from = Math.ceil((index * SLOTS) / this.masters.length);
      const to = Math.ceil(((index + 1) * SLOTS) / this.masters.length) - 1;
      await server.command("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
    }
    const [first] = all as [RedisServer];
    for (const [index, server] of all.entries()) {
      await server.command("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
      if (server !== first)
        await server.command("CLUSTER", "MEET", "127.0.0.1", String(first.port), String(first.busPort));
    }
    await this.#until(all, (info) => info.includes(`cluster_known_nodes:${all.length}\r\n`));
    for (const [index, replica] of this.replicas.entries()) {
      const id =
        (await (this.masters[index] as RedisServer).command("CLUSTER", "MYID")).split("\r\n")[1] ?? "";
      await replica.command("CLUSTER", "REPLICATE", id);
    }
    await this.#until(all, (info) => info.includes("cluster_state:ok"));
    // One that has not been brought up to its master is no candidate for its place.
    for (const replica of this.replicas) await replica.said("sync: Finished with success");
  }

  async #until(servers: readonly RedisServer[], isSo: (info: string) => boolean): Promise<void> {
    for (const server of servers) while (!isSo(await server.command("CLUSTER", "INFO"))) await delay(ASK_MS);
  }
}

async function startNode(): Promise<RedisServer> {
  const busPort = await ownPort();
  return RedisServer.start({
    busPort,
    settings: {
      "cluster-enabled": "yes",
      "cluster-config-file": "nodes.conf",
      "cluster-node-timeout": String(NODE_TIMEOUT_MS),
      "cluster-port": String(busPort),
      "repl-diskless-sync-delay": "0",
    },
  });
}
