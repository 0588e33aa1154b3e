import { setTimeout as pause } from "node:timers/promises";
import { RedisServer } from "../brokers/index.ts";
import { ServerProcess } from "./server-process.ts";

/** How long a Redis stands still, in milliseconds: shorter than what it may take for an answer, and longer. */
const FROZEN_MS = [300, 3_000, 7_000] as const;

/** A server on its log, and what may happen to them while it is published to. */
export interface Scene extends AsyncDisposable {
  readonly server: ServerProcess;
  /** Makes one kind of trouble and ends it; all is up again then. */
  readonly trouble: (random: () => number) => Promise<void>;
}

/** A server on a log of its own, which is killed. */
export async function openOwnLog(): Promise<Scene> {
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
export async function openOnRedis(): Promise<Scene> {
  const redis = await RedisServer.start({ settings: { appendonly: "yes", appendfsync: "always" } });
  const server = await ServerProcess.create({ log: redis.url });
  await server.start();
  const troubles = [
    () => restart(server),
    async () => {
      await redis.kill();
      await redis.start();
    },
    async () => {
      for (const type of ["normal", "pubsub"]) await redis.command("CLIENT", "KILL", "TYPE", type);
    },
    async (random: () => number) => {
      redis.signal("SIGSTOP");
      await pause(FROZEN_MS[Math.floor(random() * FROZEN_MS.length)]);
      redis.signal("SIGCONT");
    },
  ];
  return {
    server,
    trouble: async (random) => troubles[Math.floor(random() * troubles.length)]?.(random),
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}

async function restart(server: ServerProcess): Promise<void> {
  await server.kill();
  await server.start();
}
