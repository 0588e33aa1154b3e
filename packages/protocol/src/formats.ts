import type { ByteWriter } from "./byte-writer.ts";
import { writeArtifact, writeHead, writeMessageObject } from "./message-object.ts";
import type { Message } from "./message.ts";
import { DEFAULT_EVENT } from "./names.ts";
import { closeFrame, openFrame } from "./websocket-frame.ts";
import type { Source, WireFormat } from "./wire-format.ts";

/** NDJSON: a message object a line. */
export const ndjsonFormat: WireFormat = {
  name: "ndjson",
  write(writer, message, source) {
    writeMessageObject(writer, message, source);
    writer.byte(0x0a);
  },
};

/** Message objects, each followed by a comma: the inside of a page's array once the last comma is cut off. */
export const pageFormat: WireFormat = {
  name: "page",
  write(writer, message, source) {
    writeMessageObject(writer, message, source);
    writer.byte(0x2c);
  },
};

/** WebSocket: a message object in a text frame. */
export const webSocketFormat: WireFormat = {
  name: "websocket",
  write(writer, message, source) {
    const start = openFrame(writer);
    writeMessageObject(writer, message, source);
    closeFrame(writer, start, 0x1);
  },
};

/** WebSocket for a client that asked for binary: bytes in a binary frame (u32 header length, JSON header, bytes). */
export const binaryWebSocketFormat: WireFormat = {
  name: "websocket-binary",
  write(writer, message, source) {
    // Bytes that are also stored travel here all the same, where they are in the message.
    const isStored = message.artifact !== undefined && message.data.length === 0;
    if (message.kind !== "bytes" || isStored) return webSocketFormat.write(writer, message, source);
    const start = openFrame(writer);
    const length = writer.skip(4);
    writeHead(writer, message, source);
    if (message.artifact !== undefined) writeArtifact(writer, message.artifact);
    writer.text(',"encoding":"binary"}');
    const headBytes = writer.length - length - 4;
    for (let at = 0; at < 4; at++) writer.set(length + at, (headBytes >>> (24 - 8 * at)) & 255);
    writer.bytes(message.data);
    closeFrame(writer, start, 0x2);
  },
};

/** SSE for one channel: `id` is the cursor, `event` the event, `data` the payload as it was published. */
export const sseFormat: WireFormat = {
  name: "sse",
  write(writer, message, source) {
    // No id on an ephemeral message: the client's last event id must stay where it can be read from.
    if (message.offset > 0) writeId(writer, message, source);
    if (message.kind === "none") {
      // Only where the channel was keyed once: a keyed one's messages travel as objects.
      writer.text(`event: tidings.deleted\ndata: ${JSON.stringify({ key: message.key })}\n\n`);
      return;
    }
    if (message.event !== DEFAULT_EVENT) writeEvent(writer, message);
    if (message.artifact !== undefined) {
      writer.bytes(DATA);
      writer.bytes(message.artifact);
      writer.byte(0x0a);
    } else if (message.kind === "bytes") {
      writer.bytes(DATA);
      writer.base64(message.data);
      writer.byte(0x0a);
    } else {
      writeDataLines(writer, message.data);
    }
    writer.byte(0x0a);
  },
};

/**
 * SSE whose data is the message object: for several channels, or where text and bytes must be told from JSON. There is
 * no `event:` line, since an `EventSource` gives named events only to those who know the names beforehand: this way
 * `onmessage` gets every message, and the object tells its event.
 */
export const sseObjectFormat: WireFormat = {
  name: "sse-object",
  write(writer, message, source) {
    if (message.offset > 0) writeId(writer, message, source);
    writeObjectEvent(writer, message, source);
  },
};

/** As {@link sseObjectFormat}, without ids: each connection adds its own composite position after a flush. */
export const sseSharedFormat: WireFormat = { name: "sse-shared", write: writeObjectEvent };

const encoder = new TextEncoder();
const ID = encoder.encode("id: ");
const EVENT = encoder.encode("event: ");
const DATA = encoder.encode("data: ");

function writeId(writer: ByteWriter, { offset }: Message, { epoch }: Source): void {
  writer.bytes(ID);
  writer.text(epoch);
  writer.byte(0x2e);
  writer.text(String(offset));
  writer.byte(0x0a);
}

function writeEvent(writer: ByteWriter, { event }: Message): void {
  writer.bytes(EVENT);
  writer.text(event);
  writer.byte(0x0a);
}

function writeObjectEvent(writer: ByteWriter, message: Message, source: Source): void {
  writer.bytes(DATA);
  writeMessageObject(writer, message, source);
  writer.text("\n\n");
}

/** Writes UTF-8 as `data:` lines (WHATWG HTML §9.2.5, "Parsing an event stream"). */
function writeDataLines(writer: ByteWriter, data: Uint8Array): void {
  let start = 0;
  for (let at = 0; at <= data.length; at++) {
    const byte = data[at];
    // CR and CRLF end a line as LF does, so each needs its own `data:` prefix: a bare CR let through would let a
    // publisher write fields of its own choosing.
    if (byte !== undefined && byte !== 0x0a && byte !== 0x0d) continue;
    writer.bytes(DATA);
    // Most payloads are one line, and a view of all of it takes longer to make than to copy.
    writer.bytes(at - start === data.length ? data : data.subarray(start, at));
    writer.byte(0x0a);
    if (byte === 0x0d && data[at + 1] === 0x0a) at++;
    start = at + 1;
  }
}
