import { STATUS_CODES } from "node:http";
import type { ProxiedRequest } from "./faults.ts";

interface OwnAnswer {
  readonly retryAfter?: number | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A page of HTML, as boxes between client and server write them. */
export function answerOf(request: ProxiedRequest, status: number, own: OwnAnswer = {}): Buffer {
  const title = `${status} ${STATUS_CODES[status] ?? "Error"}`;
  const body = own.body ?? `<html><head><title>${title}</title></head><body>${title}</body></html>\n`;
  const headers = {
    "Content-Type": "text/html",
    ...(own.retryAfter === undefined ? {} : { "Retry-After": String(own.retryAfter) }),
    ...own.headers,
  };
  return encode(request, title, headers, body);
}

/** What the server itself says to a request without a valid credential, to pages of any origin too. */
export function unauthenticated(request: ProxiedRequest): Buffer {
  const origin = request.headers.get("origin");
  const headers = {
    "Content-Type": "application/problem+json",
    "Cache-Control": "no-store",
    ...(origin === undefined ? {} : { "Access-Control-Allow-Origin": origin, Vary: "Origin" }),
  };
  const problem = {
    type: "urn:tidings:problem:UNAUTHENTICATED",
    title: "No valid credential was given",
    status: 401,
    detail: "the credential is not valid; get a new one, and ask again.",
    code: "UNAUTHENTICATED",
    retryable: false,
  };
  return encode(request, "401 Unauthorized", headers, JSON.stringify(problem));
}

function encode(
  { method }: ProxiedRequest,
  status: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Buffer {
  const all = { ...headers, "Content-Length": String(Buffer.byteLength(body)), Connection: "close" };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status}\r\n${lines.join("")}\r\n${method === "HEAD" ? "" : body}`);
}
