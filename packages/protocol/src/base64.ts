const ALPHABET = new TextEncoder().encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PADDING = 0x3d; // "="
const decoder = new TextDecoder();

/** By character code, what a character stands for; -1 for one that stands for nothing. */
const VALUES = new Int8Array(128).fill(-1);
for (const [value, code] of ALPHABET.entries()) VALUES[code] = value;

/** Encodes as base64 with padding (RFC 4648 §4). Own code, since `Uint8Array.toBase64` is newer than Node 22. */
export function toBase64(bytes: Uint8Array): string {
  const encoded = new Uint8Array(base64Length(bytes.length));
  writeBase64(bytes, encoded, 0);
  return decoder.decode(encoded);
}

/** How many characters this many bytes take. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** As {@link toBase64}, written as ASCII from `from` on; `into` MUST have room. */
export function writeBase64(bytes: Uint8Array, into: Uint8Array, from: number): void {
  let to = from;
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    // Past the end there are zero bits, which the padding then stands for.
    const bits = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    into[to++] = ALPHABET[bits >> 18] as number;
    into[to++] = ALPHABET[(bits >> 12) & 63] as number;
    into[to++] = left > 1 ? (ALPHABET[(bits >> 6) & 63] as number) : PADDING;
    into[to++] = left > 2 ? (ALPHABET[bits & 63] as number) : PADDING;
  }
}

/**
 * Decodes base64 with its padding (RFC 4648 §4), or answers `undefined` for anything else. Bits that the padding
 * leaves over are not looked at, as RFC 4648 §3.5 allows.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let written = 0;
  for (let at = 0; at < text.length; at++) {
    const isPadding = at >= text.length - padding;
    const value = isPadding ? 0 : (VALUES[text.charCodeAt(at)] ?? -1);
    if (value < 0) return undefined;
    bits = (bits << 6) | value;
    if (at % 4 === 3) {
      // What the padding stands for lies past the end, where a typed array takes no write.
      bytes[written++] = bits >> 16;
      bytes[written++] = (bits >> 8) & 255;
      bytes[written++] = bits & 255;
      bits = 0;
    }
  }
  return bytes;
}
