import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import type { AuthOptions, JwtKey } from "../auth/index.ts";
import type { AuthConfig } from "./config.ts";

/** The section with absolute paths: those of keys from this folder on. */
export function resolveJwt(jwt: readonly JwtKey[], folder: string): readonly JwtKey[] {
  return jwt.map((key) => {
    if (!("publicKey" in key) || isPem(key.publicKey) || isAbsolute(key.publicKey)) return key;
    return { ...key, publicKey: resolve(folder, key.publicKey) };
  });
}

/** Whether a public key stands there itself, and not the path of its file. */
function isPem(publicKey: string): boolean {
  return publicKey.includes("-----BEGIN");
}

/**
 * What a server is to tell those who ask apart by; `undefined` where nothing is configured, and nobody is asked. A file of
 * keys that was named and is not there counts: it is a slip of the keyboard, which must not open the server.
 */
export function authOptionsOf(auth: AuthConfig, isKeyFileNamed: boolean): AuthOptions | undefined {
  const { jwt, issuer, audience, clockToleranceMs, keys, cookie, anonymous, callback } = auth;
  const isInForce =
    jwt.length > 0 || isKeyFileNamed || existsSync(keys) || grantsAnything(anonymous) || callback !== null;
  if (!isInForce) return undefined;
  return {
    jwt,
    clockToleranceMs,
    keys,
    anonymous,
    ...(issuer === null ? {} : { issuer }),
    ...(audience === null ? {} : { audience }),
    ...(cookie === null ? {} : { cookie }),
    ...(callback === null ? {} : { callback }),
  };
}

function grantsAnything(lists: AuthConfig["anonymous"]): boolean {
  return Object.values(lists).some((patterns) => patterns.length > 0);
}
