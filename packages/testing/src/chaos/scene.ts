import { ENGINES, type Failover, type SharedLog } from "./engine.ts";
import { ServerProcess } from "./server-process.ts";
import { ServerGroup } from "./server-group.ts";
import { TcpLink } from "./tcp-link.ts";
import { clusterTroubles, restart, type Trouble } from "./troubles.ts";

/** Servers on their log, and what may happen to them while they are published to. */
export interface Scene extends AsyncDisposable {
  readonly servers: ServerGroup;
  readonly troubles: readonly Trouble[];
  /** Absent where nothing may ever be lost. */
  readonly failover?: Failover | undefined;
}

export interface ClusterOptions {
  /** What the servers keep their log in. */
  readonly log: SharedLog;
  /** How many servers there are. */
  readonly nodes: number;
  /** How long the engine stands still, in milliseconds; a link is cut for half as long. */
  readonly frozenMs: number;
  /** What the servers' configuration says beside that. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A server on a log of its own, which is killed. */
export async function openOwnLog(): Promise<Scene> {
  const server = await ServerProcess.create();
  await server.start();
  const servers = new ServerGroup([server]);
  return {
    servers,
    troubles: [{ name: "the server is killed", make: () => restart(server) }],
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}

/** Servers that share a log, each with a link of its own to the engine where that stays where it is. */
export async function openCluster({ log, nodes, frozenMs, config = {} }: ClusterOptions): Promise<Scene> {
  const engine = await ENGINES[log]();
  const links: TcpLink[] = [];
  const configs: Readonly<Record<string, unknown>>[] = [];
  for (let node = 0; node < nodes; node++) {
    const link = engine.port === undefined ? undefined : await TcpLink.open(engine.port);
    if (link !== undefined) links.push(link);
    configs.push({ drainMs: 300, ...engine.config(link?.port), ...config });
  }
  const servers = new ServerGroup(await Promise.all(configs.map((each) => ServerProcess.create(each))));
  const close = async (): Promise<void> => {
    for (const each of [servers, ...links, engine]) await each[Symbol.asyncDispose]();
  };
  try {
    await Promise.all(servers.all.map((server) => server.start()));
  } catch (error) {
    await close();
    throw error;
  }
  const troubles = clusterTroubles({ engine, servers: servers.all, links, frozenMs });
  return { servers, troubles, failover: engine.failover, [Symbol.asyncDispose]: close };
}
