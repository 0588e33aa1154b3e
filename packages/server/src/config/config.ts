import type { ResolvedPolicy } from "@tidings/core";
import type { Limits } from "@tidings/protocol";
import type { CommandBackend } from "../commands/index.ts";
import type { Compression } from "../http/services.ts";

type LogLevel = "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
type LogFormat = "auto" | "text" | "json";
/** Where messages are kept: `lmdb` on disk, `memory` until the process ends. */
type LogKind = "lmdb" | "memory";
/** `server`: only the code that embeds the server publishes, no client does. */
type PublishRight = "anyone" | "server";

/** The configuration in force: checked, every field filled in, times in milliseconds and sizes in bytes. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly open: boolean;
  /** An absolute path. */
  readonly data: string;
  readonly log: LogKind;
  readonly allowedHosts: readonly string[];
  readonly cors: { readonly origins: readonly string[] };
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

/** What a configuration file may say; every field may be left out. */
export interface ConfigInput {
  /** The address to listen on. Default `"127.0.0.1"`: this machine only. */
  readonly host?: string;
  /** 0–65,535; 0 takes any free port. Default 8,080. */
  readonly port?: number | string;
  /** Whether to serve a network without authentication. Default `false`. */
  readonly open?: boolean;
  /** The folder of the log's files, from the file's own folder on. Default `"./data"` in the working folder. */
  readonly data?: string;
  /** Default `"lmdb"`. */
  readonly log?: LogKind;
  /** Host names that requests may name beside the loopback ones. Default none. */
  readonly allowedHosts?: readonly string[];
  readonly cors?: {
    /** Origins whose pages may use the server, such as `"https://app.example"`, or `"*"` for all. Default none. */
    readonly origins?: readonly string[];
  };
  /** Bounds on what a peer may ask for; see `Limits` for each. */
  readonly limits?: { readonly [Name in keyof Limits]?: number | string };
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
