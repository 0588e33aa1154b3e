import type { GrantLists, ResolvedPolicy } from "@tidings/core";
import type { Limits } from "@tidings/protocol";
import type { AuthCallback, JwtKey } from "../auth/index.ts";
import type { CommandBackend } from "../commands/index.ts";
import type { Compression } from "../http/services.ts";
// Not by the room's index: the command line starts without the server.
import type { NatsUrl } from "../logs/nats-url.ts";
import type { RedisUrl } from "../logs/redis-url.ts";

type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
type LogFormat = "auto" | "text" | "json";
/** Where messages are kept: `lmdb` on disk, `memory` until the process ends, or on Redis or NATS. */
type LogKind = "lmdb" | "memory" | RedisUrl | NatsUrl;
/** `server`: only the code that embeds the server publishes, no client does. */
type PublishRight = "anyone" | "server";

/** How those who ask are told apart. Whether anybody is asked at all is for `LoadedConfig.auth` to say. */
export interface AuthConfig {
  /** Their PEM files are absolute paths. */
  readonly jwt: readonly JwtKey[];
  /** `null`: not looked at. */
  readonly issuer: string | null;
  /** `null`: not looked at. */
  readonly audience: string | null;
  readonly clockToleranceMs: number;
  /** An absolute path. */
  readonly keys: string;
  /** `null`: cookies are not looked at. */
  readonly cookie: string | null;
  readonly anonymous: GrantLists;
  /** `null`: the application is not asked. */
  readonly callback: AuthCallback | null;
}

/** How a log on Redis is used. */
interface RedisConfig {
  readonly prefix: string;
  readonly waitMs: number;
  readonly timeoutMs: number;
  readonly replicas: number;
  /** An absolute path. `null`: the authorities of Node.js. */
  readonly ca: string | null;
}

/** How a log on NATS JetStream is used. */
interface NatsConfig {
  readonly prefix: string;
  readonly waitMs: number;
  readonly timeoutMs: number;
  readonly replicas: number;
  /** An absolute path. `null`: the authorities of Node.js. */
  readonly ca: string | null;
  /** An absolute path. `null`: what the URL says. */
  readonly credentials: string | null;
}

/** The configuration in force: checked, every field filled in, times in milliseconds and sizes in bytes. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly open: boolean;
  /** How many processes serve; `auto`: one for each core. */
  readonly workers: number | "auto";
  /** An absolute path. */
  readonly data: string;
  readonly log: LogKind;
  readonly redis: RedisConfig;
  readonly nats: NatsConfig;
  /** `null`: the machine's name and the process's id. */
  readonly node: string | null;
  readonly allowedHosts: readonly string[];
  readonly trustedProxies: readonly string[];
  readonly cors: { readonly origins: readonly string[] };
  readonly auth: AuthConfig;
  readonly limits: Limits;
  readonly compression: Compression;
  readonly drainMs: number;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  /** The first whose pattern matches a channel holds for it. */
  readonly policies: readonly ResolvedPolicy[];
  /** The first whose pattern matches a command's name answers it. */
  readonly commands: readonly CommandBackend[];
}

/** A time: milliseconds, or a number and a unit such as `"250ms"`, `"25s"`, `"10m"`, `"24h"`, `"7d"`. */
type Duration = number | string;
/** A size: bytes, or a number and a unit such as `"64KiB"`, `"64MiB"`, `"1GiB"`, or by thousands `"64kB"`, `"64MB"`. */
type Size = number | string;

/** What a policy may say. What it leaves out is as for every other channel. */
export interface PolicyInput {
  /** Channels: `*` stands for one segment, a last `**` for the rest, as in `"evals/**"`. */
  readonly pattern: string;
  /** How much is kept; `null` or `"Infinity"` sets that bound aside. */
  readonly retention?: {
    /** Default 10,000. */
    readonly maxMessages?: number | "Infinity" | null;
    /** Default 64 MiB. */
    readonly maxBytes?: Size | null;
    /** Default 24 h. */
    readonly maxAgeMs?: Duration | null;
  };
  /** Largest payload here; not above `limits.maxMessageBytes`, which is the default. */
  readonly maxMessageBytes?: Size;
  /** Default `"anyone"`. */
  readonly publish?: PublishRight;
  /** Default `false`. */
  readonly ephemeralOnly?: boolean;
  /** Largest payload that travels inline where its publisher does not ask for more. Default `limits.inlineBytes`. */
  readonly inlineBytes?: Size;
  /** Largest stored payload; 0 refuses what is too large to travel. Not above `limits.maxArtifactBytes`, which is the default. */
  readonly maxArtifactBytes?: Size;
  /** Keep the newest message of each key. Default `false`. */
  readonly compact?: boolean;
  /** Give a slow reader only the newest message of each key. Default `false`. */
  readonly conflate?: boolean;
  /** Whether connections may join the channel's presence. Default `true`. */
  readonly presence?: boolean;
}

/** Commands that an HTTP backend answers. */
interface CommandBackendInput {
  /** Names: `*` stands for one segment, a last `**` for the rest, as in `"evals.*"`. */
  readonly pattern: string;
  /** Where they are sent by POST. */
  readonly url: string;
  /** Signs each request: `"whsec_…"`, or `"env:NAME"` for the variable that holds it. Default unsigned. */
  readonly secret?: string;
  /** How long one may take where its caller does not say. Default `limits.commandTimeoutMs`. */
  readonly timeoutMs?: Duration;
  /** Tries after the first, of calls with an idempotency key. Default 2. */
  readonly retries?: number;
}

/** The application's own say, asked over HTTP. */
interface AuthCallbackInput {
  /** Where each question is sent by POST. */
  readonly url: string;
  /** Signs each request: `"whsec_…"`, or `"env:NAME"` for the variable that holds it. Default unsigned. */
  readonly secret?: string;
  /** What is asked about. Default all three. */
  readonly actions?: AuthCallback["actions"];
  /** How long an answer is waited for. Default 2 s. */
  readonly timeoutMs?: Duration;
  /** How long an answer to the very same question holds. Default 0: each is asked. */
  readonly cacheMs?: Duration;
  /** Of a `connect`, the headers that the application sees. Default none. */
  readonly headers?: readonly string[];
}

/** Who may come in, and what tells them apart. With none of `jwt`, `keys`, `anonymous` and `callback` nobody is asked. */
interface AuthInput {
  /** What tokens are verified with; at most 16. A path of a PEM file is from the configuration file's folder on. Default none. */
  readonly jwt?: readonly JwtKey[];
  /** What a token's `iss` must be; `null`, the default, for anything. */
  readonly issuer?: string | null;
  /** What a token's `aud` must be or hold; `null`, the default, for anything. */
  readonly audience?: string | null;
  /** How far the clocks of the one who signs and of this server may be apart. Default 10 s. */
  readonly clockToleranceMs?: Duration;
  /** The file of API keys, from the configuration file's folder on. Default `keys.json` in the data folder, where it is there. */
  readonly keys?: string;
  /** The cookie that may hold a token or key; `null`, the default, for none. */
  readonly cookie?: string | null;
  /** What those may do who show nothing. Default nothing. */
  readonly anonymous?: GrantLists;
  /** The application's own say; `null`, the default, for none. */
  readonly callback?: AuthCallbackInput | null;
}

/** What a configuration file may say; every field may be left out. */
export interface ConfigInput {
  /** The address to listen on. Default `"127.0.0.1"`: this machine only. */
  readonly host?: string;
  /** 0–65,535; 0 takes any free port. Default 8,080. */
  readonly port?: number | string;
  /** Whether to serve a network without authentication. Default `false`. */
  readonly open?: boolean;
  /** How many processes serve, 1–128; `"auto"`: one for each core that the process may use. Default 1. */
  readonly workers?: number | string;
  /** The folder of the log's files, from the file's own folder on. Default `"./data"` in the working folder. */
  readonly data?: string;
  /** Default `"lmdb"`. On Redis: `"redis://[user:password@]host[:port][/database]"` and the like, on NATS `"nats://…"`: see docs/scaling.md. */
  readonly log?: LogKind;
  /** What holds where `log` is a URL of Redis. */
  readonly redis?: {
    /** What all keys begin with: 1–64 of `A-Z a-z 0-9 . _ : -`. Default `"tidings:"`. */
    readonly prefix?: string;
    /** How long an append waits for a Redis that is away before it is refused; 0: not at all. Default 1 s. */
    readonly waitMs?: Duration;
    /** How long an answer may take before the connection is given up as dead. Default 5 s. */
    readonly timeoutMs?: Duration;
    /** How many replicas must have an append before it is acknowledged. Default 0: the master alone. */
    readonly replicas?: number;
    /** PEM file of the authorities that its certificate may be of, from the file's folder on; `null`, the default: those of Node.js. */
    readonly ca?: string | null;
  };
  /** What holds where `log` is a URL of NATS. */
  readonly nats?: {
    /** The name of the stream, and what all subjects begin with: 1–32 of `A-Z a-z 0-9 _ -`. Default `"tidings"`. */
    readonly prefix?: string;
    /** How long what needs a NATS that is away waits for it before it is refused; 0: not at all. Default 1 s. */
    readonly waitMs?: Duration;
    /** How long an answer may take before the connection is given up as dead. Default 5 s. */
    readonly timeoutMs?: Duration;
    /** How many servers of a cluster keep the stream, as it is made: 1–5. Default 1. */
    readonly replicas?: number;
    /** PEM file of the authorities that its certificate may be of, from the file's folder on; `null`, the default: those of Node.js. */
    readonly ca?: string | null;
    /** File of credentials (`.creds`), from the file's folder on; `null`, the default: what the URL says. */
    readonly credentials?: string | null;
  };
  /** What this node is called where the nodes of one log are shown: 1–64 of `A-Z a-z 0-9 . _ : -`. Default `null`: the machine's name and the process's id. */
  readonly node?: string | null;
  /** Host names that requests may name beside the loopback ones. Default none. */
  readonly allowedHosts?: readonly string[];
  /** Addresses and networks of proxies whose word on where a request comes from is taken, such as `"10.0.0.0/8"`. Default none. */
  readonly trustedProxies?: readonly string[];
  readonly cors?: {
    /** Origins whose pages may use the server, such as `"https://app.example"`, or `"*"` for all. Default none. */
    readonly origins?: readonly string[];
  };
  readonly auth?: AuthInput;
  /** Bounds on what a peer may ask for; see `Limits` for each. */
  readonly limits?: { readonly [Name in keyof Limits]?: number | string | null };
  /** What is compressed for clients that ask for it; `http`: event streams and NDJSON, `all`: WebSockets too. Default `"http"`. */
  readonly compression?: Compression;
  /** How long connections are sent away for before the server closes, spread over this time. Default 5 s. */
  readonly drainMs?: Duration;
  /** Default `"info"`. */
  readonly logLevel?: LogLevel;
  /** Log lines for people or for programs; `auto` is text on a terminal and JSON elsewhere. Default `"auto"`. */
  readonly logFormat?: LogFormat;
  readonly policies?: readonly PolicyInput[];
  /** HTTP backends that answer commands. Default none. */
  readonly commands?: readonly CommandBackendInput[];
}

/** Gives an editor the types of a configuration file: `export default defineConfig({ port: 9000 })`. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
