import type { GrantLists } from "@tidings/core";
import type { AuthCallback } from "./callback.ts";
import type { SayOptions } from "./say.ts";

/** A key that tokens may be signed with. The algorithm belongs to the key: what a token says of it must be the same. */
export type JwtKey = JwtSecret | JwtPublicKey | JwtKeySet;

export interface JwtSecret {
  readonly algorithm: "HS256";
  /** At least 32 bytes (RFC 7518 §3.2): as text, as `base64:…`, or `env:NAME` for the variable that holds either. */
  readonly secret: string;
  /** Only for tokens whose `kid` is this, or that have none. Default: for all. */
  readonly kid?: string | undefined;
}

export interface JwtPublicKey {
  readonly algorithm: "RS256" | "ES256" | "EdDSA";
  /** A public key or certificate as PEM, or the path of a file with one. */
  readonly publicKey: string;
  readonly kid?: string | undefined;
}

export interface JwtKeySet {
  /** The URL of a JWK Set (RFC 7517 §5), read again when a token names a key that it did not have. */
  readonly jwks: string;
}

/** How those who ask are told apart. Without it the server is open. */
export interface AuthOptions {
  /** What tokens are verified with; at most 16. Default none. */
  readonly jwt?: readonly JwtKey[] | undefined;
  /** What a token's `iss` must be. Default: it is not looked at. */
  readonly issuer?: string | undefined;
  /** What a token's `aud` must be or hold. Default: it is not looked at. */
  readonly audience?: string | undefined;
  /** How far the clocks of the one who signs and of this server may be apart, in milliseconds. Default 10,000. */
  readonly clockToleranceMs?: number | undefined;
  /** The file of API keys, as `tidings key` writes it. Default none. */
  readonly keys?: string | undefined;
  /** The cookie that may hold a token. Default none: cookies are not looked at. */
  readonly cookie?: string | undefined;
  /** What those may do who show nothing. Default nothing. */
  readonly anonymous?: GrantLists | undefined;
  /** The application's own say, asked over HTTP. Default none. */
  readonly callback?: AuthCallback | undefined;
  /** The application's own say, as a function of the program that the server is part of; goes before `callback`. Default none. */
  readonly hook?: SayOptions | undefined;
}

/** See {@link AuthOptions.clockToleranceMs}. */
export const DEFAULT_CLOCK_TOLERANCE_MS = 10_000;
