import { createPublicKey, type JsonWebKey } from "node:crypto";
import { certificateEndMs } from "../../auth/jwt-keys.ts";
import { readKeyFile } from "../../auth/key-file.ts";
import type { AuthOptions } from "../../auth/index.ts";
import type { Config } from "../../config/index.ts";
import { describeError } from "../exit.ts";
import { error, type Finding, warning } from "./finding.ts";

const TIMEOUT_MS = 5_000;
const DAY_MS = 86_400_000;
/** A certificate that ends before this is told. */
const SOON_MS = 30 * DAY_MS;

/** Whether there is anything to come in with, and for how long. */
export function checkKeyFile(auth: AuthOptions | undefined, nowMs: number): Finding[] {
  if (auth?.keys === undefined) return [];
  const { keys } = readKeyFile(auth.keys);
  const expired = keys.filter(({ expiresAt }) => expiresAt !== undefined && Date.parse(expiresAt) <= nowMs);
  const found = expired.map(({ id, name, expiresAt }) =>
    warning(
      "auth.keys",
      `the key ${id} (${name}) expired at ${expiresAt}; revoke it: tidings key revoke ${id}`,
    ),
  );
  const hasAnonymous = Object.values(auth.anonymous ?? {}).some((patterns) => patterns.length > 0);
  const isAsked = auth.callback !== undefined && (auth.callback.actions?.includes("connect") ?? true);
  if (auth.jwt?.length === 0 && keys.length === expired.length && !hasAnonymous && !isAsked)
    found.push(
      warning(
        "auth",
        `nobody can come in: ${auth.keys} has no key that holds, and no tokens are taken. Make one: tidings key create`,
      ),
    );
  return found;
}

/** Certificates that end soon. */
export function checkCertificates({ auth }: Config, nowMs: number): Finding[] {
  return auth.jwt.flatMap((key, index) => {
    const endMs = "publicKey" in key ? certificateEndMs(key) : undefined;
    if (endMs === undefined || endMs - nowMs > SOON_MS) return [];
    const days = Math.floor((endMs - nowMs) / DAY_MS);
    return [
      warning(
        `auth.jwt[${index}].publicKey`,
        `the certificate ends in ${days} ${days === 1 ? "day" : "days"}; the server does not start with it then. Get a newer one.`,
      ),
    ];
  });
}

/** Fetches each set of keys as the server would, and compares clocks on the way. */
export async function checkKeySets({ auth }: Config): Promise<Finding[]> {
  const found = await Promise.all(
    auth.jwt.flatMap((key, index) =>
      "jwks" in key ? [checkKeySet(`auth.jwt[${index}].jwks`, key.jwks, auth.clockToleranceMs)] : [],
    ),
  );
  return found.flat();
}

async function checkKeySet(about: string, url: string, toleranceMs: number): Promise<Finding[]> {
  const startMs = Date.now();
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      headers: { accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch (cause) {
    return [
      error(
        about,
        `it cannot be read, so its tokens are refused: ${describeError(cause)}. See that this machine reaches ${url}`,
      ),
    ];
  }
  const found = checkClock(about, response.headers.get("date"), startMs, toleranceMs);
  if (!response.ok)
    return [
      ...found,
      error(
        about,
        `${url} answers ${response.status}, so its tokens are refused; redirects are not followed.`,
      ),
    ];
  const keys = keysOf(text);
  if (keys === undefined)
    return [
      ...found,
      error(about, `${url} answers something that is no JWK Set (RFC 7517 §5), so its tokens are refused.`),
    ];
  if (keys.some(({ kty, d }) => kty === "oct" || d !== undefined))
    found.push(
      error(
        about,
        `${url} holds a secret or private key, which it gives to everyone who asks. Take it out of the set, and out of use.`,
      ),
    );
  if (!keys.some(isUsable))
    found.push(error(about, `${url} holds no key for RS256, ES256 or EdDSA, so its tokens are refused.`));
  return found;
}

/** `Date` is in whole seconds, and as old as the answer's way is long. */
function checkClock(about: string, date: string | null, startMs: number, toleranceMs: number): Finding[] {
  const theirsMs = date === null ? Number.NaN : Date.parse(date);
  const aheadMs = startMs - (theirsMs + 1_000);
  const behindMs = theirsMs - Date.now();
  const apartMs = Math.max(aheadMs, behindMs);
  if (!(apartMs > toleranceMs)) return [];
  return [
    warning(
      about,
      `the clock of this machine is ${Math.round(apartMs / 1_000)} s ${aheadMs > 0 ? "ahead of" : "behind"} that of the key set's; above ` +
        `auth.clockToleranceMs (${toleranceMs}) good tokens are refused. Set the clocks by NTP.`,
    ),
  ];
}

function keysOf(text: string): readonly JsonWebKey[] | undefined {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    return Array.isArray(keys) && keys.every((key) => typeof key === "object" && key !== null)
      ? (keys as JsonWebKey[])
      : undefined;
  } catch {
    return undefined;
  }
}

function isUsable(key: JsonWebKey): boolean {
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details } = createPublicKey({
      key,
      format: "jwk",
    });
    return type === "rsa" || type === "ed25519" || details?.namedCurve === "prime256v1";
  } catch {
    return false;
  }
}
