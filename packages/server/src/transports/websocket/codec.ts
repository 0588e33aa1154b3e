import type { StreamCodec } from "@tidings/core";
import { binaryWebSocketFormat, encodeTextFrame, webSocketFormat } from "@tidings/protocol";

/** A JSON object a text frame. */
export const textCodec: StreamCodec = {
  format: webSocketFormat,
  frame: (frame) => encodeTextFrame(JSON.stringify(frame)),
  json: (_type, text) => encodeTextFrame(text),
};

/** The same, and payloads of bytes come in binary frames. */
export const binaryCodec: StreamCodec = { ...textCodec, format: binaryWebSocketFormat };
