import { DEFAULT_RETENTION, type ResolvedPolicy, type Retention } from "@tidings/core";
import { DEFAULT_LIMITS } from "@tidings/protocol";
import { DEFAULT_CLOCK_TOLERANCE_MS } from "../auth/options.ts";
import type { Config, PolicyInput } from "./config.ts";

/**
 * What holds where nobody says otherwise. `data` stands for the folder of that name in the working folder, `auth.keys` for
 * the file of that name in `data`.
 */
export const DEFAULTS: Config = {
  host: "127.0.0.1",
  port: 8_080,
  open: false,
  workers: 1,
  data: "./data",
  log: "lmdb",
  redis: { prefix: "tidings:", waitMs: 1_000, timeoutMs: 5_000, replicas: 0, ca: null },
  nats: { prefix: "tidings", waitMs: 1_000, timeoutMs: 5_000, replicas: 1, ca: null, credentials: null },
  node: null,
  allowedHosts: [],
  trustedProxies: [],
  cors: { origins: [] },
  auth: {
    jwt: [],
    issuer: null,
    audience: null,
    clockToleranceMs: DEFAULT_CLOCK_TOLERANCE_MS,
    keys: "keys.json",
    cookie: null,
    anonymous: {},
    callback: null,
  },
  limits: DEFAULT_LIMITS,
  compression: "http",
  drainMs: 5_000,
  logLevel: "info",
  logFormat: "auto",
  policies: [],
  commands: [],
};

/** A policy after its schema: quantities are numbers, and "unlimited" is `Infinity`. */
export interface CheckedPolicy extends Pick<
  PolicyInput,
  "pattern" | "publish" | "ephemeralOnly" | "compact" | "conflate" | "presence"
> {
  readonly retention?: Partial<Omit<Retention, "compact">>;
  readonly maxMessageBytes?: number;
  readonly inlineBytes?: number;
  readonly maxArtifactBytes?: number;
}

/** Fills in what a policy leaves out. */
export function completePolicy(policy: CheckedPolicy, limits: Config["limits"]): ResolvedPolicy {
  return {
    pattern: policy.pattern,
    retention: {
      ...DEFAULT_RETENTION,
      ...policy.retention,
      ...(policy.compact === true ? { compact: true } : {}),
    },
    maxMessageBytes: policy.maxMessageBytes ?? limits.maxMessageBytes,
    publish: policy.publish ?? "anyone",
    ephemeralOnly: policy.ephemeralOnly ?? false,
    inlineBytes: policy.inlineBytes ?? limits.inlineBytes,
    maxArtifactBytes: policy.maxArtifactBytes ?? limits.maxArtifactBytes,
    compact: policy.compact ?? false,
    conflate: policy.conflate ?? false,
    presence: policy.presence ?? true,
  };
}
