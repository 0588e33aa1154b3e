import type { StreamCodec } from "@tidings/core";
import {
  formatPosition,
  type ServerFrame,
  sseFormat,
  sseObjectFormat,
  sseSharedFormat,
} from "@tidings/protocol";

/** Frames as events named `tidings.<type>` (WHATWG HTML §9.2.5); an `ok` is where the stream stands: an id alone. */
function singleFrame(frame: ServerFrame): Uint8Array {
  switch (frame.type) {
    case "ok":
      return Buffer.from(`id: ${frame.cursor}\n\n`);
    case "gap":
      return Buffer.from(`id: ${frame.to}\n${event(frame)}`);
    case "caught-up":
      return Buffer.from(`id: ${frame.cursor}\n${event(frame)}`);
    case "draining":
      return Buffer.from(`retry: ${frame.reconnectInMs}\n${event(frame)}`);
    default:
      return Buffer.from(event(frame));
  }
}

/** With several channels, ids are composite positions, which the connection adds after each write. */
function multiFrame(frame: ServerFrame): Uint8Array {
  const retry = frame.type === "draining" ? `retry: ${frame.reconnectInMs}\n` : "";
  return Buffer.from(retry + event(frame));
}

function event(frame: ServerFrame): string {
  return namedEvent(frame.type, JSON.stringify(frame));
}

function namedEvent(type: ServerFrame["type"], data: string): string {
  return `event: tidings.${type}\ndata: ${data}\n\n`;
}

const json: StreamCodec["json"] = (type, text) => Buffer.from(namedEvent(type, text));

/** One channel; the data is the payload as it was published. */
export const sseCodec: StreamCodec = { format: sseFormat, frame: singleFrame, json };

/** One channel; the data is the message object. */
export const sseObjectCodec: StreamCodec = { format: sseObjectFormat, frame: singleFrame, json };

/** Several channels; the data is the message object, and there are no ids: each object has its cursor. */
export const ssePlainCodec: StreamCodec = { format: sseSharedFormat, frame: multiFrame, json };

/** The same, and the id is where the connection stands in all of them. */
export const sseMultiCodec: StreamCodec = {
  ...ssePlainCodec,
  position: (cursors) => {
    const position = formatPosition(cursors);
    // An empty id would take a resuming client's position away before the new one is known.
    return Buffer.from(position === "" ? "" : `id: ${position}\n\n`);
  },
};
