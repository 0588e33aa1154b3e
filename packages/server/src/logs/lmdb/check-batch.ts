import type { AppendOptions } from "@tidings/core";
import { messageBytes, type NewMessage, TidingsError } from "@tidings/protocol";

/** Most bytes of a name that the store has room for: LMDB's keys, and two bytes for a length. */
const MAX_CHANNEL_BYTES = 1_024;
const MAX_KEY_BYTES = 1_024;
const MAX_NAME_BYTES = 65_535;
const MAX_ARTIFACT_BYTES = 65_535;

/**
 * Refuses what the store cannot hold before it joins a group: there, it would fail all the others too. Transports are
 * stricter; this is the room's own floor. Answers the batch's bytes.
 *
 * @throws {TidingsError} `CHANNEL_NAME_INVALID`, `EVENT_NAME_INVALID`, `KEY_INVALID`, `MESSAGE_TOO_LARGE`
 */
export function checkBatch(channel: string, batch: readonly NewMessage[], options: AppendOptions): number {
  if (channel === "")
    throw new TidingsError("CHANNEL_NAME_INVALID", "the channel's name is empty; give it one.");
  checkSize("CHANNEL_NAME_INVALID", "the channel's name", channel, MAX_CHANNEL_BYTES);
  checkSize("KEY_INVALID", "the idempotency key", options.idempotencyKey, MAX_KEY_BYTES);
  let bytes = 0;
  for (const message of batch) {
    checkSize("EVENT_NAME_INVALID", "the event's name", message.event, MAX_NAME_BYTES);
    checkSize("KEY_INVALID", "the message's key", message.key, MAX_NAME_BYTES);
    checkSize("KEY_INVALID", "the idempotency key", message.idempotencyKey, MAX_KEY_BYTES);
    if (message.artifact !== undefined && message.artifact.length > MAX_ARTIFACT_BYTES) throw artifactError();
    bytes += messageBytes(message);
  }
  return bytes;
}

function checkSize(
  code: "CHANNEL_NAME_INVALID" | "EVENT_NAME_INVALID" | "KEY_INVALID",
  what: string,
  text: string | undefined,
  maxBytes: number,
): void {
  // UTF-8 takes at most three bytes for a UTF-16 unit, so most names need no counting.
  if (text === undefined || text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return;
  throw new TidingsError(code, `${what} has more than ${maxBytes} bytes; use a shorter one.`);
}

function artifactError(): TidingsError {
  return new TidingsError(
    "MESSAGE_TOO_LARGE",
    `the stored payload's reference and preview have more than ${MAX_ARTIFACT_BYTES} bytes; give it a smaller preview.`,
  );
}
