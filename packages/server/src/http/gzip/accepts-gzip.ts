import type { IncomingMessage } from "node:http";
import Negotiator from "negotiator";

/** Whether the client would rather have gzip than the bytes as they are (RFC 9110 §12.5.3). Without the header it has to be asked for neither. */
export function acceptsGzip(req: IncomingMessage): boolean {
  const accepted = req.headers["accept-encoding"];
  // The library takes longer than the look, and most that say anything name it.
  if (accepted === undefined || !/gzip|\*/i.test(accepted)) return false;
  return new Negotiator(req).encoding(["gzip", "identity"]) === "gzip";
}
