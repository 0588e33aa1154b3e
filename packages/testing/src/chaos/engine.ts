import { setTimeout as pause } from "node:timers/promises";
import { hasSoundClusters, NatsCluster, NatsServer, RedisServer, SentinelGroup } from "../brokers/index.ts";

/** What several servers keep their log in, and what may happen to it. */
export interface Engine extends AsyncDisposable {
  /** Absent where clients find out by themselves where it is, so that no link stays between them. */
  readonly port?: number;
  /** What the servers' configuration says of it, where it is reached on this port. */
  config(port?: number): Readonly<Record<string, unknown>>;
  /** Starts what was killed again, on what its disk has. */
  start(): Promise<void>;
  /** As the kernel would. Of several servers, one. */
  kill(): Promise<void>;
  /** Stands still for so long, in milliseconds. Of several servers, one. */
  freeze(ms: number): Promise<void>;
  /** Ends all connections to it from its own side. Absent where it knows no such command. */
  readonly disconnectAll?: () => Promise<void>;
  /** Of one whose place another server takes that may be behind it. */
  readonly failover?: Failover;
}

/** How an engine fails over, and so may lose what only the server had that is gone. */
export interface Failover {
  /** Whether what was acknowledged is kept all the same: only what publishers were refused may go. */
  readonly keepsAcknowledged: boolean;
  /** How often another server has taken over so far. */
  readonly count: () => number;
  /** Resolves once the server that would take over has all that was there when this was called. */
  readonly settled: () => Promise<void>;
  /** From now on it gets no more, until the engine was killed and has started again. */
  readonly fallBehind: () => Promise<void>;
}

/** A log that several servers share. */
export type SharedLog = "redis" | "redis-sentinel" | "redis-sentinel-async" | "nats" | "nats-cluster";

/** By the name of the log: how its engine is started, so that it keeps what it acknowledged; but for one, which tells what it lost. */
export const ENGINES: Readonly<Record<SharedLog, () => Promise<Engine>>> = {
  redis: startRedis,
  "redis-sentinel": () => startSentinelGroup(1),
  "redis-sentinel-async": () => startSentinelGroup(0),
  nats: startNats,
  "nats-cluster": startNatsCluster,
};

/** A Redis that writes its append-only file before it answers. */
async function startRedis(): Promise<Engine> {
  const redis = await RedisServer.start({ settings: { appendonly: "yes", appendfsync: "always" } });
  return {
    port: redis.port,
    config: (port) => ({ log: `redis://127.0.0.1:${port}` }),
    start: () => redis.start(),
    kill: () => redis.kill(),
    freeze: (ms) => freeze(redis, ms),
    async disconnectAll() {
      for (const type of ["normal", "pubsub"]) await redis.command("CLIENT", "KILL", "TYPE", type);
    },
    [Symbol.asyncDispose]: () => redis[Symbol.asyncDispose](),
  };
}

/**
 * A master, one replica and three sentinels. With one replica, since of several it may be another one that takes over than
 * the one that has confirmed.
 *
 * @param replicas how many have to have a message before it is acknowledged.
 */
async function startSentinelGroup(replicas: 0 | 1): Promise<Engine> {
  const group = await SentinelGroup.start({ appendonly: "yes" });
  return {
    config: () => ({ log: group.url, redis: { replicas } }),
    start: () => group.bringBack(),
    kill: () => group.master.kill(),
    async freeze(ms) {
      await freeze(group.master, ms);
      // Longer than the sentinels wait: it is another's replica now, as soon as they have told it.
      await group.whole();
    },
    async disconnectAll() {
      for (const type of ["normal", "pubsub"]) await group.master.command("CLIENT", "KILL", "TYPE", type);
    },
    failover: {
      keepsAcknowledged: replicas > 0,
      count: () => group.failovers,
      settled: () => group.settled(),
      fallBehind: () => group.detachReplica(),
    },
    [Symbol.asyncDispose]: () => group[Symbol.asyncDispose](),
  };
}

/** A nats-server with JetStream, which writes before it acknowledges: what survives a kill of it. */
async function startNats(): Promise<Engine> {
  const nats = await NatsServer.start();
  return {
    port: nats.port,
    config: (port) => ({ log: `nats://127.0.0.1:${port}` }),
    start: () => nats.start(),
    kill: () => nats.kill(),
    freeze: (ms) => freeze(nats, ms),
    [Symbol.asyncDispose]: () => nats[Symbol.asyncDispose](),
  };
}

/**
 * Three nats-servers that keep the stream together. Trouble comes to one of them, in turn.
 *
 * @throws {Error} where nats-server is too old for a cluster that loses nothing
 */
async function startNatsCluster(): Promise<Engine> {
  if (!hasSoundClusters())
    throw new Error("this nats-server loses messages in a cluster; put 2.10.23 or later on the PATH");
  const cluster = await NatsCluster.start();
  let turn = 0;
  let killed: NatsServer | undefined;
  const next = (): NatsServer => cluster.servers[turn++ % cluster.servers.length] as NatsServer;
  return {
    config: () => ({ log: cluster.url, nats: { replicas: cluster.servers.length } }),
    start: async () => killed?.start(),
    kill: () => (killed = next()).kill(),
    freeze: (ms) => freeze(next(), ms),
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}

async function freeze(
  process: { readonly signal: (signal: NodeJS.Signals) => void },
  ms: number,
): Promise<void> {
  process.signal("SIGSTOP");
  await pause(ms);
  process.signal("SIGCONT");
}
