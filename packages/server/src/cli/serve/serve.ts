import { relative } from "node:path";
import type { Logger } from "pino";
import type { AuthOptions } from "../../auth/index.ts";
import { type Config, isLoopbackHost } from "../../config/index.ts";
import { shownRedisUrl } from "../../logs/redis-url.ts";
import { createTidings, type Tidings } from "../../tidings.ts";
import { EXIT, Failure } from "../exit.ts";
import { coloursFor, print } from "../terminal.ts";
import { createLogger, isForPeople } from "./logger.ts";

/** Starts the server and answers its exit code once it was told to stop and has. */
export async function serve(config: Config, auth: AuthOptions | undefined): Promise<number> {
  const logger = createLogger(config);
  const stopped = stopSignal();
  const { auth: _, ...options } = config;
  const tidings = await createTidings({ ...options, ...(auth === undefined ? {} : { auth }), logger });
  try {
    const { url } = await listen(tidings, config);
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

/** Resolves with the first signal to stop; the second ends the process where it stands. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (code: number) => (signal: NodeJS.Signals) => {
      if (isStopping) process.exit(code);
      isStopping = true;
      resolve(signal);
    };
    process.on("SIGINT", stop(EXIT.interrupted));
    process.on("SIGTERM", stop(EXIT.terminated));
  });
}

async function listen(tidings: Tidings, { host, port }: Config): Promise<{ readonly url: string }> {
  try {
    return await tidings.listen({ host, port });
  } catch (error) {
    const reason = LISTEN_FAULTS[(error as NodeJS.ErrnoException).code ?? ""];
    if (reason === undefined) throw error;
    throw new Failure(EXIT.failure, `cannot listen on ${host}, port ${port}: ${reason}`, error);
  }
}

const LISTEN_FAULTS: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else listens there; choose another --port, or 0 for any free one.",
  EACCES: "it may not be used without more rights; choose a --port above 1023.",
  EADDRNOTAVAIL: "this machine has no such address; choose another --host.",
  ENOTFOUND: "there is no host of that name; choose another --host.",
};

/** Says where the server is and what it serves: to a person in words, to a program as a log line. */
async function announce(
  config: Config,
  auth: AuthOptions | undefined,
  url: string,
  logger: Logger,
): Promise<void> {
  if (!isForPeople(config.logFormat)) {
    const { log, data, open } = config;
    logger.info(
      {
        url,
        log: shownRedisUrl(log),
        ...(log === "lmdb" ? { data } : {}),
        open,
        authentication: auth !== undefined,
      },
      "listening",
    );
    return;
  }
  const { bold, dim, yellow } = coloursFor(process.stdout);
  const log =
    config.log === "memory"
      ? "memory: messages are gone when the server stops"
      : config.log === "lmdb"
        ? `lmdb, in ${shortPath(config.data)}`
        : shownRedisUrl(config.log);
  const reach = isLoopbackHost(config.host) ? "this machine only" : "a network";
  const access =
    auth !== undefined
      ? `${reach}, with authentication`
      : config.open && !isLoopbackHost(config.host)
        ? yellow("open: everyone who reaches this address may read and publish")
        : `${reach}, no authentication`;
  await print(
    `${bold("Tidings")} is at ${bold(url)}\n` +
      `  ${dim("log")}      ${log}\n` +
      `  ${dim("access")}   ${access}\n` +
      `  ${dim("try")}      tidings publish hello "world"${tryServer(url)}\n` +
      `  ${dim("stop")}     Ctrl+C\n`,
  );
}

function tryServer(url: string): string {
  return url === "http://127.0.0.1:8080" ? "" : ` --server ${url}`;
}

function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short === "" || short.startsWith("..") ? path : `./${short}`;
}
