import { jsonFault, MAX_MEMBER_BYTES, TidingsError } from "@tidings/protocol";

/**
 * Checks a member's name: 1–128 bytes of UTF-8 without control characters.
 *
 * @throws {TidingsError} `PRESENCE_INVALID`
 */
export function checkMember(name: string): string {
  const bytes = name.length > MAX_MEMBER_BYTES ? name.length : utf8Length(name);
  if (bytes === 0 || bytes > MAX_MEMBER_BYTES) {
    throw invalid("member", `the member's name has ${bytes} bytes; use 1 to ${MAX_MEMBER_BYTES}.`);
  }
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) {
    throw invalid(
      "member",
      "the member's name holds a control character or half a surrogate pair; use plain text.",
    );
  }
  return name;
}

/**
 * Checks a member's state, which is JSON, and answers it on one line, otherwise as it was written: a number with more
 * digits than a double holds would not survive being parsed and written again.
 *
 * @throws {TidingsError} `PRESENCE_INVALID`
 */
export function checkState(text: string, maxBytes: number): string {
  // A character is one byte at least: what is far too long is not looked at.
  const bytes = text.length > maxBytes ? text.length : utf8Length(text);
  if (bytes > maxBytes) {
    throw invalid(
      "state",
      `the member's state has ${bytes} bytes or more; the limit is ${maxBytes}. Publish what is larger, and keep a reference here.`,
    );
  }
  try {
    JSON.parse(text);
  } catch (cause) {
    throw invalid("state", `the member's state is not JSON (${jsonFault(cause)}).`, cause);
  }
  if (!text.isWellFormed()) throw invalid("state", "the member's state holds half a surrogate pair.");
  // Line ends can stand between JSON's tokens alone, never in a string.
  return text.trim().replaceAll(/[\r\n]/g, " ");
}

/** The member as frames and answers show it: a `Member` as JSON on one line. */
export function memberJson(name: string, state: string | undefined, since: string): string {
  const shown = state === undefined ? "" : `,"state":${state}`;
  return `{"member":${JSON.stringify(name)}${shown},"since":"${since}"}`;
}

/** Bytes of the text as UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    // Each half of a surrogate pair counts two of its four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}

export function invalid(field: string, message: string, cause?: unknown): TidingsError {
  return new TidingsError("PRESENCE_INVALID", message, { field }, cause);
}
