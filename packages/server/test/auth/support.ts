import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { type JWTPayload, SignJWT } from "jose";

/** 32 bytes, as little as is taken. */
export const SECRET = "a secret of thirty-two bytes, yes";

export const HS256 = { algorithm: "HS256", secret: SECRET } as const;

export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly pem: string;
}

export function rsa(modulusLength = 2_048): KeyPair {
  return withPem(generateKeyPairSync("rsa", { modulusLength }));
}

export function ec(namedCurve = "P-256"): KeyPair {
  return withPem(generateKeyPairSync("ec", { namedCurve }));
}

export function ed25519(): KeyPair {
  return withPem(generateKeyPairSync("ed25519"));
}

/** Of the grants, for ten minutes. What `claims` says goes before; `undefined` leaves a claim out. */
export function mint(
  grants: unknown,
  claims: { readonly [Name in keyof JWTPayload]: JWTPayload[Name] | undefined } = {},
  {
    alg = "HS256",
    key = new TextEncoder().encode(SECRET),
    kid,
  }: { alg?: string; key?: KeyObject | Uint8Array; kid?: string } = {},
): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const payload = { tidings: grants, iat: nowSeconds, exp: nowSeconds + 600, ...claims };
  const given = Object.fromEntries(Object.entries(payload).filter(([, value]) => value !== undefined));
  return new SignJWT(given).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);
}

function withPem(pair: { readonly publicKey: KeyObject; readonly privateKey: KeyObject }): KeyPair {
  return { ...pair, pem: pair.publicKey.export({ type: "spki", format: "pem" }).toString() };
}
