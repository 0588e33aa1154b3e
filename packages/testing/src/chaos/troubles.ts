import { setTimeout as pause } from "node:timers/promises";
import type { Engine } from "./engine.ts";
import type { ServerProcess } from "./server-process.ts";
import type { TcpLink } from "./tcp-link.ts";

/** One kind of trouble: makes it and ends it. */
export interface Trouble {
  readonly name: string;
  /** Whether the engine may fail over, and lose what it may lose then. Default false. */
  readonly failsOver?: boolean;
  make(random: () => number): Promise<void>;
}

export interface ClusterParts {
  readonly engine: Engine;
  readonly servers: readonly ServerProcess[];
  /** By server, its way to the engine; none where there is no such thing. */
  readonly links: readonly TcpLink[];
  /** How long the engine stands still, in milliseconds; a link is cut for half as long. */
  readonly frozenMs: number;
}

/** How long the server that would take over gets nothing before it has to, at most, in milliseconds. */
const BEHIND_MS = 500;

/** What befalls servers that share an engine. */
export function clusterTroubles({ engine, servers, links, frozenMs }: ClusterParts): readonly Trouble[] {
  const { disconnectAll, failover } = engine;
  const failsOver = failover !== undefined;
  const killEngine = async (): Promise<void> => {
    await engine.kill();
    await engine.start();
  };
  const cut = async (random: () => number): Promise<void> => {
    const link = oneOf(links, random);
    const how = oneOf(["cut", "up", "down"] as const, random);
    if (how === "cut") link.cut();
    else link.silence(how);
    await pause(frozenMs / 2);
    link.heal();
  };
  return [
    { name: "a node is killed", make: (random) => restart(oneOf(servers, random)) },
    { name: "the engine is killed", failsOver, make: killEngine },
    ...(failover === undefined
      ? []
      : [
          {
            name: "the engine is killed, and what takes over is behind",
            failsOver,
            make: async (random: () => number) => {
              await failover.fallBehind();
              await pause(random() * BEHIND_MS);
              await killEngine();
            },
          },
        ]),
    ...(disconnectAll === undefined
      ? []
      : [{ name: "the engine ends all connections", make: () => disconnectAll() }]),
    { name: "the engine stands still", failsOver, make: () => engine.freeze(frozenMs) },
    ...(links.length === 0
      ? []
      : [
          { name: "all links are reset", make: async () => links.forEach((link) => link.reset()) },
          { name: "one node's link is cut, or silent in one direction", make: cut },
        ]),
    { name: "a rolling restart", make: () => rollingRestart(servers) },
  ];
}

/** Every server in turn is sent away as a deploy does it, and the next only once it is ready again. */
export async function rollingRestart(
  servers: readonly ServerProcess[],
  isBack: (server: ServerProcess) => Promise<void> = (server) => server.ready(),
): Promise<void> {
  for (const server of servers) {
    await server.drain();
    await server.start();
    await isBack(server);
  }
}

/** Killed where it stands, and started again. */
export async function restart(server: ServerProcess): Promise<void> {
  await server.kill();
  await server.start();
}

function oneOf<Value>(values: readonly Value[], random: () => number): Value {
  return values[Math.floor(random() * values.length)] as Value;
}
