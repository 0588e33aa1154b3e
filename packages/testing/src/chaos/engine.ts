import { NatsServer, RedisServer } from "../brokers/index.ts";

/** What several servers keep their log in, and what may happen to it. */
export interface Engine extends AsyncDisposable {
  readonly port: number;
  /** The log's URL, where the engine is reached on this port. */
  url(port: number): string;
  /** Starts it again, on what its disk has. */
  start(): Promise<void>;
  /** As the kernel would. */
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** Ends all connections to it from its own side. Absent where it knows no such command. */
  readonly disconnectAll?: () => Promise<void>;
}

/** A log that several servers share. */
export type SharedLog = "redis" | "nats";

/** By the name of the log: how its engine is started, so that it keeps what it acknowledged. */
export const ENGINES: Readonly<Record<SharedLog, () => Promise<Engine>>> = {
  redis: startRedis,
  nats: startNats,
};

/** A Redis that writes its append-only file before it answers. */
async function startRedis(): Promise<Engine> {
  const redis = await RedisServer.start({ settings: { appendonly: "yes", appendfsync: "always" } });
  return {
    port: redis.port,
    url: (port) => `redis://127.0.0.1:${port}`,
    start: () => redis.start(),
    kill: () => redis.kill(),
    signal: (signal) => redis.signal(signal),
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
    url: (port) => `nats://127.0.0.1:${port}`,
    start: () => nats.start(),
    kill: () => nats.kill(),
    signal: (signal) => nats.signal(signal),
    [Symbol.asyncDispose]: () => nats[Symbol.asyncDispose](),
  };
}
