import { createPrivateKey, type KeyObject, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { TidingsError } from "@tidings/protocol";
import { SignJWT } from "jose";
import type { JwtSecret } from "../../auth/index.ts";
import { secretOf } from "../../auth/jwt-keys.ts";
import { assembleConfig } from "../../config/index.ts";
import { describeError, EXIT, Failure } from "../exit.ts";
import { describeGrants, type GrantOptions, grantsOf } from "../grants.ts";
import { note, print } from "../terminal.ts";

type Algorithm = "HS256" | "RS256" | "ES256" | "EdDSA";

export interface TokenOptions extends GrantOptions {
  /** `env:` and the name of a variable. */
  readonly secret?: string;
  readonly keyFile?: string;
  readonly algorithm?: Algorithm;
  readonly kid?: string;
  readonly sub?: string;
  readonly jti?: string;
  readonly iss?: string;
  readonly aud?: string;
  /** In milliseconds. */
  readonly expires: number;
  readonly config?: string;
}

/** What a token is signed with, and what the configuration asks of it. */
interface Signer {
  readonly algorithm: Algorithm;
  readonly key: KeyObject | Uint8Array;
  readonly kid?: string | undefined;
  readonly iss?: string | undefined;
  readonly aud?: string | undefined;
}

/** Prints a token. */
export async function mintToken(options: TokenOptions): Promise<void> {
  const signer = await signerOf(options);
  const { algorithm, key } = signer;
  if (options.algorithm !== undefined && options.algorithm !== algorithm)
    throw new Failure(EXIT.usage, `the key is for ${algorithm}, and not for ${options.algorithm}`);
  const grants = grantsOf(options);
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const given = (value: string | undefined, name: string): object =>
    value === undefined ? {} : { [name]: value };
  const claims = {
    ...given(options.sub, "sub"),
    jti: options.jti ?? randomUUID(),
    ...given(options.iss ?? signer.iss, "iss"),
    ...given(options.aud ?? signer.aud, "aud"),
    iat: nowSeconds,
    exp: nowSeconds + Math.max(1, Math.ceil(options.expires / 1_000)),
    ...(grants === undefined ? {} : { tidings: grants }),
  };
  const header = { alg: algorithm, ...given(options.kid ?? signer.kid, "kid") };
  const token = await new SignJWT(claims).setProtectedHeader(header).sign(key);
  await print(`${token}\n`);
  const may =
    grants === undefined ? "may do nothing: give it --subscribe, --publish, …" : describeGrants(grants);
  note(`jti ${claims.jti}, until ${new Date(claims.exp * 1_000).toISOString()}; ${may}`);
}

async function signerOf({ secret, keyFile, config }: TokenOptions): Promise<Signer> {
  if (secret !== undefined) {
    // Not as an argument's parser: commander shows what it refuses. And one that is given itself stands in the list of
    // processes, for every user of the machine.
    if (!/^env:[A-Za-z_][A-Za-z0-9_]*$/.test(secret))
      throw new Failure(
        EXIT.usage,
        "--secret must be env: and the name of the variable that holds the secret",
      );
    return { algorithm: "HS256", key: bytesOf({ algorithm: "HS256", secret }) };
  }
  if (keyFile !== undefined) return privateKeyOf(keyFile);
  const { auth } = (await assembleConfig(config === undefined ? {} : { file: config })).config;
  const own = auth.jwt.find((key): key is JwtSecret => "secret" in key);
  if (own === undefined)
    throw new Failure(
      EXIT.usage,
      "the configuration has no HS256 secret to sign with; name a variable by --secret env:NAME, or a private key by --key-file",
    );
  return {
    algorithm: "HS256",
    key: bytesOf(own),
    kid: own.kid,
    iss: auth.issuer ?? undefined,
    aud: auth.audience ?? undefined,
  };
}

function bytesOf(key: JwtSecret): Uint8Array {
  try {
    return secretOf(key);
  } catch (error) {
    if (error instanceof TidingsError) throw new Failure(EXIT.usage, error.message, error);
    throw error;
  }
}

function privateKeyOf(path: string): Signer {
  let key: KeyObject;
  try {
    key = createPrivateKey(readFileSync(path));
  } catch (error) {
    throw new Failure(
      EXIT.failure,
      `${path} is not the PEM of a private key that can be read: ${describeError(error)}`,
    );
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "rsa") return { algorithm: "RS256", key };
  if (type === "ed25519") return { algorithm: "EdDSA", key };
  if (type === "ec" && details?.namedCurve === "prime256v1") return { algorithm: "ES256", key };
  throw new Failure(
    EXIT.usage,
    `${path} is a key of the kind ${type ?? "unknown"}; the server takes RSA, P-256 and Ed25519`,
  );
}
