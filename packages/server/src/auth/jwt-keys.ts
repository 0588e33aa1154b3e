import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { TidingsError } from "@tidings/protocol";
import type { JwtPublicKey, JwtSecret } from "./options.ts";

/** RFC 7518 §3.2: a key of the size of the hash, or larger. */
const MIN_SECRET_BYTES = 32;
/** RFC 7518 §3.3. */
const MIN_RSA_BITS = 2_048;
const CERTIFICATE = "-----BEGIN CERTIFICATE-----";
const REFERENCE = /^env:([A-Za-z_][A-Za-z0-9_]*)$/;
const BASE64 = /^base64:((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/**
 * The bytes of a shared secret.
 *
 * @throws {TidingsError} `CONFIG_INVALID` for one that is too short to be safe, or a variable that is not set
 */
export function secretOf(
  { secret }: JwtSecret,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Uint8Array {
  const name = REFERENCE.exec(secret)?.[1];
  const text = name === undefined ? secret : environment[name];
  const what = name === undefined ? "an HS256 secret" : `the HS256 secret in the variable ${name}`;
  if (text === undefined) throw invalid(`${what} is not set; set it, or name another one.`);
  const base64 = BASE64.exec(text)?.[1];
  const bytes = base64 === undefined ? Buffer.from(text) : Buffer.from(base64, "base64");
  if (bytes.length >= MIN_SECRET_BYTES) return bytes;
  throw invalid(
    `${what} has ${bytes.length} bytes, and must have at least ${MIN_SECRET_BYTES} (RFC 7518 §3.2); ` +
      "make one with: openssl rand -base64 48",
  );
}

/**
 * The public key of a PEM, or of the file with it.
 *
 * @throws {TidingsError} `CONFIG_INVALID` for what is none, a private key, a key of another kind than the algorithm's,
 *   one that is too short, and a certificate that has expired
 */
export function publicKeyOf({ algorithm, publicKey }: JwtPublicKey, nowMs: number): KeyObject {
  const isInline = publicKey.includes("-----BEGIN");
  const what = isInline ? `the ${algorithm} key` : `the ${algorithm} key in ${publicKey}`;
  const pem = isInline ? publicKey : readPem(publicKey);
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem))
    throw invalid(`${what} is a private one; give the public one, with which nobody can sign.`);
  const key = parse(pem, what, nowMs);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  const fits =
    algorithm === "RS256"
      ? type === "rsa"
      : algorithm === "ES256"
        ? type === "ec" && details?.namedCurve === "prime256v1"
        : type === "ed25519";
  if (!fits) throw invalid(`${what} is of the kind ${type ?? "unknown"}, which is not for ${algorithm}.`);
  const bits = details?.modulusLength ?? MIN_RSA_BITS;
  if (bits < MIN_RSA_BITS)
    throw invalid(`${what} has ${bits} bits, and must have at least ${MIN_RSA_BITS} (RFC 7518 §3.3).`);
  return key;
}

/**
 * When the certificate of a key ends, in milliseconds since 1970; `undefined` for a key that stands by itself.
 *
 * @throws {TidingsError} `CONFIG_INVALID` for a file that cannot be read
 */
export function certificateEndMs({ publicKey }: JwtPublicKey): number | undefined {
  const pem = publicKey.includes("-----BEGIN") ? publicKey : readPem(publicKey);
  return pem.includes(CERTIFICATE) ? Date.parse(new X509Certificate(pem).validTo) : undefined;
}

function readPem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw invalid(`the key file ${path} cannot be read (${reason}).`, cause);
  }
}

function parse(pem: string, what: string, nowMs: number): KeyObject {
  try {
    if (!pem.includes(CERTIFICATE)) return createPublicKey(pem);
    const certificate = new X509Certificate(pem);
    if (Date.parse(certificate.validTo) > nowMs) return certificate.publicKey;
    throw invalid(`${what} is of a certificate that expired on ${certificate.validTo}; give a newer one.`);
  } catch (cause) {
    if (cause instanceof TidingsError) throw cause;
    throw invalid(`${what} is not a public key or certificate as PEM.`, cause);
  }
}

function invalid(message: string, cause?: unknown): TidingsError {
  return new TidingsError("CONFIG_INVALID", message, {}, cause);
}
