import { fromBase64 } from "./base64.ts";
import type { ByteWriter } from "./byte-writer.ts";
import type { Message } from "./message.ts";
import { DEFAULT_EVENT } from "./names.ts";
import type { Source } from "./wire-format.ts";

/** A message as every transport but plain SSE carries it: one JSON object. */
export interface MessageObject {
  readonly type: "message";
  readonly channel: string;
  /** Absent on an ephemeral message: it is kept nowhere, so nothing can be read since it. */
  readonly cursor?: string;
  /** Absent where it is `message`. */
  readonly event?: string;
  readonly key?: string;
  /** RFC 3339, milliseconds, UTC. */
  readonly time: string;
  /** `text/plain` says that `data` is text, and not a JSON value that happens to be a string. */
  readonly contentType?: "text/plain";
  /** `base64` says that `data` is bytes; `binary`, in a binary WebSocket frame, that they follow the header. */
  readonly encoding?: "base64" | "binary";
  readonly data?: unknown;
  /** Where the payload is, instead of in `data`: too large to travel in the message. With `data`, what its publisher names beside that. */
  readonly artifact?: ArtifactReference;
  /** What the payload begins with, or what its publisher says of it. */
  readonly preview?: unknown;
  /** The message deletes its key, and has no data. */
  readonly deleted?: true;
}

/** A payload that is stored, and fetched by its URL (with ranges). */
export interface ArtifactReference {
  /** From the server's root on, such as `/artifacts/9sJ3…`. */
  readonly url: string;
  /** In bytes. */
  readonly size: number;
  /** Its media type. */
  readonly type: string;
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
}

const encoder = new TextEncoder();
const EVENT = encoder.encode(',"event":');
const KEY = encoder.encode(',"key":');
const DATA = encoder.encode(',"data":');
const DELETED = encoder.encode(',"deleted":true');
const TEXT = encoder.encode(',"contentType":"text/plain"');
const BASE64 = encoder.encode(',"encoding":"base64"');
/** By byte, how what cannot stand in a JSON string by itself is written there. */
const ESCAPES = Array.from({ length: 0x5d }, (_, code) =>
  JSON.stringify(String.fromCharCode(code)).slice(1, -1),
);
let lastTimeMs = Number.NaN;
let lastTime = "";

/** RFC 3339 with milliseconds, UTC. */
export function formatTime(timeMs: number): string {
  // The messages of one flush mostly share their millisecond.
  if (timeMs !== lastTimeMs) {
    lastTime = new Date(timeMs).toISOString();
    lastTimeMs = timeMs;
  }
  return lastTime;
}

// What neighbours mostly share stays encoded: copying bytes takes a fifth of the time that encoding text takes.
let lastChannel = "";
let lastEpoch = "";
let opening: Uint8Array = new Uint8Array(0);
let encodedTimeMs = Number.NaN;
let time: Uint8Array = new Uint8Array(0);

/** Writes the members before `data`, from the opening brace on; the object is left open. */
export function writeHead(writer: ByteWriter, message: Message, source: Source): void {
  if (message.offset > 0) {
    writeOpening(writer, source);
    writer.text(String(message.offset));
    writer.byte(0x22);
  } else {
    writer.text(`{"type":"message","channel":"${source.channel}"`);
  }
  if (message.event !== DEFAULT_EVENT) {
    writer.bytes(EVENT);
    writer.text(JSON.stringify(message.event));
  }
  if (message.key !== undefined) {
    writer.bytes(KEY);
    writer.text(JSON.stringify(message.key));
  }
  if (message.timeMs !== encodedTimeMs) {
    time = encoder.encode(`,"time":"${formatTime(message.timeMs)}"`);
    encodedTimeMs = message.timeMs;
  }
  writer.bytes(time);
}

/** Writes what stands before a cursor's offset. */
function writeOpening(writer: ByteWriter, { channel, epoch }: Source): void {
  if (channel !== lastChannel || epoch !== lastEpoch) {
    opening = encoder.encode(`{"type":"message","channel":"${channel}","cursor":"${epoch}.`);
    lastChannel = channel;
    lastEpoch = epoch;
  }
  writer.bytes(opening);
}

/** Writes one message as a JSON object on one line. A JSON payload is passed on, not encoded again. */
export function writeMessageObject(writer: ByteWriter, message: Message, source: Source): void {
  writeHead(writer, message, source);
  if (message.artifact !== undefined) writeArtifact(writer, message.artifact);
  else writePayload(writer, message);
  writer.byte(0x7d);
}

/** Writes `"artifact"` and `"preview"` or `"data"` as members of the open object: all that stands between their own braces. */
export function writeArtifact(writer: ByteWriter, artifact: Uint8Array): void {
  writer.byte(0x2c);
  writer.bytes(artifact.subarray(1, -1));
}

function writePayload(writer: ByteWriter, message: Message): void {
  switch (message.kind) {
    case "none":
      writer.bytes(DELETED);
      break;
    case "json":
      writer.bytes(DATA);
      writer.jsonOnOneLine(message.data);
      break;
    case "text":
      writer.bytes(TEXT);
      writer.bytes(DATA);
      writeJsonString(writer, message.data);
      break;
    case "bytes":
      writer.bytes(BASE64);
      writer.bytes(DATA);
      writer.byte(0x22);
      writer.base64(message.data);
      writer.byte(0x22);
      break;
  }
}

/**
 * Writes checked UTF-8 as a JSON string (RFC 8259 §7). The bytes are copied but for the few that need an escape:
 * decoding, `JSON.stringify` and encoding took four times as long.
 */
function writeJsonString(writer: ByteWriter, utf8: Uint8Array): void {
  writer.byte(0x22);
  let start = 0;
  for (let at = 0; at < utf8.length; at++) {
    const byte = utf8[at] as number;
    if (byte >= 0x20 && byte !== 0x22 && byte !== 0x5c) continue;
    writer.bytes(utf8.subarray(start, at));
    writer.text(ESCAPES[byte] as string);
    start = at + 1;
  }
  writer.bytes(start === 0 ? utf8 : utf8.subarray(start));
  writer.byte(0x22);
}

/**
 * A message's payload as an application wants it: the JSON value, the text, or the bytes. Answers `undefined` where
 * `encoding` says base64 and `data` is not.
 */
export function payloadOf(message: Pick<MessageObject, "encoding" | "data">): unknown {
  if (message.encoding !== "base64") return message.data;
  return typeof message.data === "string" ? fromBase64(message.data) : undefined;
}
