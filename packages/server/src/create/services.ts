import { randomBytes, randomInt } from "node:crypto";
import { join } from "node:path";
import {
  DEFAULT_RETENTION,
  Hub,
  type Log,
  type LogOptions,
  MemoryLog,
  Policies,
  Presence,
  Publisher,
  SplitLog,
} from "@tidings/core";
import { DEFAULT_LIMITS, type Limits } from "@tidings/protocol";
import { type Logger, pino } from "pino";
import { REVOCATIONS_POLICY } from "../auth/index.ts";
import { answerNone, Artifacts, ArtifactsElsewhere, FolderStore } from "../artifacts/index.ts";
import { Backends, Commands } from "../commands/index.ts";
import { optionEntries } from "../config/index.ts";
import { CANARY_CHANNEL } from "../health/canary.ts";
import { Addresses } from "../http/address.ts";
import { Admission } from "../http/admission.ts";
import { Arrivals } from "../http/arrivals.ts";
import { Connections, type OpenConnection } from "../http/connections.ts";
import { Descriptors } from "../http/descriptors.ts";
import type { GuardOptions } from "../http/guard.ts";
import { takePatches } from "../http/patch-elsewhere.ts";
import { Refusals } from "../http/refusals.ts";
import { Senders } from "../http/senders.ts";
import { Sockets } from "../http/sockets.ts";
import { CATCH_UP_BYTES, errorMaker, type Services } from "../http/services.ts";
import { Insight, INSIGHT_POLICIES, isOfNode, whoIs } from "../insight/index.ts";
import { LmdbLog } from "../logs/lmdb/index.ts";
import type { EngineEvent } from "../logs/engine-event.ts";
import { isNatsUrl } from "../logs/nats-url.ts";
import { sharePresence, shareSubjects } from "../nodes/index.ts";
import { closeAuth, openAuth } from "./auth.ts";
import { lockFolder } from "./folder-lock.ts";
import type { InnerOptions } from "./inner.ts";
import { aboutNode, createNodes } from "./nodes.ts";
import type { TidingsOptions } from "./options.ts";
import { version } from "../version.ts";
import { createPacer } from "./pacer.ts";

const EPOCH_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const EPOCH_LENGTH = 8;
const SWEEP_MS = 1_000;
const SWEEP_ARTIFACTS_MS = 60_000;
const DEFAULT_DATA = "./data";
/** Above the canary's own few messages; the system's channels are not for keeping. */
const CANARY_RETENTION = { ...DEFAULT_RETENTION, maxMessages: 8 };

export interface OpenedServices {
  readonly services: Services;
  /** Ends the timers and the hub, then the log. */
  readonly close: () => Promise<void>;
}

/** Opens the log and builds on it what the rooms share. */
export async function openServices(
  options: TidingsOptions,
  guard: GuardOptions,
  descriptors: Descriptors = new Descriptors(),
  inner: InnerOptions = {},
): Promise<OpenedServices> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const logger = options.logger ?? pino({ level: "silent" });
  const canary = { pattern: CANARY_CHANNEL, retention: CANARY_RETENTION, publish: "server" } as const;
  const policies = new Policies(
    [canary, REVOCATIONS_POLICY, ...INSIGHT_POLICIES, ...(options.policies ?? [])],
    {
      maxMessageBytes: limits.maxMessageBytes,
      inlineBytes: limits.inlineBytes,
      maxArtifactBytes: limits.maxArtifactBytes,
    },
  );
  const about = aboutNode(options.node);
  const addresses = new Addresses(options.trustedProxies ?? []);
  const commands = new Commands(limits, logger);
  const backends = new Backends(limits.maxCommandBytes);
  // Before the log is opened: what is wrong with them must not leave it open.
  for (const backend of options.commands ?? [])
    commands.registry.addPattern(backend.pattern, backends.route(backend));
  const logOptions: LogOptions = {
    retentionOf: (channel) => policies.of(channel).retention,
    nowMs: Date.now,
    newEpoch: () =>
      Array.from({ length: EPOCH_LENGTH }, () =>
        EPOCH_CHARACTERS.charAt(randomInt(EPOCH_CHARACTERS.length)),
      ).join(""),
  };
  const aside = new MemoryLog(logOptions);
  const insight = new Insight(aside, Date.now);
  const { events } = insight;
  const own =
    inner.log ?? (await openLog(options, logOptions, (tookMs) => insight.commits.add(tookMs), logger));
  const main = inner.share?.(own) ?? own;
  const log = new SplitLog({ main, aside, isAside: isOfNode });
  const newId = idMaker();
  // What another process keeps is not opened here a second time.
  const hasArtifacts = inner.payloads === undefined;
  const isShared = !isAlone(own);
  const artifacts = await openArtifacts(hasArtifacts ? options : { ...options, log: "memory" }, {
    log,
    isShared: isShared && hasArtifacts,
    limits,
    logger,
    policies,
    newId,
  });
  const pacer = createPacer();
  const hub = new Hub({
    log,
    defer: pacer.defer,
    nowMs: Date.now,
    conflationOf: (channel) => {
      const { conflate, compact } = policies.of(channel);
      // Without keys that replace each other, every message that is kept is one that a reader is promised.
      return conflate ? (compact ? "everything" : "ephemeral") : "nothing";
    },
    // Not from Node's pool: a shared batch would keep the whole slab it was cut from.
    allocate: (size) => Buffer.allocUnsafeSlow(size),
  });
  const nodeId = newId();
  const nodes = isAlone(main)
    ? undefined
    : createNodes({ id: nodeId, about, limits, log: main, hub, events, logger, schedule });
  const presence: Presence = new Presence({
    limits,
    policies,
    nowMs: Date.now,
    elapsedMs: () => performance.now(),
    newId,
    schedule,
    defer: setImmediate,
    ...(nodes === undefined ? {} : { tell: sharePresence(nodes, () => presence) }),
  });
  if (nodes !== undefined && !hasArtifacts) answerNone(nodes);
  const artifactsElsewhere =
    nodes !== undefined && hasArtifacts && isShared ? new ArtifactsElsewhere(artifacts, nodes) : undefined;
  const payloads = inner.payloads ?? artifactsElsewhere ?? artifacts;
  const publisher = new Publisher(log, policies, limits, {
    store: payloads,
    nowMs: Date.now,
    watch: insight.watch(hub),
    channelCount: () => main.channelCount,
    onFault: (error) => {
      logger.warn({ err: error }, "an artifact was not bound to its message; a sweep will do it");
      events.fault("an artifact was not bound to its message; a sweep will do it", error);
    },
  });
  const { auth: authOptions } = options;
  const auth =
    authOptions === undefined
      ? undefined
      : await openAuth(authOptions, { hub, publisher, addresses, logger, guard, nodes }).catch(
          async (error: unknown) => {
            hub.close();
            await artifacts.close();
            await log.close();
            throw error;
          },
        );
  const toError = errorMaker(logger);
  const connections = new Connections(limits, {
    sessions: auth?.sessions,
    elsewhere: nodes && shareSubjects(nodes, limits.maxConnectionsPerSubject),
    onOpened: pacer.arrived,
    onClosed: (connection, { reason, message }) =>
      events.disconnected(reason, () => farewell(connection, message)),
  });
  const refusals = new Refusals((code, about) => events.refused(code, about));
  const services: Services = {
    log,
    hub,
    publisher,
    auth,
    addresses,
    policies,
    artifacts,
    artifactsElsewhere,
    payloads,
    presence,
    limits,
    compression: options.compression ?? "http",
    connections,
    connection: {
      hub,
      presence,
      maxChannels: limits.maxChannelsPerConnection,
      pageLimits: {
        maxMessages: limits.maxPageMessages,
        maxBytes: Math.min(CATCH_UP_BYTES, limits.maxPageBytes),
      },
      toError,
    },
    admission: new Admission(),
    arrivals: new Arrivals(limits.maxConnectsPerSecond, Date.now),
    sockets: new Sockets({ limits, addresses, descriptors, refusals }),
    refusals,
    senders: new Senders(limits, Date.now),
    commands,
    configuration: options.configuration ?? optionEntries(options),
    insight,
    logger,
    nodes,
    nodeId,
    newId,
    toError,
  };
  const sweeper = setInterval(() => {
    hub.sweep();
    log.sweep().catch((error: unknown) => {
      logger.warn({ err: error }, "the log could not be swept; it will be tried again");
      events.fault("the log could not be swept; it will be tried again", error);
    });
  }, SWEEP_MS);
  sweeper.unref();
  const artifactSweeper = setInterval(() => {
    artifacts.sweep().catch((error: unknown) => {
      logger.warn({ err: error }, "the artifacts could not be swept; it will be tried again");
      events.fault("the artifacts could not be swept; it will be tried again", error);
    });
  }, SWEEP_ARTIFACTS_MS);
  artifactSweeper.unref();
  insight.begin(
    services,
    about,
    own instanceof LmdbLog
      ? { folder: options.data ?? DEFAULT_DATA, usedBytes: () => own.usedBytes }
      : undefined,
  );
  events.started({ version, node: services.nodeId, log: options.log ?? "lmdb" });
  if (nodes !== undefined) takePatches(services, nodes);
  // Once all that they may be asked for is there.
  if (nodes !== undefined) await whileAlive(nodes.start());
  const close = async (): Promise<void> => {
    insight.close();
    clearInterval(sweeper);
    clearInterval(artifactSweeper);
    if (auth !== undefined) closeAuth(auth);
    commands.close();
    backends.close();
    connections.close();
    presence.close();
    await nodes?.close();
    hub.close();
    // First: a sweep asks the log.
    await artifacts.close();
    await log.close();
  };
  return { services, close };
}

/** The timers of nodes keep no process from its end; one that starts has nothing else yet that does. */
async function whileAlive(started: Promise<void>): Promise<void> {
  const alive = setInterval(() => undefined, 60_000);
  await started.finally(() => clearInterval(alive));
}

/** 96 random bits each. Asked for by the hundred: alone each takes 8 µs. */
function idMaker(): () => string {
  const bytes = 12;
  let random = Buffer.alloc(0);
  let at = 0;
  return () => {
    if (at === random.length) {
      random = randomBytes(256 * bytes);
      at = 0;
    }
    at += bytes;
    // None begins with "-": on a command line it would be taken for an option.
    return random.toString("base64url", at - bytes, at).replace(/^-/, "_");
  };
}

/** Whether no other node can be on the log. */
function isAlone(log: Log): boolean {
  return log instanceof MemoryLog || log instanceof LmdbLog;
}

function schedule(ms: number, callback: () => void): () => void {
  const timer = setTimeout(callback, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

async function openLog(
  options: TidingsOptions,
  logOptions: LogOptions,
  onCommit: (tookMs: number) => void,
  logger: Logger,
): Promise<Log> {
  const { log = "lmdb" } = options;
  if (log === "memory") return new MemoryLog(logOptions);
  if (isNatsUrl(log)) {
    // Only where it is used, as the one below.
    const { JetStreamLog } = await import("../logs/jetstream/index.ts");
    const onEvent = (event: EngineEvent): void => logEngineEvent(logger, "NATS", event);
    return JetStreamLog.open({ ...logOptions, ...options.nats, url: log, onEvent });
  }
  if (log !== "lmdb") {
    // Only where it is used: its client takes as long to load as the rest of the server.
    const { RedisLog } = await import("../logs/redis/index.ts");
    const onEvent = (event: EngineEvent): void => logEngineEvent(logger, "Redis", event);
    return RedisLog.open({ ...logOptions, ...options.redis, url: log, onEvent });
  }
  return LmdbLog.open({ ...logOptions, path: options.data ?? DEFAULT_DATA, onCommit });
}

/** What is told of a connection that has ended. */
function farewell(
  { id, transport, address, access, openedAtMs, wire }: OpenConnection,
  message: string | undefined,
): Readonly<Record<string, unknown>> {
  return {
    connection: id,
    transport,
    address,
    who: whoIs(access.identity),
    openSeconds: Math.round((performance.now() - openedAtMs) / 1_000),
    bytes: wire?.bytesWritten ?? 0,
    ...(message === undefined ? {} : { message }),
  };
}

/** Once each, and not for every publish that meets it. */
function logEngineEvent(logger: Logger, engine: string, event: EngineEvent): void {
  const { server } = event;
  if (event.type === "lost")
    logger.error({ server, reason: event.reason }, `the log's ${engine} is lost; readers stay connected`);
  else if (event.type === "back")
    logger.info({ server, awayMs: event.awayMs }, `the log's ${engine} is back`);
  else
    logger.warn({ server, problem: event.problem }, `the log's ${engine} is not set up for keeping messages`);
}

/** Beside the log, and for as long as it: after the log, whose lock keeps other processes away from the folder. */
async function openArtifacts(
  options: TidingsOptions,
  shared: {
    readonly log: Log;
    readonly isShared: boolean;
    readonly limits: Limits;
    readonly logger: Logger;
    readonly policies: Policies;
    readonly newId: () => string;
  },
): Promise<Artifacts> {
  const path = options.log === "memory" ? undefined : join(options.data ?? DEFAULT_DATA, "artifacts");
  const store = new FolderStore(path, shared.logger, shared.isShared ? lockFolder : undefined);
  try {
    return await Artifacts.open({
      ...shared,
      store,
      nowMs: Date.now,
      basePath: options.basePath ?? "",
      isCompact: (channel) => shared.policies.of(channel).compact,
    });
  } catch (error) {
    await store.close();
    await shared.log.close();
    throw error;
  }
}
