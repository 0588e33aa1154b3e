import type { IncomingMessage } from "node:http";
import { quote, TidingsError } from "@tidings/protocol";
import Negotiator from "negotiator";

export type Representation = "json" | "sse" | "ndjson" | "html";

const TYPES: Readonly<Record<string, Representation>> = {
  "application/json": "json",
  "text/event-stream": "sse",
  "application/x-ndjson": "ndjson",
  "application/ndjson": "ndjson",
  "text/html": "html",
};

/**
 * Which of what a URL offers the client wants (RFC 9110 §12.5.1). JSON where it does not care.
 *
 * @throws {TidingsError} `NOT_ACCEPTABLE`
 */
export function negotiate(req: IncomingMessage, offered: readonly Representation[]): Representation {
  const types = Object.keys(TYPES).filter((type) => offered.includes(TYPES[type] as Representation));
  const chosen = new Negotiator(req).mediaType(types);
  if (chosen !== undefined) return TYPES[chosen] as Representation;
  throw new TidingsError(
    "NOT_ACCEPTABLE",
    `${quote(String(req.headers.accept))} is not offered here; accept one of ${types.join(", ")}, or upgrade to a WebSocket.`,
  );
}

/** Whether lines are wanted rather than JSON, where whoever takes neither is answered all the same. */
export function wantsLines(req: IncomingMessage): boolean {
  // Nearly nobody asks for it, and the library takes as long as the rest of a publish.
  if (req.headers.accept?.includes("ndjson") !== true) return false;
  const types = ["application/json", "application/x-ndjson"];
  return new Negotiator(req).mediaType(types) === "application/x-ndjson";
}
