import { TidingsError } from "@tidings/protocol";

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where the engine is, and as whom to use it. */
export interface RedisAddress {
  /** `sentinel`: the hosts are sentinels, which know where the master is. `cluster`: some of the cluster's nodes. */
  readonly kind: "single" | "sentinel" | "cluster";
  readonly hosts: readonly HostPort[];
  /** What the sentinels call the master; empty for the others. */
  readonly masterName: string;
  readonly isTls: boolean;
  readonly username?: string;
  readonly password?: string;
  readonly database: number;
}

export const REDIS_URL_FORM: string =
  "redis://[user:password@]host[:port][/database], redis+sentinel://host:port,…/master[/database] or " +
  "redis+cluster://host:port,…, with rediss for TLS";
const FORM = `use ${REDIS_URL_FORM}`;
const URL_PARTS = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/]*)@)?([^@/?#]+)(?:\/([^?#]*))?$/;
const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/;

/** How a log on Redis is named, where logs are. */
export type RedisUrl = `redis${string}://${string}`;

/** Whether a text is meant as one. */
export function isRedisUrl(text: string): text is RedisUrl {
  return /^rediss?(?:\+[a-z]+)?:\/\//.test(text);
}

/**
 * Several hosts are no URL by the standard's grammar, so this is read here. What is wrong is said without the text itself: it
 * may hold a password.
 *
 * @throws {TidingsError} `CONFIG_INVALID`
 */
export function parseRedisUrl(url: string): RedisAddress {
  const parts = URL_PARTS.exec(url);
  if (parts === null) throw invalid(`the log's URL cannot be read; ${FORM}.`);
  const [, secure, variant, credentials = "", hostList = "", path = ""] = parts;
  const kind = (variant ?? "single") as RedisAddress["kind"];
  const defaultPort = kind === "sentinel" ? 26_379 : 6_379;
  const hosts = hostList.split(",").map((text) => parseHost(text, defaultPort));
  if (kind === "single" && hosts.length > 1)
    throw invalid(`the log's URL names several hosts, which only a cluster or sentinels have; ${FORM}.`);
  const segments = path === "" ? [] : path.split("/").map(decode);
  const masterName = kind === "sentinel" ? (segments.shift() ?? "") : "";
  if (kind === "sentinel" && masterName === "")
    throw invalid(`the log's URL names sentinels but not their master, as in /mymaster; ${FORM}.`);
  const [database = "0", ...more] = segments;
  if (more.length > 0 || !/^\d{1,4}$/.test(database))
    throw invalid(`the log's URL ends in what is no database number; ${FORM}.`);
  if (kind === "cluster" && database !== "0")
    throw invalid("the log's URL names a database, and a Redis Cluster has only one; leave it out.");
  const split = credentials.indexOf(":");
  const username = decode(split === -1 ? credentials : credentials.slice(0, split));
  const password = split === -1 ? "" : decode(credentials.slice(split + 1));
  if (username !== "" && password === "")
    throw invalid(
      `the log's URL names a user without a password; ${FORM}, with :password@ for the default user.`,
    );
  return {
    kind,
    hosts,
    masterName,
    isTls: secure === "s",
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
    database: Number(database),
  };
}

/** The URL as it may be shown: without its password. */
export function shownRedisUrl(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)(.*)@/, (_, scheme: string, credentials: string) => {
    const user = credentials.split(":")[0] ?? "";
    return `${scheme}${user}:***@`;
  });
}

function parseHost(text: string, defaultPort: number): HostPort {
  const parts = HOST.exec(text);
  const port = Number(parts?.[3] ?? defaultPort);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined || port < 1 || port > 65_535)
    throw invalid(`the log's URL has a host that cannot be read; ${FORM}.`);
  return { host, port };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid("the log's URL has a % that begins no byte; write a % in a password as %25.");
  }
}

function invalid(message: string): TidingsError {
  return new TidingsError("CONFIG_INVALID", message, { field: "log" });
}
