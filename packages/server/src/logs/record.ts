/**
 * One message as the engine holds it and as it travels to other nodes:
 *
 *     flags u8 · [event length u16 · event] · [key length u16 · key] · [artifact length u16 · artifact] · payload
 *
 * Offset and time stand beside it.
 */
import {
  DEFAULT_EVENT,
  type Message,
  type NewMessage,
  type Offset,
  type PayloadKind,
} from "@tidings/protocol";

const KINDS: readonly PayloadKind[] = ["json", "text", "bytes", "none"];
const KIND_BITS = 3;
const HAS_EVENT = 4;
const HAS_KEY = 8;
const HAS_ARTIFACT = 16;

export function encodeRecord({ event, key, artifact, kind, data }: NewMessage): Buffer {
  const eventBytes = event === DEFAULT_EVENT ? 0 : 2 + Buffer.byteLength(event);
  const keyBytes = key === undefined ? 0 : 2 + Buffer.byteLength(key);
  const artifactBytes = artifact === undefined ? 0 : 2 + artifact.length;
  const into = Buffer.allocUnsafe(1 + eventBytes + keyBytes + artifactBytes + data.length);
  into[0] =
    KINDS.indexOf(kind) |
    (eventBytes > 0 ? HAS_EVENT : 0) |
    (keyBytes > 0 ? HAS_KEY : 0) |
    (artifactBytes > 0 ? HAS_ARTIFACT : 0);
  let at = 1;
  if (eventBytes > 0) at = writeName(into, at, event);
  if (key !== undefined) at = writeName(into, at, key);
  if (artifact !== undefined) {
    into.set(artifact, into.writeUInt16BE(artifact.length, at));
    at += artifactBytes;
  }
  into.set(data, at);
  return into;
}

/** The message is a view of `record`, which is not written to afterwards. */
export function decodeRecord(record: Buffer, offset: Offset, timeMs: number): Message {
  const flags = record.readUInt8(0);
  let at = 1;
  const part = (flag: number): Buffer | undefined => {
    if ((flags & flag) === 0) return undefined;
    const end = at + 2 + record.readUInt16BE(at);
    const bytes = record.subarray(at + 2, end);
    at = end;
    return bytes;
  };
  const event = part(HAS_EVENT)?.toString() ?? DEFAULT_EVENT;
  const key = part(HAS_KEY)?.toString();
  const artifact = part(HAS_ARTIFACT);
  const message = {
    offset,
    timeMs,
    event,
    kind: KINDS[flags & KIND_BITS] as PayloadKind,
    data: viewOf(record, at),
  };
  const stored = artifact === undefined ? message : { ...message, artifact: viewOf(artifact, 0) };
  return key === undefined ? stored : { ...stored, key };
}

/** A plain array of bytes, as every log gives it. */
function viewOf({ buffer, byteOffset, length }: Buffer, from: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + from, length - from);
}

function writeName(into: Buffer, at: number, name: string): number {
  const length = into.write(name, at + 2);
  into.writeUInt16BE(length, at);
  return at + 2 + length;
}
