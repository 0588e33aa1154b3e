import { setTimeout as pause } from "node:timers/promises";
import { hasSoundClusters, NatsCluster, NatsServer, RedisServer } from "../brokers/index.ts";
import { ServerProcess } from "./server-process.ts";

/** How long an engine stands still, in milliseconds: shorter than what it may take for an answer, and longer. */
const FROZEN_MS = [300, 3_000, 7_000] as const;

/** What a server may keep its messages in, and so what may happen; see `openScene`. */
export const SCENES = ["lmdb", "redis", "nats", "nats-cluster"] as const;
export type SceneName = (typeof SCENES)[number];

type Trouble = (random: () => number) => Promise<void>;

/** An engine that messages are kept in. */
interface EngineProcess {
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
}

/** A server on its log, and what may happen to them while it is published to. */
export interface Scene extends AsyncDisposable {
  readonly server: ServerProcess;
  /** Makes one kind of trouble and ends it; all is up again then. */
  readonly trouble: Trouble;
}

/** @throws {Error} where nats-server is too old for a cluster that loses nothing */
export function openScene(name: SceneName): Promise<Scene> {
  switch (name) {
    case "lmdb":
      return openOwnLog();
    case "redis":
      return openOnRedis();
    case "nats":
      return openOnNats();
    case "nats-cluster":
      return openOnNatsCluster();
  }
}

/** A server on a log of its own, which is killed. */
async function openOwnLog(): Promise<Scene> {
  const server = await ServerProcess.create();
  await server.start();
  return {
    server,
    trouble: () => restart(server),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/**
 * A server on a Redis that writes its append-only file before it answers. One of the two is killed, all connections between
 * them are cut, or Redis stands still.
 */
async function openOnRedis(): Promise<Scene> {
  const redis = await RedisServer.start({ settings: { appendonly: "yes", appendfsync: "always" } });
  return onEngine(redis, { log: redis.url }, [
    () => killAndStart(redis),
    (random) => freeze(redis, random),
    async () => {
      for (const type of ["normal", "pubsub"]) await redis.command("CLIENT", "KILL", "TYPE", type);
    },
  ]);
}

/** A server on a nats-server with JetStream. One of the two is killed, or nats-server stands still. */
async function openOnNats(): Promise<Scene> {
  const nats = await NatsServer.start();
  return onEngine(nats, { log: nats.url }, [() => killAndStart(nats), (random) => freeze(nats, random)]);
}

/** A server on three nats-servers that keep the stream together. It or one of them is killed, or one of them stands still. */
async function openOnNatsCluster(): Promise<Scene> {
  if (!hasSoundClusters())
    throw new Error("this nats-server loses messages in a cluster; put 2.10.23 or later on the PATH");
  const cluster = await NatsCluster.start();
  const any = (random: () => number): NatsServer =>
    cluster.servers[Math.floor(random() * cluster.servers.length)] as NatsServer;
  return onEngine(cluster, { log: cluster.url, nats: { replicas: 3 } }, [
    (random) => killAndStart(any(random)),
    (random) => freeze(any(random), random),
  ]);
}

/** A server on an engine, which is killed too. */
async function onEngine(
  engine: AsyncDisposable,
  config: Readonly<Record<string, unknown>>,
  more: readonly Trouble[],
): Promise<Scene> {
  const server = await ServerProcess.create(config);
  await server.start();
  const troubles = [() => restart(server), ...more];
  return {
    server,
    trouble: async (random) => troubles[Math.floor(random() * troubles.length)]?.(random),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

async function killAndStart(engine: EngineProcess): Promise<void> {
  await engine.kill();
  await engine.start();
}

async function freeze(engine: EngineProcess, random: () => number): Promise<void> {
  engine.signal("SIGSTOP");
  await pause(FROZEN_MS[Math.floor(random() * FROZEN_MS.length)]);
  engine.signal("SIGCONT");
}

async function restart(server: ServerProcess): Promise<void> {
  await server.kill();
  await server.start();
}
