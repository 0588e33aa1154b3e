import type { Server as SocketServer } from "node:net";
import { sharePayloads } from "../../../artifacts/shared.ts";
import { configEntries, type LoadedConfig } from "../../../config/index.ts";
import { Descriptors } from "../../../http/descriptors.ts";
import { listenPrivately } from "../../../http/relay.ts";
import { LogHost } from "../../../logs/remote/index.ts";
import { createInnerTidings } from "../../../tidings.ts";
import { EXIT } from "../../exit.ts";
import { announce } from "../announce.ts";
import { listenOrSay } from "../listen.ts";
import { createLogger } from "../logger.ts";
import { stopSignal } from "../stop-signal.ts";
import { allFigures } from "./figures.ts";
import { Door } from "./door.ts";
import { Fleet } from "./fleet.ts";
import { makeFolder, placesIn, removeFolder } from "./places.ts";

/**
 * Serves with several processes: workers, which have all connections, and this one, which starts them and has what they
 * share: the embedded log, and the artifacts.
 *
 * @param count how many workers; above 1
 * @returns the exit code, once it was told to stop and all have
 */
export async function serveWorkers(loaded: LoadedConfig, count: number): Promise<number> {
  const { config, sources, auth } = loaded;
  const logger = createLogger(config);
  const stopped = stopSignal();
  const folder = await makeFolder();
  const { auth: _, ...options } = config;
  const isEmbedded = config.log === "lmdb" || config.log === "memory";
  const hosts: LogHost[] = [];
  const { tidings, services, metrics, createServer } = await createInnerTidings(
    {
      ...options,
      ...(auth === undefined ? {} : { auth }),
      configuration: configEntries(config, sources),
      logger,
    },
    {
      labels: { worker: "0" },
      share: (log) => {
        if (!isEmbedded) return log;
        const host = new LogHost(log);
        hosts.push(host);
        return host.log;
      },
    },
  );
  const door = new Door();
  const fleet = new Fleet({
    count,
    loaded,
    folder,
    logger,
    door,
    onPeer: (peer) => {
      for (const host of hosts) host.attach(peer);
      sharePayloads(services.payloads, peer);
      peer.handle("all-figures", async () => ({ value: await allFigures(metrics, fleet.peers) }));
    },
  });
  metrics.countWorkers(fleet);
  let sockets: SocketServer | undefined;
  try {
    sockets = await listenPrivately(createServer(), placesIn(folder).primary);
    const url = await listenOrSay(config, async (host, port) => {
      const bound = await door.listen(host, port);
      return `http://${host.includes(":") ? `[${host}]` : host}:${bound}`;
    });
    await fleet.start();
    await announce(config, auth, url, logger, count);
    const advice = new Descriptors().advice(services.limits.maxConnections);
    if (advice !== undefined) logger.warn(advice);
    const signal = await stopped;
    logger.info({ signal, drainMs: config.drainMs }, "stopping: sending connections away");
  } finally {
    door.close();
    await fleet.stop();
    sockets?.close();
    for (const host of hosts) host.close();
    await tidings.close();
    await removeFolder(folder);
  }
  logger.info("stopped");
  return EXIT.ok;
}
