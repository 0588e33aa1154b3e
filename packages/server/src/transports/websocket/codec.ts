import type { StreamCodec } from "@tidings/core";
import { binaryWebSocketFormat, encodeTextFrame, webSocketFormat, type WireFormat } from "@tidings/protocol";
import { deflatedBinaryFormat, deflatedWebSocketFormat } from "./deflate.ts";

/** A JSON object a text frame; once `binary` is set, payloads of bytes come in binary frames. */
export class WebSocketCodec implements StreamCodec {
  binary: boolean;
  /** Whether permessage-deflate was negotiated; frames of the connection itself stay as they are. */
  readonly #isDeflated: boolean;

  constructor(binary: boolean, isDeflated: boolean) {
    this.binary = binary;
    this.#isDeflated = isDeflated;
  }

  get format(): WireFormat {
    if (this.#isDeflated) return this.binary ? deflatedBinaryFormat : deflatedWebSocketFormat;
    return this.binary ? binaryWebSocketFormat : webSocketFormat;
  }

  readonly frame: StreamCodec["frame"] = (frame) => encodeTextFrame(JSON.stringify(frame));

  readonly json: StreamCodec["json"] = (_type, text) => encodeTextFrame(text);
}
