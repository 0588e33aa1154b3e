import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { type Logger, pino } from "pino";
import { createTidings } from "tidings";
import { BASE_PATH } from "../shared/channels.ts";
import { LIMITS } from "../shared/limits.ts";
import { addCommands, toCommandError } from "./commands.ts";
import { Database } from "./database.ts";
import { Evaluations } from "./evaluations.ts";
import { createApp } from "./http/app.ts";
import { loadKinds } from "./kinds.ts";
import { POLICIES } from "./policies.ts";
import { readAllAlerts } from "./run/alerts.ts";
import { Teller } from "./run/teller.ts";

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]{1,3}){3}|::1)$/;
const DEFAULT_PARALLEL = 2;
const MAX_PARALLEL = 64;
const DEFAULT_ASK_MS = 20_000;
const DEFAULT_DRAIN_MS = 2_000;
/** Of `DATA`: a unix socket's path may have 103 bytes on macOS, and 107 on Linux. */
const MAX_DATA_BYTES = 80;
/** Letters and digits of an id by which its socket is named. */
const ID_SUFFIX = 8;

export interface PlatformOptions {
  /** Default 8090; 0 takes any free one. */
  readonly port?: number;
  /** Of loopback: nobody is asked who they are. Default `127.0.0.1`. */
  readonly host?: string;
  /** Folder of all that is kept; made where it is missing. Its absolute path has at most 80 bytes. */
  readonly data: string;
  /** Evaluations that run at a time, 1 to 64. Default 2. */
  readonly parallel?: number;
  /** Evaluations that may wait. Default 1,000. */
  readonly maxQueued?: number;
  /** Evaluations that may be kept, at most as many as the list's channel has room for. Default 10,000. */
  readonly maxEvaluations?: number;
  /** Folders whose folders are evaluations. */
  readonly evaluations: readonly string[];
  /** Folder of the built pages. Default none: REST and Tidings alone. */
  readonly web?: string | undefined;
  /** How long an evaluation may take to answer, in milliseconds. Default 20,000. */
  readonly askMs?: number;
  /** How long a close takes to send readers away, in milliseconds. Default 2,000. */
  readonly drainMs?: number;
  /** Default: silent. */
  readonly logger?: Logger;
}

export interface Platform {
  readonly url: string;
  /** Sends readers away and ends the server. What runs goes on: the next server finds it. */
  close(): Promise<void>;
}

/**
 * Starts the platform, and takes up what a server before this one left.
 *
 * @throws {Error} for a manifest that is wrong, a host beyond loopback, a path that is too long
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { port = 8090, host = "127.0.0.1", parallel = DEFAULT_PARALLEL, askMs = DEFAULT_ASK_MS } = options;
  const data = resolve(options.data);
  checkOptions(host, data, parallel);
  const logger = options.logger ?? pino({ level: "silent" });
  const kinds = loadKinds(options.evaluations);
  for (const name of ["runs", "sockets"]) mkdirSync(join(data, name), { recursive: true, mode: 0o700 });

  const db = new Database(join(data, "evals.sqlite"));
  const tidings = await createTidings({
    data: join(data, "tidings"),
    basePath: BASE_PATH,
    policies: POLICIES,
    toCommandError,
    drainMs: options.drainMs ?? DEFAULT_DRAIN_MS,
    logger: logger.child({ name: "tidings" }),
  });
  const stopping = new AbortController();
  const teller = new Teller(tidings, logger, stopping.signal);
  const folderOf = (id: string): string => join(data, "runs", id);
  const evaluations = new Evaluations({
    kinds,
    parallel,
    maxQueued: options.maxQueued ?? LIMITS.maxQueued,
    maxEvaluations: Math.min(options.maxEvaluations ?? LIMITS.maxEvaluations, LIMITS.maxEvaluations),
    db,
    teller,
    logger,
    allAlerts: await readAllAlerts(teller),
    signal: stopping.signal,
    askMs,
    folderOf,
    socketOf: (id) => join(data, "sockets", `${id.slice(-ID_SUFFIX)}.sock`),
  });
  addCommands(tidings, evaluations, askMs);
  const app = createApp({ evaluations, teller, logger, folderOf, web: options.web });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((req, res) => {
    tidings.handler(req, res, () => void listener(req, res));
  });
  tidings.attach(server);
  // Before anybody can ask: who reads the list finds what runs, and not what ran.
  await evaluations.restore();
  const { promise, resolve: listening, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, host, listening);
  await promise;
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${bound}`,
    async close() {
      const closed = new Promise((ended) => server.close(ended));
      await tidings.drain();
      stopping.abort();
      await evaluations.stopTurns();
      server.closeAllConnections();
      await closed;
      await tidings.close();
      db.close();
    },
  };
}

function checkOptions(host: string, data: string, parallel: number): void {
  if (!LOOPBACK.test(host)) {
    throw new Error(
      `nobody is asked who they are, and ${host} can be reached from a network, whose every machine could start processes here. ` +
        "Listen on 127.0.0.1, behind a proxy that authenticates.",
    );
  }
  if (Buffer.byteLength(data) > MAX_DATA_BYTES)
    throw new Error(`${data} has more than ${MAX_DATA_BYTES} bytes; choose a shorter --data.`);
  if (!Number.isInteger(parallel) || parallel < 1 || parallel > MAX_PARALLEL)
    throw new Error(`parallel is ${parallel}; it must be a whole number from 1 to ${MAX_PARALLEL}.`);
}
