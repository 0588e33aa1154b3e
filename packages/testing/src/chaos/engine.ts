import { setTimeout as pause } from "node:timers/promises";
import { hasSoundClusters, NatsCluster, NatsServer, RedisServer } from "../brokers/index.ts";

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
}

/** A log that several servers share. */
export type SharedLog = "redis" | "nats" | "nats-cluster";

/** By the name of the log: how its engine is started, so that it keeps what it acknowledged. */
export const ENGINES: Readonly<Record<SharedLog, () => Promise<Engine>>> = {
  redis: startRedis,
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
