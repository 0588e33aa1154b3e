/** Values nested deeper than this are left to the engine's parser. */
const MAX_DEPTH = 64;
/** Whether each container that a value stands in is an object. One for all scans: none is left before it ends. */
const isObjectAt = new Uint8Array(MAX_DEPTH);

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
/** 1 for each byte that goes on a string: with it a long one takes half as long as with comparisons. */
const GOES_ON = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 0 : 1,
);
const WORDS: readonly Uint8Array[] = ["true", "false", "null"].map((word) => new TextEncoder().encode(word));

/**
 * Where the JSON value ends that begins at `from` or after white space (RFC 8259). Answers -1 for anything that is none,
 * and for one nested deeper than 64 levels. It takes what `JSON.parse` takes, and makes nothing of it: no text, no
 * objects, no garbage.
 *
 * @param bytes MUST be UTF-8
 */
export function endOfJson(bytes: Uint8Array, from: number): number {
  let depth = 0;
  let at = from;
  for (;;) {
    at = skipSpace(bytes, at);
    const first = bytes[at];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      const isObject = first === OPEN_OBJECT;
      const next = skipSpace(bytes, at + 1);
      if (bytes[next] !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        if (depth === MAX_DEPTH) return -1;
        isObjectAt[depth++] = isObject ? 1 : 0;
        at = isObject ? startOfMember(bytes, next) : next;
        if (at < 0) return -1;
        continue;
      }
      at = next + 1;
    } else at = endOfScalar(bytes, at);
    if (at < 0) return -1;
    // A value has ended, and with it perhaps what it stood in.
    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(bytes, at);
      const isObject = isObjectAt[depth - 1] === 1;
      if (bytes[at] === COMMA) {
        at = isObject ? startOfMember(bytes, skipSpace(bytes, at + 1)) : at + 1;
        if (at < 0) return -1;
        break;
      }
      if (bytes[at] !== (isObject ? CLOSE_OBJECT : CLOSE_ARRAY)) return -1;
      at++;
      depth--;
    }
  }
}

/** Behind the white space at `at`. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  let next = at;
  // Looking past the end would make every look slower.
  for (; next < bytes.length; next++) {
    const byte = bytes[next];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
  }
  return next;
}

/** Where the value of a member begins whose name stands at `at`; -1 where none does. */
function startOfMember(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return -1;
  const end = endOfString(bytes, at);
  if (end < 0) return -1;
  const colon = skipSpace(bytes, end);
  return bytes[colon] === COLON ? colon + 1 : -1;
}

function endOfScalar(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return endOfString(bytes, at);
  if (first === MINUS || isDigit(first)) return endOfNumber(bytes, at);
  for (const word of WORDS) if (standsAt(bytes, at, word)) return at + word.length;
  return -1;
}

/** Behind the string whose quote is at `at`. */
function endOfString(bytes: Uint8Array, at: number): number {
  for (let next = at + 1; ; next++) {
    while (GOES_ON[bytes[next] as number] === 1) next++;
    if (bytes[next] === QUOTE) return next + 1;
    if (bytes[next] !== BACKSLASH) return -1;
    next++;
    if (bytes[next] === 0x75) {
      for (const end = next + 4; next < end;) if (!isHex(bytes[++next])) return -1;
    } else if (!isEscape(bytes[next])) return -1;
  }
}

function endOfNumber(bytes: Uint8Array, at: number): number {
  let next = bytes[at] === MINUS ? at + 1 : at;
  // No digit may follow a leading zero.
  if (bytes[next] === 0x30) next++;
  else if ((next = skipDigits(bytes, next)) < 0) return -1;
  if (bytes[next] === 0x2e && (next = skipDigits(bytes, next + 1)) < 0) return -1;
  if (bytes[next] !== 0x65 && bytes[next] !== 0x45) return next;
  next++;
  if (bytes[next] === 0x2b || bytes[next] === MINUS) next++;
  return skipDigits(bytes, next);
}

/** Behind one digit or more; -1 where there is none. */
function skipDigits(bytes: Uint8Array, at: number): number {
  let next = at;
  while (isDigit(bytes[next])) next++;
  return next === at ? -1 : next;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}

/** `"`, `\`, `/`, b, f, n, r, t. */
function isEscape(byte: number | undefined): boolean {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true;
    default:
      return false;
  }
}

/** Whether these bytes stand at a place. */
export function standsAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}
