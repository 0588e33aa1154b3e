import { createHmac, randomUUID } from "node:crypto";

const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;
const REFERENCE = /^env:([A-Za-z_][A-Za-z0-9_]*)$/;
const MIN_KEY_BYTES = 16;
const MAX_KEY_BYTES = 128;

/**
 * The key of a secret: `whsec_` and 16 to 128 bytes as base64 (Standard Webhooks, "Symmetric"), or `env:NAME` for the
 * environment variable that holds it. Answers `undefined` for anything else, and for a variable without one.
 */
export function keyOfSecret(
  secret: string,
  environment: Readonly<Record<string, string | undefined>>,
): Buffer | undefined {
  const name = REFERENCE.exec(secret)?.[1];
  const text = name === undefined ? secret : (environment[name] ?? "");
  const base64 = SECRET.exec(text)?.[1];
  if (base64 === undefined) return undefined;
  const key = Buffer.from(base64, "base64");
  return key.length >= MIN_KEY_BYTES && key.length <= MAX_KEY_BYTES ? key : undefined;
}

/** The headers with which a backend can tell that a request is the server's, and fresh (Standard Webhooks). */
export function signatureHeaders(
  key: Buffer | undefined,
  body: Uint8Array,
  nowMs: number,
  id: string = randomUUID(),
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(nowMs / 1_000));
  const head = { "webhook-id": id, "webhook-timestamp": timestamp };
  if (key === undefined) return head;
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest("base64");
  return { ...head, "webhook-signature": `v1,${signature}` };
}
