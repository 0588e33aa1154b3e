/**
 * A message as two parts of a frame: what is said of it, and its payload.
 *
 *     flags u8 · offset f64 · time f64 · event length u32 · event · [key …] · [idempotency key …] · [artifact …]
 */
import type { Message, NewMessage, Offset, PayloadKind } from "@tidings/protocol";

const KINDS: readonly PayloadKind[] = ["json", "text", "bytes", "none"];
const KIND_BITS = 3;
const HAS_KEY = 4;
const HAS_IDEMPOTENCY_KEY = 8;
const HAS_ARTIFACT = 16;
const FIXED_BYTES = 1 + 8 + 8;
const LENGTH_BYTES = 4;

type AnyMessage = NewMessage & Partial<Pick<Message, "offset" | "timeMs">>;

/** Of each message its two parts. */
export function messageParts(messages: readonly AnyMessage[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const message of messages) parts.push(encodeAbout(message), message.data);
  return parts;
}

/** Messages that are to be appended. */
export function newMessages(parts: readonly Uint8Array[]): readonly NewMessage[] {
  return decodeEach(parts, (about) => about.message);
}

/** Messages of a log. */
export function keptMessages(parts: readonly Uint8Array[]): readonly Message[] {
  return decodeEach(parts, ({ message, offset, timeMs }) => ({ offset, timeMs, ...message }));
}

function encodeAbout({
  event,
  kind,
  key,
  idempotencyKey,
  artifact,
  offset = 0 as Offset,
  timeMs = 0,
}: AnyMessage): Buffer {
  const texts = [event, key, idempotencyKey].filter((each) => each !== undefined);
  const bytes = texts.reduce((sum, each) => sum + LENGTH_BYTES + Buffer.byteLength(each), FIXED_BYTES);
  const into = Buffer.allocUnsafe(bytes + (artifact === undefined ? 0 : LENGTH_BYTES + artifact.length));
  const flags =
    KINDS.indexOf(kind) |
    (key === undefined ? 0 : HAS_KEY) |
    (idempotencyKey === undefined ? 0 : HAS_IDEMPOTENCY_KEY) |
    (artifact === undefined ? 0 : HAS_ARTIFACT);
  let at = into.writeUInt8(flags, 0);
  at = into.writeDoubleBE(offset, at);
  at = into.writeDoubleBE(timeMs, at);
  for (const each of texts) {
    const length = into.write(each, at + LENGTH_BYTES);
    at = into.writeUInt32BE(length, at) + length;
  }
  if (artifact !== undefined) into.set(artifact, into.writeUInt32BE(artifact.length, at));
  return into;
}

interface About {
  readonly message: NewMessage;
  readonly offset: Offset;
  readonly timeMs: number;
}

function decodeEach<T>(parts: readonly Uint8Array[], make: (about: About) => T): readonly T[] {
  const made: T[] = [];
  for (let at = 0; at + 1 < parts.length; at += 2)
    made.push(make(decodeAbout(parts[at] as Uint8Array, parts[at + 1] as Uint8Array)));
  return made;
}

function decodeAbout(bytes: Uint8Array, data: Uint8Array): About {
  const about = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = about.readUInt8(0);
  let at = FIXED_BYTES;
  const next = (): Buffer => {
    const from = at + LENGTH_BYTES;
    at = from + about.readUInt32BE(at);
    return about.subarray(from, at);
  };
  const event = next().toString();
  const key = (flags & HAS_KEY) === 0 ? {} : { key: next().toString() };
  const idempotency = (flags & HAS_IDEMPOTENCY_KEY) === 0 ? {} : { idempotencyKey: next().toString() };
  const artifact = (flags & HAS_ARTIFACT) === 0 ? {} : { artifact: plain(next()) };
  const kind = KINDS[flags & KIND_BITS] as PayloadKind;
  return {
    message: { event, kind, data, ...key, ...idempotency, ...artifact },
    offset: about.readDoubleBE(1) as Offset,
    timeMs: about.readDoubleBE(9),
  };
}

/** A plain array of bytes, as every log gives it. */
function plain({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
