import type { TidingsError } from "@tidings/client";
import { RefusedError, type Server, UnreachableError } from "../api.ts";
import { EXIT, Failure } from "../exit.ts";

/** What the client tells where nothing of a server's own came. */
const NETWORK_CODES: ReadonlySet<string> = new Set([
  "UNREACHABLE",
  "SILENT",
  "CONNECTION_LOST",
  "TRANSPORT_BLOCKED",
]);

/** A fault of the client as one sentence for stderr, with the exit code of what went wrong. */
export function failureOf(error: TidingsError, server: Server): Failure {
  const { code, message, status, cause } = error;
  if (!NETWORK_CODES.has(code)) return new Failure(EXIT.refused, `${code}: ${message}`, error);
  // Something else than a Tidings server, or in front of one. From 1000 on it is a WebSocket's close code.
  if (status !== undefined && status < 1_000) return new RefusedError(status, "");
  if (code === "SILENT") return new UnreachableError(server, new Error("it said nothing for too long"));
  if (cause instanceof Error && cause.name === "AbortError")
    return new UnreachableError(server, new Error("it took too long to answer"));
  // Its own sentence says no more than this one will.
  if (code === "UNREACHABLE" && cause !== undefined) return new UnreachableError(server, cause);
  return new UnreachableError(server, new Error(message.replace(/\.$/, ""), { cause }));
}

/**
 * Whether the first connection would meet the same answer again: the URL is of something else, or the server will not have it.
 * The client itself tries a 404 that is no server's own again, since one that runs for long meets them while a proxy is set up anew.
 */
export function isFinal({ code, retryable, status = 0 }: TidingsError): boolean {
  if (!retryable) return status !== 0;
  return code === "TRANSPORT_BLOCKED" && status >= 400 && status < 500;
}
