import type { Policy } from "@tidings/core";
import type { Limits } from "@tidings/protocol";
import type { Logger } from "pino";
import type { AuthOptions } from "../auth/index.ts";
import type { CommandBackend, ToCommandError } from "../commands/index.ts";
import type { ConfigEntry } from "../config/index.ts";
import type { Compression } from "../http/services.ts";
import type { NatsOptions, NatsUrl } from "../logs/jetstream/index.ts";
import type { RedisOptions, RedisUrl } from "../logs/redis/index.ts";

/** What a server is made with. Every field has a default. */
export interface TidingsOptions {
  /**
   * `lmdb` (default): the embedded durable log in `data`. `memory`: gone with the process. A URL of Redis, for several nodes:
   * `redis://[user:password@]host[:port][/database]`, `redis+sentinel://host:port,…/master` or
   * `redis+cluster://host:port,…`, with `rediss` for TLS. Or one of NATS: `nats://[user:password@]host[:port][,host…]`, `tls://…`.
   */
  readonly log?: "lmdb" | "memory" | RedisUrl | NatsUrl;
  /** What holds where `log` is a URL of Redis. */
  readonly redis?: RedisOptions;
  /** What holds where `log` is a URL of NATS. */
  readonly nats?: NatsOptions;
  /** Folder of the durable log; made where it is missing. Default `./data`. */
  readonly data?: string;
  readonly limits?: Partial<Limits>;
  /** By channel pattern; the first that matches holds. */
  readonly policies?: readonly Policy[];
  /** Commands that HTTP backends answer; those that `tidings.command` registers come first. Default none. */
  readonly commands?: readonly CommandBackend[];
  /**
   * Turns what a handler of `tidings.command` throws into what its caller is told, so that handlers throw what the rest of the
   * program throws. Asked about everything but a `CommandError`, what the library itself throws included; not about a run
   * that was told to stop. What it leaves `undefined` is logged, and told as `COMMAND_FAILED`. Default: all of it.
   */
  readonly toCommandError?: ToCommandError;
  /** How those who ask are told apart. Default: not at all, and then only loopback is served, or with `open` everyone. */
  readonly auth?: AuthOptions;
  /** Addresses and networks of proxies whose word on where a request comes from is taken. Default none. */
  readonly trustedProxies?: readonly string[];
  /** Serve, without authentication, requests that come in on other addresses than loopback. Default false. */
  readonly open?: boolean;
  /** Names of this server beside those of loopback, with or without a port. Default none. */
  readonly allowedHosts?: readonly string[];
  /** Origins whose pages may use the server, or `*`. Default none: only its own pages. */
  readonly cors?: { readonly origins: readonly string[] };
  /**
   * What is compressed for clients that ask for it: nothing (`off`), event streams and NDJSON with gzip (`http`), WebSockets too (`all`).
   * Default `http`.
   */
  readonly compression?: Compression;
  /** A path that all URLs begin with, such as `/push`. Default none. */
  readonly basePath?: string;
  /** How long a drain spreads the end of its connections, in milliseconds. Default 5,000. */
  readonly drainMs?: number;
  /** What `GET /admin/config` shows. Default: these options, and `default` for the others. */
  readonly configuration?: readonly ConfigEntry[];
  /** Default: silent. */
  readonly logger?: Logger;
}
