import { RIGHTS } from "@tidings/core";
import type { Limits } from "@tidings/protocol";
import { z } from "zod";
// Not by the room's index: the command line starts without the server.
import { MAX_PATTERNS } from "../auth/claims.ts";
import type { Config } from "./config.ts";
import type { CheckedPolicy } from "./defaults.ts";
import {
  backendUrl,
  channelPattern,
  commandPattern,
  commandSecret,
  cookieName,
  count,
  duration,
  filePath,
  folderPath,
  headerName,
  hostName,
  jwtAlgorithm,
  jwtSecret,
  listenHost,
  logKind,
  network,
  natsPrefix,
  nodeName,
  oneOf,
  orAuto,
  orNone,
  orUnlimited,
  origin,
  publicKey,
  redisPrefix,
  shortText,
  size,
  type ValueType,
  yesOrNo,
} from "./values.ts";

/** What one source says, checked: quantities are numbers, and what it does not say is absent. */
export type Layer = {
  readonly [
    Name in Exclude<keyof Config, "auth" | "cors" | "limits" | "nats" | "policies" | "redis">
  ]?: Config[Name];
} & {
  readonly auth?: Partial<Config["auth"]>;
  readonly cors?: Partial<Config["cors"]>;
  readonly limits?: Partial<Limits>;
  readonly nats?: Partial<Config["nats"]>;
  readonly redis?: Partial<Config["redis"]>;
  readonly policies?: readonly CheckedPolicy[];
};

/** One thing a source says that it may not. `allowed` completes "it must be …"; `known` is there for unknown names. */
interface Issue {
  readonly path: readonly PropertyKey[];
  readonly allowed: string;
  readonly known?: readonly string[];
}

export type CheckedLayer =
  | { readonly isValid: true; readonly layer: Layer }
  | { readonly isValid: false; readonly issues: readonly Issue[] };

const KIB = 1_024;
const MIB = 1_024 * KIB;
const MAX_ARTIFACT_BYTES = 1_024 * 1_024 * MIB;
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const tenMinutes = duration(1, 10 * MINUTE, "10 minutes");
const tenMinutesOrNone = duration(0, 10 * MINUTE, "10 minutes");
/** Proxies cut what is silent for a minute, and so do clients. */
const oneMinute = duration(1, MINUTE, "1 minute");

/** Generous, and still bounds: what is above them is a slip of the keyboard or would fill the machine. */
const LIMITS: { readonly [Name in keyof Limits]: ValueType<number> } = {
  maxMessageBytes: size(64 * MIB),
  maxBatchMessages: count(1, 100_000),
  maxBatchBytes: size(256 * MIB),
  maxPageMessages: count(1, 100_000),
  maxPageBytes: size(256 * MIB),
  maxChannelsPerConnection: count(1, 100_000),
  maxFilterEvents: count(1, 1_000),
  maxPositionBytes: size(64 * KIB),
  maxFrameBytes: size(256 * MIB),
  maxFramesInFlight: count(1, 65_536),
  longPollDefaultMs: tenMinutes,
  longPollMaxMs: tenMinutes,
  heartbeatMs: oneMinute,
  pingMs: oneMinute,
  pongTimeoutMs: oneMinute,
  authTimeoutMs: oneMinute,
  maxConnections: count(1, 10_000_000),
  maxConnectionsPerAddress: orUnlimited(count(1, 10_000_000)),
  maxConnectionsPerSubject: orUnlimited(count(1, 10_000_000)),
  maxConnectsPerSecond: orUnlimited(count(1, 1_000_000)),
  keepAliveMs: tenMinutes,
  requestTimeoutMs: duration(1, 60 * MINUTE, "1 hour"),
  inlineBytes: size(64 * MIB),
  maxBase64Bytes: size(64 * MIB),
  maxPreviewBytes: size(32 * KIB),
  maxArtifactBytes: size(MAX_ARTIFACT_BYTES, 0),
  maxArtifactStoreBytes: size(1_024 * 1_024 * 1_024 * MIB),
  artifactTtlMs: duration(1, 3_650 * DAY, "3,650 days"),
  uploadTtlMs: duration(1, 365 * DAY, "365 days"),
  maxCommandBytes: size(64 * MIB),
  maxCommandsInFlight: count(1, 65_536),
  commandTimeoutMs: duration(1, DAY, "1 day"),
  maxCommandTimeoutMs: duration(1, DAY, "1 day"),
  maxPresenceStateBytes: size(64 * KIB),
  maxPresenceMembers: count(1, 10_000_000),
  maxPresenceListed: count(0, 100_000),
  maxPresenceListedBytes: size(16 * MIB),
  presenceGraceMs: duration(0, 60 * MINUTE, "1 hour"),
  presenceFlushMs: duration(1, MINUTE, "1 minute"),
  presenceTtlMs: duration(1, 365 * DAY, "365 days"),
  maxPresenceTtlMs: duration(1, 365 * DAY, "365 days"),
  nodeTimeoutMs: duration(100, 10 * MINUTE, "10 minutes"),
  maxEphemeralPerSecond: count(1, 1_000_000),
  maxPublishesPerSecond: orUnlimited(count(1, 10_000_000)),
  maxPublishBytesPerSecond: orUnlimited(size(1_024 * 1_024 * MIB)),
  maxChannels: orUnlimited(count(1, 1_000_000_000)),
  maxChannelsPerMinute: orUnlimited(count(1, 10_000_000)),
};

const retention = z.strictObject({
  maxMessages: leaf(orUnlimited(count(1, 1_000_000_000_000))).optional(),
  maxBytes: leaf(orUnlimited(size(1_024 * 1_024 * 1_024 * MIB))).optional(),
  maxAgeMs: leaf(orUnlimited(duration(1, 3_650 * 24 * 60 * MINUTE, "3,650 days"))).optional(),
});

const policy = z.strictObject({
  pattern: leaf(channelPattern),
  retention: retention.optional(),
  maxMessageBytes: leaf(LIMITS.maxMessageBytes).optional(),
  publish: leaf(oneOf("anyone", "server")).optional(),
  ephemeralOnly: leaf(yesOrNo).optional(),
  inlineBytes: leaf(LIMITS.inlineBytes).optional(),
  maxArtifactBytes: leaf(size(MAX_ARTIFACT_BYTES, 0)).optional(),
  compact: leaf(yesOrNo).optional(),
  conflate: leaf(yesOrNo).optional(),
  presence: leaf(yesOrNo).optional(),
});

const commandBackend = z.strictObject({
  pattern: leaf(commandPattern),
  url: leaf(backendUrl),
  secret: leaf(commandSecret).optional(),
  timeoutMs: leaf(LIMITS.commandTimeoutMs).optional(),
  retries: leaf(count(0, 10)).optional(),
});

const jwtKey = z
  .strictObject({
    algorithm: leaf(jwtAlgorithm).optional(),
    secret: leaf(jwtSecret).optional(),
    publicKey: leaf(publicKey).optional(),
    kid: leaf(shortText).optional(),
    jwks: leaf(backendUrl).optional(),
  })
  .superRefine((key, context) => {
    const given = Object.entries(key).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    const [kind, needed] =
      key.jwks !== undefined
        ? ["a key set", ["jwks"]]
        : key.algorithm === "HS256"
          ? ["HS256", ["algorithm", "secret"]]
          : [key.algorithm ?? "a key that is no set", ["algorithm", "publicKey"]];
    const tell = (name: string, message: string): void =>
      context.addIssue({ code: "custom", path: [name], message });
    // Without an algorithm it is not known what else is needed.
    const missing = needed
      .filter((name) => !given.includes(name))
      .slice(0, key.algorithm === undefined ? 1 : 2);
    for (const name of missing) tell(name, `there, for ${kind}: ${JWT_ALLOWED[name]}`);
    if (missing.includes("algorithm")) return;
    const taken = key.jwks === undefined ? [...needed, "kid"] : needed;
    for (const name of given) if (!taken.includes(name)) tell(name, `left out beside ${taken.join(" and ")}`);
  });

const JWT_ALLOWED: Readonly<Record<string, string>> = {
  algorithm: jwtAlgorithm.allowed,
  secret: jwtSecret.allowed,
  publicKey: publicKey.allowed,
};

const anonymous = z.strictObject(
  Object.fromEntries(
    RIGHTS.map((right) => [
      right,
      z
        .array(leaf(right === "command" ? commandPattern : channelPattern))
        .max(MAX_PATTERNS)
        .optional(),
    ]),
  ),
);

const callback = z.strictObject({
  url: leaf(backendUrl),
  secret: leaf(commandSecret).optional(),
  actions: z.array(leaf(oneOf("connect", "subscribe", "publish"))).optional(),
  timeoutMs: leaf(oneMinute).optional(),
  cacheMs: leaf(tenMinutesOrNone).optional(),
  headers: z.array(leaf(headerName)).max(16).optional(),
});

const auth = z.strictObject({
  jwt: z.array(jwtKey).max(16).optional(),
  issuer: leaf(orNone(shortText)).optional(),
  audience: leaf(orNone(shortText)).optional(),
  clockToleranceMs: leaf(tenMinutesOrNone).optional(),
  keys: leaf(filePath).optional(),
  cookie: leaf(orNone(cookieName)).optional(),
  anonymous: anonymous.optional(),
  callback: callback.nullable().optional(),
});

const redis = z.strictObject({
  prefix: leaf(redisPrefix).optional(),
  waitMs: leaf(duration(0, MINUTE, "1 minute")).optional(),
  timeoutMs: leaf(duration(100, MINUTE, "1 minute")).optional(),
  replicas: leaf(count(0, 5)).optional(),
  ca: leaf(orNone(filePath)).optional(),
});

const nats = z.strictObject({
  prefix: leaf(natsPrefix).optional(),
  waitMs: leaf(duration(0, MINUTE, "1 minute")).optional(),
  timeoutMs: leaf(duration(100, MINUTE, "1 minute")).optional(),
  replicas: leaf(count(1, 5)).optional(),
  ca: leaf(orNone(filePath)).optional(),
  credentials: leaf(orNone(filePath)).optional(),
});

const schema = z.strictObject({
  host: leaf(listenHost).optional(),
  port: leaf(count(0, 65_535, " (0: any free port)")).optional(),
  open: leaf(yesOrNo).optional(),
  workers: leaf(orAuto(count(1, 128))).optional(),
  data: leaf(folderPath).optional(),
  log: leaf(logKind).optional(),
  redis: redis.optional(),
  nats: nats.optional(),
  node: leaf(orNone(nodeName)).optional(),
  allowedHosts: z.array(leaf(hostName)).optional(),
  trustedProxies: z.array(leaf(network)).max(1_000).optional(),
  cors: z.strictObject({ origins: z.array(leaf(origin)).optional() }).optional(),
  auth: auth.optional(),
  limits: z
    .strictObject(
      Object.fromEntries(Object.entries(LIMITS).map(([name, type]) => [name, leaf(type).optional()])),
    )
    .optional(),
  compression: leaf(oneOf("off", "http", "all")).optional(),
  drainMs: leaf(tenMinutesOrNone).optional(),
  logLevel: leaf(oneOf("trace", "debug", "info", "warn", "error", "fatal", "silent")).optional(),
  logFormat: leaf(oneOf("auto", "text", "json")).optional(),
  policies: z.array(policy).max(10_000).optional(),
  commands: z.array(commandBackend).max(1_000).optional(),
});

/** The names each object may have, by the path of the object; `*` stands for an index. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(schema.shape),
  auth: Object.keys(auth.shape),
  "auth.jwt.*": ["algorithm", "secret", "publicKey", "kid", "jwks"],
  "auth.anonymous": RIGHTS,
  "auth.callback": Object.keys(callback.shape),
  cors: ["origins"],
  limits: Object.keys(LIMITS),
  redis: Object.keys(redis.shape),
  nats: Object.keys(nats.shape),
  "policies.*": Object.keys(policy.shape),
  "commands.*": Object.keys(commandBackend.shape),
  "policies.*.retention": Object.keys(retention.shape),
};

/** The names that `limits` may have. */
export const LIMIT_NAMES: readonly string[] = Object.keys(LIMITS);

/** Checks what one source says. All issues are told, not the first alone. */
export function checkLayer(raw: unknown): CheckedLayer {
  const result = schema.safeParse(raw);
  if (result.success) return { isValid: true, layer: result.data as Layer };
  return { isValid: false, issues: result.error.issues.flatMap(toIssues) };
}

function toIssues(issue: z.core.$ZodIssue): Issue[] {
  switch (issue.code) {
    case "unrecognized_keys": {
      const at = issue.path.map((part) => (typeof part === "number" ? "*" : String(part))).join(".");
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        allowed: "left out",
        known: KNOWN[at] ?? [],
      }));
    }
    case "invalid_type":
      return [{ path: issue.path, allowed: issue.expected === "array" ? "an array" : "an object" }];
    case "too_big":
      return [{ path: issue.path, allowed: `an array of at most ${Number(issue.maximum)}` }];
    default:
      return [{ path: issue.path, allowed: issue.message }];
  }
}

/** A type of the schema out of a {@link ValueType}; its issue's message is what is allowed. */
function leaf<T>(type: ValueType<T>): z.ZodType<T> {
  return z.unknown().transform((value, context): T => {
    const parsed = type.parse(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: "custom", message: type.allowed });
    return z.NEVER;
  }) as unknown as z.ZodType<T>;
}
