import type { IncomingMessage } from "node:http";
import { quote, TidingsError } from "@tidings/protocol";

/** Who may reach the server, whatever they show. */
export interface GuardOptions {
  /** Serve requests that come in on other addresses than loopback: whoever asks is asked who they are, or need not be. */
  readonly open: boolean;
  /** Names of this server, beside those of loopback: `push.example.com`, with or without a port. */
  readonly allowedHosts: readonly string[];
  /** Origins whose pages may use the server: `https://app.example.com`, or `*` for all. */
  readonly origins: readonly string[];
  /** Whether pages of the listed origins may send their cookies. */
  readonly credentials: boolean;
}

const LOOPBACK_NAME = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;
const LOOPBACK_ADDRESS = /^(?:127\.|::1$|::ffff:127\.)/;

/**
 * Refuses what a web page on someone's machine could send to a server on loopback: a foreign `Host` (DNS
 * rebinding) and a foreign `Origin` (cross-site requests, which WebSockets are not spared by browsers).
 *
 * @throws {TidingsError} `OPEN_REFUSED`, `HOST_FORBIDDEN`, `ORIGIN_FORBIDDEN`
 */
export function checkRequest(req: IncomingMessage, options: GuardOptions): void {
  const isLoopback = LOOPBACK_ADDRESS.test(req.socket.localAddress ?? "");
  if (!isLoopback && !options.open) {
    throw new TidingsError(
      "OPEN_REFUSED",
      "this server has no authentication and answers on loopback alone; set open (--open) to serve a network you trust.",
    );
  }
  const host = hostOf(req);
  checkHost(host, options, isLoopback);
  checkOrigin(req, host, options);
}

/** Whether pages of this origin may read answers (Fetch, "CORS protocol"). */
export function isAllowedOrigin(origin: string, options: GuardOptions): boolean {
  return options.origins.includes("*") || options.origins.includes(origin);
}

/** Whether pages of this origin may use cookies: those of the server itself, and of the origins that are listed by name. */
export function isTrustedOrigin(req: IncomingMessage, origin: string, options: GuardOptions): boolean {
  return isSameOrigin(origin, hostOf(req)) || options.origins.includes(origin);
}

function hostOf(req: IncomingMessage): string {
  return (req.headers.host ?? req.headers[":authority"] ?? "").toString().toLowerCase();
}

function checkHost(host: string, options: GuardOptions, isLoopback: boolean): void {
  const name = host.replace(/:[0-9]*$/, "");
  if (
    options.allowedHosts.some((allowed) => allowed.toLowerCase() === host || allowed.toLowerCase() === name)
  )
    return;
  if (LOOPBACK_NAME.test(name) || (!isLoopback && options.allowedHosts.length === 0)) return;
  // Opened to a network on purpose, and no names given: which ones lead here is not known.
  if (options.open && options.allowedHosts.length === 0) return;
  throw new TidingsError(
    "HOST_FORBIDDEN",
    `the request's Host is ${quote(host)}, which is not a name of this server; add it to allowedHosts if it should be.`,
  );
}

function checkOrigin(req: IncomingMessage, host: string, options: GuardOptions): void {
  const { origin } = req.headers;
  if (origin === undefined) {
    // A request without Origin that a foreign page caused all the same: a script or image element.
    const isForeign =
      req.headers["sec-fetch-site"] === "cross-site" && req.headers["sec-fetch-mode"] !== "navigate";
    if (!isForeign || options.origins.includes("*")) return;
    throw new TidingsError(
      "ORIGIN_FORBIDDEN",
      "a page of another site made this request; add its origin to cors.origins.",
    );
  }
  if (isSameOrigin(origin, host) || isAllowedOrigin(origin, options)) return;
  throw new TidingsError(
    "ORIGIN_FORBIDDEN",
    `pages of ${quote(origin)} may not use this server; add the origin to cors.origins if they should.`,
  );
}

// The scheme may differ behind a proxy that ends TLS, so host and port are what is compared.
function isSameOrigin(origin: string, host: string): boolean {
  return /^https?:\/\//.test(origin) && origin.replace(/^https?:\/\//, "").toLowerCase() === host;
}
