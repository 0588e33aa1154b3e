import { relative } from "node:path";
import type { Logger } from "pino";
import type { AuthOptions } from "../../auth/index.ts";
import { type Config, isLoopbackHost } from "../../config/index.ts";
import { shownLogUrl } from "../../logs/log-url.ts";
import { coloursFor, print } from "../terminal.ts";
import { isForPeople } from "./logger.ts";

/** Says where the server is and what it serves: to a person in words, to a program as a log line. */
export async function announce(
  config: Config,
  auth: AuthOptions | undefined,
  url: string,
  logger: Logger,
  workers: number = 1,
): Promise<void> {
  if (!isForPeople(config.logFormat)) {
    const { log, data, open } = config;
    logger.info(
      {
        url,
        log: shownLogUrl(log),
        ...(log === "lmdb" ? { data } : {}),
        open,
        authentication: auth !== undefined,
        ...(workers === 1 ? {} : { workers }),
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
        : shownLogUrl(config.log);
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
      (workers === 1 ? "" : `  ${dim("workers")}  ${workers}\n`) +
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
