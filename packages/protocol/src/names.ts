import { TidingsError } from "./errors.ts";
import { MAX_CHANNEL_BYTES, MAX_EVENT_BYTES, MAX_IDEMPOTENCY_KEY_BYTES, MAX_KEY_BYTES } from "./limits.ts";

const CHANNEL = /^\$?[A-Za-z0-9._~-]+(?:\/[A-Za-z0-9._~-]+)*$/;
const encoder = new TextEncoder();

/** What an event is called when its publisher does not say. */
export const DEFAULT_EVENT = "message";

/** Whether the name begins with `$`: such channels are written by the system alone. */
export function isReserved(channel: string): boolean {
  return channel.startsWith("$");
}

/**
 * Checks a channel's name: 1–255 bytes of `A-Z a-z 0-9 . _ ~ - /`, no empty segment, no segment `.` or `..`
 * (URL libraries remove those before a request is sent); `$` may begin a name of the system's own.
 *
 * @throws {TidingsError} `CHANNEL_NAME_INVALID`
 */
export function checkChannel(name: string): string {
  if (name.length === 0 || name.length > MAX_CHANNEL_BYTES) {
    const found = name.length === 0 ? "is empty" : `has ${name.length} bytes`;
    throw new TidingsError(
      "CHANNEL_NAME_INVALID",
      `the channel's name ${found}; use 1 to ${MAX_CHANNEL_BYTES} bytes.`,
    );
  }
  if (!CHANNEL.test(name) || /(?:^|\/)\.{1,2}(?:\/|$)/.test(name)) {
    throw new TidingsError(
      "CHANNEL_NAME_INVALID",
      `${quote(name)} is not a channel's name; use A-Z a-z 0-9 . _ ~ - in segments parted by single slashes, ` +
        "none of them empty, . or ..",
    );
  }
  return name;
}

/**
 * Checks an event's name: 1–255 bytes of UTF-8 without control characters; `tidings.` begins the system's own.
 *
 * @throws {TidingsError} `EVENT_NAME_INVALID`
 */
export function checkEvent(name: string): string {
  // A line end or NUL would let a publisher write SSE fields of its own choosing (WHATWG HTML §9.2.5).
  checkText(name, "the event's name", MAX_EVENT_BYTES, "EVENT_NAME_INVALID");
  if (name.startsWith("tidings.")) {
    throw new TidingsError(
      "EVENT_NAME_INVALID",
      `the event's name ${quote(name)} begins with "tidings.", which is kept for the system; choose another.`,
    );
  }
  return name;
}

/** Checks what a message is the newest value of: 1–255 bytes of UTF-8 without control characters. */
export function checkKey(key: string): string {
  return checkText(key, "the message's key", MAX_KEY_BYTES, "KEY_INVALID");
}

/** Checks an idempotency key: 1–255 bytes of UTF-8 without control characters. */
export function checkIdempotencyKey(key: string): string {
  return checkText(key, "the idempotency key", MAX_IDEMPOTENCY_KEY_BYTES, "KEY_INVALID");
}

function checkText(
  text: string,
  what: string,
  maxBytes: number,
  code: "EVENT_NAME_INVALID" | "KEY_INVALID",
): string {
  const bytes = text.length > maxBytes ? text.length : encoder.encode(text).length;
  if (bytes === 0)
    throw new TidingsError(code, `${what} is empty; leave it out or use 1 to ${maxBytes} bytes.`);
  if (bytes > maxBytes)
    throw new TidingsError(code, `${what} has ${bytes} bytes or more; the limit is ${maxBytes}.`);
  if (/\p{Cc}/u.test(text) || !text.isWellFormed()) {
    throw new TidingsError(
      code,
      `${what} holds a control character or half a surrogate pair; use plain text.`,
    );
  }
  return text;
}

/** A name as it may stand in an error: cut short, control characters escaped. */
export function quote(text: string): string {
  const quoted = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  // JSON leaves DEL and U+0080–U+009F as they are, and a terminal obeys some of them.
  return quoted.replace(/\p{Cc}/gu, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
