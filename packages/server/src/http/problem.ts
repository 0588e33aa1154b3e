import { randomInt } from "node:crypto";
import type { ServerResponse } from "node:http";
import { type ErrorCode, ERRORS, type TidingsError } from "@tidings/protocol";
import { hasBody } from "./body-deadline.ts";
import { securityHeaders } from "./security-headers.ts";

/** Seconds after which a client may try again, for faults that pass. */
const RETRY_AFTER_SECONDS = 1;
/** At most, where many are turned away at the same time: each is told its own, so that they do not come back as one. */
const RETRY_AFTER_SPREAD_SECONDS = 3;
const OF_MANY: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["DRAINING", "TOO_MANY_CONNECTIONS"]);
/** How long a client that is still sending may take to notice its refusal, in milliseconds. */
const LINGER_MS = 2_000;

/** A fault as a problem document (RFC 9457 §3). */
function problemOf(error: TidingsError): { readonly status: number; readonly body: string } {
  const { status, title, retryable } = ERRORS[error.code];
  const type = `urn:tidings:problem:${error.code}`;
  const problem = {
    type,
    title,
    status,
    detail: error.message,
    code: error.code,
    retryable,
    ...error.details,
  };
  return { status, body: JSON.stringify(problem) };
}

/** Answers a request with a problem, and ends the connection where the request's body was not read to its end. */
export function sendProblem(
  res: ServerResponse,
  error: TidingsError,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const { status, body } = problemOf(error);
  sendDocument(res, status, body, { ...retryAfter(status, error), ...challenge(status), ...headers });
}

/** 503 and 429 pass (RFC 9110 §15.6.4, RFC 6585 §4). */
function retryAfter(status: number, error?: TidingsError): Readonly<Record<string, string>> {
  if (status !== 503 && status !== 429) return {};
  const isOfMany = error !== undefined && OF_MANY.has(error.code);
  const waitSeconds = Math.ceil((error?.details.retryAfterMs ?? 0) / 1_000);
  const seconds = isOfMany ? randomInt(1, RETRY_AFTER_SPREAD_SECONDS + 1) : RETRY_AFTER_SECONDS;
  return { "Retry-After": String(Math.max(seconds, waitSeconds)) };
}

/** What a client without a credential may show (RFC 9110 §11.6.1, RFC 6750 §3). */
function challenge(status: number): Readonly<Record<string, string>> {
  return status === 401 ? { "WWW-Authenticate": 'Bearer realm="tidings"' } : {};
}

/** The same for a problem document that is written already: a command's own. */
export function sendDocument(
  res: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const isRead = res.req.complete || !hasBody(res.req);
  res.writeHead(status, {
    "Content-Type": "application/problem+json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    ...retryAfter(status),
    ...(isRead ? {} : { Connection: "close" }),
    ...headers,
  });
  if (isRead) return void res.end(res.req.method === "HEAD" ? undefined : body);
  res.write(body);
  endAfterBody(res);
}

/**
 * Throws away what still comes of the request's body before the connection ends: closing it with bytes unread would
 * reset it, and the client might never see the answer (RFC 9112 §9.6).
 */
function endAfterBody(res: ServerResponse): void {
  const timer = setTimeout(() => res.end(), LINGER_MS);
  res.req.once("end", () => res.end());
  res.once("close", () => clearTimeout(timer));
  res.req.resume();
}

const RAW_HEADERS = pairs(securityHeaders({ origins: [] }));

function pairs(headers: readonly string[]): readonly string[] {
  return headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1]}`] : []));
}

/** The same as bytes, for a socket that has no response object: a refused upgrade, a request that is not HTTP. */
export function rawProblem(error: TidingsError, headers: Readonly<Record<string, string>> = {}): string {
  const { status, body } = problemOf(error);
  const lines = [
    `HTTP/1.1 ${status} ${ERRORS[error.code as ErrorCode].title}`,
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    ...RAW_HEADERS,
    ...Object.entries({ ...retryAfter(status, error), ...challenge(status), ...headers }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** Answers with a JSON document. */
export function sendJson(
  res: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendBody(res, status, JSON.stringify(value), { "Cache-Control": "no-store", ...headers });
}

/** Answers with a JSON document that is text already. */
export function sendBody(
  res: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>>,
): void {
  res.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    ...headers,
  });
  res.end(res.req.method === "HEAD" ? undefined : body);
}
