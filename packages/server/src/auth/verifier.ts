import { TidingsError } from "@tidings/protocol";
import {
  createRemoteJWKSet,
  decodeProtectedHeader,
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
} from "jose";
import { readGrants } from "./claims.ts";
import { unauthenticated } from "./faults.ts";
import type { Identity } from "./identity.ts";
import { publicKeyOf, secretOf } from "./jwt-keys.ts";
import { type AuthOptions, DEFAULT_CLOCK_TOLERANCE_MS, type JwtKey } from "./options.ts";

/** A token travels in a header, beside others. */
const MAX_TOKEN_BYTES = 8_192;
/** Names that a token brings are kept for as long as its connection is. */
const MAX_NAME_LENGTH = 255;
/** How long a key set is waited for, in milliseconds. */
const JWKS_TIMEOUT_MS = 5_000;
/** A token with an unknown key cannot make the server ask for the set more often than this, in milliseconds. */
const JWKS_COOLDOWN_MS = 30_000;
/** A set is read anew after this time at the latest, in milliseconds: a key that was taken back ends with it. */
const JWKS_MAX_AGE_MS = 600_000;

interface Candidate {
  readonly algorithms: readonly string[];
  readonly kid: string | undefined;
  readonly key: JWTVerifyGetKey;
}

/** Verifies JSON Web Tokens (RFC 7519) with keys whose algorithm is set beforehand, never by the token. */
export class Verifier {
  readonly #candidates: readonly Candidate[];
  readonly #options: Pick<JWTVerifyOptions, "issuer" | "audience" | "clockTolerance" | "requiredClaims">;

  /** @throws {TidingsError} `CONFIG_INVALID` for a key that cannot be used */
  constructor({ jwt = [], issuer, audience, clockToleranceMs }: AuthOptions, nowMs: number) {
    this.#candidates = jwt.map((key) => candidateOf(key, nowMs));
    this.#options = {
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
      clockTolerance: (clockToleranceMs ?? DEFAULT_CLOCK_TOLERANCE_MS) / 1_000,
      // One that never ends could be taken back only one by one.
      requiredClaims: ["exp"],
    };
  }

  /**
   * Who a token stands for.
   *
   * @throws {TidingsError} `UNAUTHENTICATED` with the reason, `AUTH_UNAVAILABLE` where its key set cannot be read
   */
  async verify(token: string): Promise<Identity> {
    const { alg, kid } = headerOf(token);
    const fitting = this.#candidates.filter(
      (each) =>
        each.algorithms.includes(alg) && (each.kid === undefined || kid === undefined || each.kid === kid),
    );
    let fault = unauthenticated("no key of this server is for the token's alg and kid.");
    for (const { key, algorithms } of fitting) {
      try {
        const options = { ...this.#options, algorithms: [...algorithms] };
        const { payload } = await jwtVerify(token, key, options);
        return identityOf(payload);
      } catch (error) {
        fault = faultOf(error);
        // A signature by another of the keys is still possible; anything else was said of a token that is genuine.
        if (!isOtherKey(error)) throw fault;
      }
    }
    throw fault;
  }
}

function candidateOf(key: JwtKey, nowMs: number): Candidate {
  if ("jwks" in key) {
    const set = createRemoteJWKSet(new URL(key.jwks), {
      timeoutDuration: JWKS_TIMEOUT_MS,
      cooldownDuration: JWKS_COOLDOWN_MS,
      cacheMaxAge: JWKS_MAX_AGE_MS,
    });
    // No secrets: a set that is public would give them away.
    return { algorithms: ["RS256", "ES256", "EdDSA", "Ed25519"], kid: undefined, key: set };
  }
  const material = key.algorithm === "HS256" ? secretOf(key) : publicKeyOf(key, nowMs);
  return { algorithms: [key.algorithm], kid: key.kid, key: () => material };
}

function headerOf(token: string): { readonly alg: string; readonly kid: string | undefined } {
  if (token.length > MAX_TOKEN_BYTES)
    throw unauthenticated(`the token is longer than ${MAX_TOKEN_BYTES} bytes.`);
  let header: JWTHeaderParameters;
  try {
    header = decodeProtectedHeader(token) as JWTHeaderParameters;
  } catch (cause) {
    throw unauthenticated("the credential is neither a JSON Web Token nor an API key.", cause);
  }
  return { alg: String(header.alg), kid: typeof header.kid === "string" ? header.kid : undefined };
}

function identityOf({ sub, jti, iat, exp, tidings }: JWTPayload): Identity {
  const grants = readGrants(tidings);
  if ("wrong" in grants)
    throw unauthenticated(`the token's claim "tidings" cannot be used: ${grants.wrong}.`);
  for (const [name, value] of [
    ["sub", sub],
    ["jti", jti],
  ] as const) {
    if (value !== undefined && (typeof value !== "string" || value.length > MAX_NAME_LENGTH))
      throw unauthenticated(`the token's ${name} is not text of at most ${MAX_NAME_LENGTH} characters.`);
  }
  return {
    kind: "token",
    subject: sub,
    id: jti,
    grants,
    issuedAtMs: iat === undefined ? undefined : iat * 1_000,
    expiresAtMs: (exp as number) * 1_000,
  };
}

/** Says what is wrong without a word of what the token holds. */
function faultOf(error: unknown): TidingsError {
  if (error instanceof TidingsError) return error;
  if (error instanceof errors.JWTExpired)
    return unauthenticated("the token has expired; fetch a new one.", error);
  if (error instanceof errors.JWTClaimValidationFailed) {
    const reason =
      error.reason === "missing"
        ? "is missing"
        : error.claim === "nbf"
          ? "lies in the future"
          : "is not what this server asks for";
    return unauthenticated(`the token's claim "${error.claim}" ${reason}.`, error);
  }
  if (isOtherKey(error))
    return unauthenticated("the token's signature is not by a key of this server.", error);
  if (
    error instanceof errors.JOSEError &&
    !(error instanceof errors.JWKSTimeout) &&
    !(error instanceof errors.JWKSInvalid) &&
    error.code !== "ERR_JOSE_GENERIC"
  )
    return unauthenticated("the token is not a valid JSON Web Token.", error);
  return new TidingsError(
    "AUTH_UNAVAILABLE",
    "the keys that tokens are verified with cannot be read now; try again.",
    {},
    error,
  );
}

function isOtherKey(error: unknown): boolean {
  return (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  );
}
