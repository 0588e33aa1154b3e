import { TidingsError } from "@tidings/protocol";

/** Where NATS is, and as whom to use it. */
export interface NatsAddress {
  /** `host:port` each: some of a cluster's servers, which tell where the others are. */
  readonly servers: readonly string[];
  readonly isTls: boolean;
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
}

export const NATS_URL_FORM: string =
  "nats://[user:password@ or token@]host[:port][,host[:port]…], with tls:// for TLS";
const FORM = `use ${NATS_URL_FORM}`;
const URL_PARTS = /^(nats|tls):\/\/(?:([^@/]*)@)?([^@/?#]+)\/?$/;
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/;

/** How a log on NATS JetStream is named, where logs are. */
export type NatsUrl = `nats://${string}` | `tls://${string}`;

/** Whether a text is meant as one. */
export function isNatsUrl(text: string): text is NatsUrl {
  return /^(?:nats|tls):\/\//.test(text);
}

/**
 * Several hosts are no URL by the standard's grammar, so this is read here. What is wrong is said without the text itself: it
 * may hold a password.
 *
 * @throws {TidingsError} `CONFIG_INVALID`
 */
export function parseNatsUrl(url: string): NatsAddress {
  const parts = URL_PARTS.exec(url);
  if (parts === null) throw invalid(`the log's URL cannot be read; ${FORM}.`);
  const [, scheme, credentials = "", hosts = ""] = parts;
  const address = { servers: hosts.split(",").map(parseHost), isTls: scheme === "tls" };
  if (credentials === "") return address;
  const split = credentials.indexOf(":");
  if (split === -1) return { ...address, token: decode(credentials) };
  const user = decode(credentials.slice(0, split));
  const password = decode(credentials.slice(split + 1));
  if (user === "" || password === "")
    throw invalid(`the log's URL names a user without a password, or a password without a user; ${FORM}.`);
  return { ...address, user, password };
}

/** The URL as it may be shown: without its password or token. */
export function shownNatsUrl(url: string): string {
  return url.replace(/^([a-z]+:\/\/)(.*)@/, (_, scheme: string, credentials: string) => {
    const split = credentials.indexOf(":");
    return split === -1 ? `${scheme}***@` : `${scheme}${credentials.slice(0, split)}:***@`;
  });
}

function parseHost(text: string): string {
  const parts = HOST.exec(text);
  const port = Number(parts?.[2] ?? 4_222);
  const host = parts?.[1];
  if (host === undefined || port < 1 || port > 65_535)
    throw invalid(`the log's URL has a host that cannot be read; ${FORM}.`);
  return `${host}:${port}`;
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
