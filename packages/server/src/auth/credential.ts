import type { IncomingMessage } from "node:http";
import { TidingsError } from "@tidings/protocol";
import { unauthenticated } from "./faults.ts";

/** What a request shows, and how it came. */
export type Credential =
  | { readonly by: "header" | "cookie"; readonly text: string }
  | { readonly by: "ticket"; readonly text: string };

/** The cookie that may hold a credential. */
export interface CookieRule {
  readonly name: string;
  /** Whether pages of this origin may use it: their own server's, and those that are listed one by one. */
  readonly isTrusted: (req: IncomingMessage, origin: string) => boolean;
}

/** RFC 6750 §2.1, and the scheme in any case (RFC 9110 §11.1). */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * What a request shows: the header, else the ticket in its URL, else the cookie of that name. A browser sends cookies with
 * what any page makes it send, so one counts only from a page that may use it. A page's own GET has no `Origin`; the fetch
 * metadata say whose it is.
 *
 * @throws {TidingsError} `UNAUTHENTICATED` for a header that is no bearer token, `ORIGIN_FORBIDDEN` for a cookie that a page
 *   of unknown origin may have made the browser send
 */
export function credentialOf(
  req: IncomingMessage,
  query: URLSearchParams,
  cookie: CookieRule | undefined,
  isUpgrade: boolean,
): Credential | undefined {
  const { authorization } = req.headers;
  if (authorization !== undefined) {
    const text = BEARER.exec(authorization)?.[1];
    if (text === undefined)
      throw unauthenticated('the Authorization header is not "Bearer" and a token or key (RFC 6750 §2.1).');
    return { by: "header", text };
  }
  const ticket = query.get("ticket");
  if (ticket !== null) return { by: "ticket", text: ticket };
  const text = cookie === undefined ? undefined : cookieOf(req.headers.cookie, cookie.name);
  if (cookie === undefined || text === undefined) return undefined;
  checkOrigin(req, cookie, isUpgrade);
  return { by: "cookie", text };
}

function checkOrigin(req: IncomingMessage, cookie: CookieRule, isUpgrade: boolean): void {
  const { origin } = req.headers;
  if (origin !== undefined) {
    if (cookie.isTrusted(req, origin)) return;
    throw new TidingsError(
      "ORIGIN_FORBIDDEN",
      "pages of this origin may not use the cookie; list the origin in cors.origins, or send the token as a header.",
    );
  }
  const isRisky = isUpgrade || !SAFE_METHODS.has(req.method ?? "GET");
  const isForeign =
    req.headers["sec-fetch-site"] === "cross-site" && req.headers["sec-fetch-mode"] !== "navigate";
  if (!isRisky && !isForeign) return;
  throw new TidingsError(
    "ORIGIN_FORBIDDEN",
    "a request that is authenticated by a cookie must say by its Origin which page made it; send the token as a header instead.",
  );
}

/** RFC 6265 §5.4: pairs parted by semicolons; the first of a name counts. */
function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(";") ?? []) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) {
      const value = pair
        .slice(at + 1)
        .trim()
        .replace(/^"(.*)"$/, "$1");
      return value === "" ? undefined : value;
    }
  }
  return undefined;
}
