import { availableParallelism } from "node:os";
import { configEntries, type LoadedConfig } from "../../config/index.ts";
import { createTidings } from "../../tidings.ts";
import { EXIT } from "../exit.ts";
import { announce } from "./announce.ts";
import { tuneHeap } from "./heap.ts";
import { listenOrSay } from "./listen.ts";
import { createLogger } from "./logger.ts";
import { stopSignal } from "./stop-signal.ts";

/** Starts the server and answers its exit code once it was told to stop and has. */
export async function serve(loaded: LoadedConfig): Promise<number> {
  tuneHeap();
  const { config, sources, auth } = loaded;
  const workers = config.workers === "auto" ? availableParallelism() : config.workers;
  if (workers > 1) return (await import("./workers/primary.ts")).serveWorkers(loaded, workers);
  const logger = createLogger(config);
  const stopped = stopSignal();
  const { auth: _, ...options } = config;
  const configuration = configEntries(config, sources);
  const tidings = await createTidings({
    ...options,
    ...(auth === undefined ? {} : { auth }),
    configuration,
    logger,
  });
  try {
    const { url } = await listenOrSay(config, (host, port) => tidings.listen({ host, port }));
    await announce(config, auth, url, logger);
    const signal = await stopped;
    logger.info({ signal, drainMs: config.drainMs }, "stopping: sending connections away");
    await tidings.drain();
  } finally {
    await tidings.close();
  }
  logger.info("stopped");
  return EXIT.ok;
}
