import type { StreamCodec } from "@tidings/core";
import { binaryWebSocketFormat, encodeTextFrame, webSocketFormat } from "@tidings/protocol";
import { deflatedBinaryFormat, deflatedWebSocketFormat } from "./deflate.ts";

/** A JSON object a text frame. */
const textCodec: StreamCodec = {
  format: webSocketFormat,
  frame: (frame) => encodeTextFrame(JSON.stringify(frame)),
  json: (_type, text) => encodeTextFrame(text),
};

/** The same, and payloads of bytes come in binary frames. */
const binaryCodec: StreamCodec = { ...textCodec, format: binaryWebSocketFormat };

// Frames of the connection itself stay as they are.
const deflatedTextCodec: StreamCodec = { ...textCodec, format: deflatedWebSocketFormat };
const deflatedBinaryCodec: StreamCodec = { ...textCodec, format: deflatedBinaryFormat };

/** By whether payloads of bytes come in binary frames, and whether permessage-deflate was negotiated. */
export function codecOf(isBinary: boolean, isDeflated: boolean): StreamCodec {
  if (isDeflated) return isBinary ? deflatedBinaryCodec : deflatedTextCodec;
  return isBinary ? binaryCodec : textCodec;
}
