import type { Message, NewMessage, Offset } from "@tidings/protocol";
import { decodeRecord, encodeRecord } from "../record.ts";

/** Says when they were handed over, and how long the record of each is. */
export const EPHEMERAL_HEADER = "Tidings-Ephemeral";

const NONE = 0 as Offset;

/** Messages that nobody keeps, as they are told: a header's text, and their records. */
export function encodeEphemeral(
  messages: readonly NewMessage[],
  timeMs: number,
): { readonly header: string; readonly data: Buffer } {
  const records = messages.map((message) => encodeRecord(message));
  return { header: [timeMs, ...records.map(({ length }) => length)].join(" "), data: Buffer.concat(records) };
}

/** None for what is no such header: a subject is anybody's who may publish there. */
export function decodeEphemeral(header: string, data: Uint8Array): readonly Message[] {
  if (!/^\d+(?: \d+)+$/.test(header)) return [];
  const [timeMs = 0, ...sizes] = header.split(" ").map(Number);
  if (sizes.reduce((sum, size) => sum + size, 0) !== data.length || sizes.includes(0)) return [];
  const own = Buffer.allocUnsafeSlow(data.length);
  own.set(data);
  let at = 0;
  return sizes.map((size) => decodeRecord(own.subarray(at, (at += size)), NONE, timeMs));
}
