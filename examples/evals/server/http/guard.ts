import type { IncomingMessage } from "node:http";
import { Fault } from "../fault.ts";

const LOOPBACK_NAME = /^(?:localhost|[a-z0-9-]+\.localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])$/;

/**
 * Refuses what a web page on someone's machine could send to a server on loopback: a name that was made to lead here
 * (DNS rebinding), and requests of other sites' pages. Tidings does the same for what is below its own path.
 *
 * @throws {Fault} `HOST_FORBIDDEN`, `ORIGIN_FORBIDDEN`
 */
export function checkRequest({ headers }: IncomingMessage): void {
  const host = (headers.host ?? "").toLowerCase();
  if (!LOOPBACK_NAME.test(host.replace(/:[0-9]*$/, ""))) {
    const said = host.slice(0, 100);
    throw new Fault("HOST_FORBIDDEN", `the request's Host is "${said}"; ask for localhost, or 127.0.0.1.`);
  }
  const { origin } = headers;
  const isForeign =
    origin === undefined
      ? headers["sec-fetch-site"] === "cross-site" && headers["sec-fetch-mode"] !== "navigate"
      : origin.replace(/^https?:\/\//, "").toLowerCase() !== host;
  if (isForeign) throw new Fault("ORIGIN_FORBIDDEN", "a page of another site made this request.");
}
