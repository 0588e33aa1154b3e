import type { IncomingMessage, ServerResponse } from "node:http";
import { type GuardOptions, isAllowedOrigin } from "./guard.ts";

const METHODS = "GET, HEAD, POST, PUT, DELETE, PATCH";
const REQUEST_HEADERS =
  "Authorization, Content-Digest, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Last-Event-ID, " +
  "Prefer, Range, Repr-Digest, Upload-Complete, Upload-Length, Upload-Offset";
const RESPONSE_HEADERS =
  "ETag, Retry-After, Preference-Applied, Tidings-Request, Tidings-Cursor, Tidings-Earliest, Tidings-Messages, Tidings-Bytes, " +
  "Tidings-Retention, Accept-Ranges, Content-Disposition, Content-Range, Location, Repr-Digest, Upload-Complete, " +
  "Upload-Length, Upload-Limit, Upload-Offset";
/** How long a browser may remember a preflight, in seconds. */
const MAX_AGE_SECONDS = 600;

/** Lets pages of configured origins read the answer (Fetch, "CORS protocol"). Answers whether this was a preflight, answered. */
export function applyCors(req: IncomingMessage, res: ServerResponse, options: GuardOptions): boolean {
  const { origin } = req.headers;
  const isPreflight = req.method === "OPTIONS" && req.headers["access-control-request-method"] !== undefined;
  if (options.origins.length > 0) res.setHeader("Vary", "Origin");
  if (origin !== undefined && isAllowedOrigin(origin, options)) {
    res.setHeader("Access-Control-Allow-Origin", origin);
    res.setHeader("Access-Control-Expose-Headers", RESPONSE_HEADERS);
    // Only for origins that are listed by name: with "*" any page could use its visitors' cookies.
    if (options.credentials && options.origins.includes(origin))
      res.setHeader("Access-Control-Allow-Credentials", "true");
    if (isPreflight) {
      res.setHeader("Access-Control-Allow-Methods", METHODS);
      res.setHeader("Access-Control-Allow-Headers", REQUEST_HEADERS);
      res.setHeader("Access-Control-Max-Age", String(MAX_AGE_SECONDS));
    }
  }
  if (isPreflight) res.writeHead(204).end();
  return isPreflight;
}
