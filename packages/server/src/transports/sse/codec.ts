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
  return `event: tidings.${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`;
}

/** One channel; the data is the payload as it was published. */
export const sseCodec: StreamCodec = { format: sseFormat, frame: singleFrame };

/** One channel; the data is the message object. */
export const sseObjectCodec: StreamCodec = { format: sseObjectFormat, frame: singleFrame };

/** Several channels; the data is the message object, and the id where the connection stands in all of them. */
export const sseMultiCodec: StreamCodec = {
  format: sseSharedFormat,
  frame: multiFrame,
  position: (cursors) => {
    const position = formatPosition(cursors);
    // An empty id would take a resuming client's position away before the new one is known.
    return Buffer.from(position === "" ? "" : `id: ${position}\n\n`);
  },
};
