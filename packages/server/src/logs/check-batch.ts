import { messageBytes, type NewMessage, TidingsError } from "@tidings/protocol";

/** What a record's length of two bytes has room for. */
const MAX_PART_BYTES = 65_535;

/**
 * Refuses what a record cannot hold before it goes with others: there, it would fail all of them. Transports are stricter;
 * this is the room's own floor. Answers the batch's bytes.
 *
 * @throws {TidingsError} `CHANNEL_NAME_INVALID`, `EVENT_NAME_INVALID`, `KEY_INVALID`, `MESSAGE_TOO_LARGE`
 */
export function checkBatch(channel: string, batch: readonly NewMessage[]): number {
  if (channel === "")
    throw new TidingsError("CHANNEL_NAME_INVALID", "the channel's name is empty; give it one.");
  let bytes = 0;
  for (const message of batch) {
    const { event, key = "", artifact } = message;
    if (isTooLong(event)) throw tooLong("EVENT_NAME_INVALID", "the event's name");
    if (isTooLong(key)) throw tooLong("KEY_INVALID", "the message's key");
    if (artifact !== undefined && artifact.length > MAX_PART_BYTES)
      throw tooLong("MESSAGE_TOO_LARGE", "the stored payload's reference and preview");
    bytes += messageBytes(message);
  }
  return bytes;
}

function isTooLong(text: string): boolean {
  // UTF-8 takes at most three bytes for a UTF-16 unit, so most names need no counting.
  return text.length * 3 > MAX_PART_BYTES && Buffer.byteLength(text) > MAX_PART_BYTES;
}

function tooLong(
  code: "EVENT_NAME_INVALID" | "KEY_INVALID" | "MESSAGE_TOO_LARGE",
  what: string,
): TidingsError {
  return new TidingsError(code, `${what}: more than ${MAX_PART_BYTES} bytes; use a shorter one.`);
}
