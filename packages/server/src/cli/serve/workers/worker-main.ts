import { once } from "node:events";
import { rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { TidingsError } from "@tidings/protocol";
import type { Logger } from "pino";
import { SharedPayloads } from "../../../artifacts/shared.ts";
import { configEntries } from "../../../config/index.ts";
import { relay } from "../../../http/relay.ts";
import { RemoteLog } from "../../../logs/remote/index.ts";
import { MAX_NODE_NAME } from "../../../nodes/index.ts";
import { Peer } from "../../../peer/index.ts";
import { createInnerTidings } from "../../../tidings.ts";
import { describeError, EXIT, exitCodeOf } from "../../exit.ts";
import { tuneHeap } from "../heap.ts";
import { createLogger } from "../logger.ts";
import { stopSignal } from "../stop-signal.ts";
import { Handed } from "./handed.ts";
import { type FromWorker, PEER_FD, type ToWorker } from "./messages.ts";
import { type Places, placesIn } from "./places.ts";

type Start = Extract<ToWorker, { readonly type: "start" }>;

const ARTIFACT = /^\/artifacts(?:\/|$)/;

/** Serves the connections that it is handed, until it is told to stop. */
async function work({ worker, loaded, folder }: Start, peer: Peer): Promise<void> {
  tuneHeap();
  const { config, sources, auth } = loaded;
  const logger = createLogger(config).child({ worker });
  endWithPrimary(peer, logger, folder);
  const places = placesIn(folder);
  const { auth: _, ...options } = config;
  const isEmbedded = config.log === "lmdb" || config.log === "memory";
  const inner = await createInnerTidings(
    {
      ...options,
      // Whoever looks at the nodes sees which worker it is.
      ...(options.node === null || options.node === undefined ? {} : { node: nameOf(options.node, worker) }),
      ...(auth === undefined ? {} : { auth }),
      configuration: configEntries(config, sources),
      logger,
    },
    {
      ...(isEmbedded ? { log: await RemoteLog.open(peer) } : {}),
      payloads: new SharedPayloads(peer),
      passOn: (req, res, path) => passOn(req, res, path, places),
      labels: { worker: String(worker) },
      allMetrics: async () => (await peer.call("all-figures", [])).head as string,
    },
  );
  const { tidings, metrics, createServer } = inner;
  peer.handle("figures", async () => ({ value: await metrics.own() }));
  const handed = new Handed(createServer(), (count) => say({ type: "closed", count }));
  process.on("message", (message: ToWorker, socket?: Socket) => {
    if (message.type !== "connection") return;
    // The client may be gone, and the socket with it.
    if (socket !== undefined) handed.take(socket);
    say({ type: "taken" });
  });
  logger.debug("the worker takes connections");
  say({ type: "ready" });
  await stop;
  say({ type: "stopping" });
  await tidings.drain();
  await handed.close();
  await tidings.close();
}

function nameOf(node: string, worker: number): string {
  return `${node.slice(0, MAX_NODE_NAME - 4)}:${worker}`;
}

/** What only one process has: the artifacts. */
function passOn(req: IncomingMessage, res: ServerResponse, path: string, { primary }: Places): boolean {
  if (!ARTIFACT.test(path)) return false;
  relay(req, res, primary, () => new TidingsError("LOG_UNAVAILABLE", PRIMARY_GONE));
  return true;
}

const PRIMARY_GONE = "the process that has the artifacts is gone; the server is going down. Try again.";

/** Without the primary there is no log, or nobody to replace this worker: whoever started the server has to start it again. */
function endWithPrimary(peer: Peer, logger: Logger, folder: string): void {
  let isEnding = false;
  const end = (): void => {
    if (isEnding || isStopped) return;
    isEnding = true;
    logger.fatal("the primary process is gone, and with it what the workers share; this worker ends");
    // Nobody else is left to do it.
    rmSync(folder, { recursive: true, force: true });
    process.exit(EXIT.failure);
  };
  // Whichever is noticed first.
  process.on("disconnect", end);
  void peer.ended.then(end);
}

function say(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => undefined);
}

let isStopped = false;
const told = Promise.withResolvers<void>();
process.on("message", (message: ToWorker) => {
  if (message.type === "stop") told.resolve();
});
const stop = Promise.race([told.promise, stopSignal()]).then(() => {
  isStopped = true;
});
const [start] = (await once(process, "message")) as [Start];
const peer = new Peer(new Socket({ fd: PEER_FD, readable: true, writable: true }), "the primary process");
try {
  await work(start, peer);
  process.exit(EXIT.ok);
} catch (error) {
  say({ type: "failed", message: describeError(error), exitCode: exitCodeOf(error) });
  // Once that is on its way.
  peer.close();
  await peer.ended;
  process.exit(exitCodeOf(error));
}
