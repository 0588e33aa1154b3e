import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const ID_BYTES = 9;
const SECRET_BYTES = 32;
/** The secret's alphabet has the separator in it, so the parts are told by their lengths. */
const KEY = /^tk_([A-Za-z0-9]{12})_([A-Za-z0-9_-]{43})$/;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A new key: `tk_`, an id that may be shown, and 256 random bits that are shown once. */
export function newApiKey(): { readonly id: string; readonly key: string } {
  // A remainder would favour some characters; an id need only be its own.
  const id = Array.from(randomBytes(ID_BYTES + 3), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
  return { id, key: `tk_${id}_${randomBytes(SECRET_BYTES).toString("base64url")}` };
}

/** Whether a credential is meant as a key, and not as a token. */
export function isApiKey(credential: string): boolean {
  return credential.startsWith("tk_");
}

/** The id of a key; `undefined` for what is none. */
export function idOfKey(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}

/**
 * What is kept of a key. One round of SHA-256 is enough: what it hides has 256 random bits, which no dictionary
 * holds, and a slow hash would be a way to keep the server busy.
 */
export function hashOfKey(key: string): string {
  return createHash("sha256").update(key).digest("hex");
}

/** In a time that does not depend on where they differ. */
export function isSameHash(one: string, other: string): boolean {
  const [first, second] = [Buffer.from(one, "hex"), Buffer.from(other, "hex")];
  return first.length === second.length && timingSafeEqual(first, second);
}
