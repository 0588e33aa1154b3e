import { randomBytes, randomInt } from "node:crypto";
import {
  DEFAULT_RETENTION,
  Hub,
  type Log,
  type LogOptions,
  MemoryLog,
  Policies,
  Publisher,
} from "@tidings/core";
import { DEFAULT_LIMITS, type Limits } from "@tidings/protocol";
import { pino } from "pino";
import { CANARY_CHANNEL } from "../health/canary.ts";
import { Connections } from "../http/connections.ts";
import { errorMaker, type Services } from "../http/services.ts";
import { LmdbLog } from "../logs/lmdb/index.ts";
import type { TidingsOptions } from "./options.ts";
import { createPacer } from "./pacer.ts";

const EPOCH_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const EPOCH_LENGTH = 8;
const SWEEP_MS = 1_000;
/** Above the canary's own few messages; the system's channels are not for keeping. */
const CANARY_RETENTION = { ...DEFAULT_RETENTION, maxMessages: 8 };

export interface OpenedServices {
  readonly services: Services;
  /** Ends the timers and the hub, then the log. */
  readonly close: () => Promise<void>;
}

/** Opens the log and builds on it what the rooms share. */
export async function openServices(options: TidingsOptions): Promise<OpenedServices> {
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const logger = options.logger ?? pino({ level: "silent" });
  const canary = { pattern: CANARY_CHANNEL, retention: CANARY_RETENTION, publish: "server" } as const;
  const policies = new Policies([canary, ...(options.policies ?? [])], {
    maxMessageBytes: limits.maxMessageBytes,
  });
  const log = await openLog(options, {
    retentionOf: (channel) => policies.of(channel).retention,
    nowMs: Date.now,
    newEpoch: () =>
      Array.from({ length: EPOCH_LENGTH }, () =>
        EPOCH_CHARACTERS.charAt(randomInt(EPOCH_CHARACTERS.length)),
      ).join(""),
  });
  const hub = new Hub({
    log,
    defer: createPacer(),
    nowMs: Date.now,
    // Not from Node's pool: a shared batch would keep the whole slab it was cut from.
    allocate: (size) => Buffer.allocUnsafeSlow(size),
  });
  const connections = new Connections(limits);
  const services: Services = {
    log,
    hub,
    publisher: new Publisher(log, policies, limits),
    policies,
    limits,
    connections,
    logger,
    newId: () => randomBytes(12).toString("base64url"),
    toError: errorMaker(logger),
  };
  const sweeper = setInterval(() => {
    hub.sweep();
    log
      .sweep()
      .catch((error: unknown) =>
        logger.warn({ err: error }, "the log could not be swept; it will be tried again"),
      );
  }, SWEEP_MS);
  sweeper.unref();
  const close = async (): Promise<void> => {
    clearInterval(sweeper);
    connections.close();
    hub.close();
    await log.close();
  };
  return { services, close };
}

async function openLog(options: TidingsOptions, logOptions: LogOptions): Promise<Log> {
  if (options.log === "memory") return new MemoryLog(logOptions);
  return LmdbLog.open({ ...logOptions, path: options.data ?? "./data" });
}
