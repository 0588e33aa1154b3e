import type { StreamCodec } from "@tidings/core";
import { binaryWebSocketFormat, encodeTextFrame, webSocketFormat, type WireFormat } from "@tidings/protocol";

/** A JSON object a text frame; once `binary` is set, payloads of bytes come in binary frames. */
export class WebSocketCodec implements StreamCodec {
  binary: boolean;

  constructor(binary: boolean) {
    this.binary = binary;
  }

  get format(): WireFormat {
    return this.binary ? binaryWebSocketFormat : webSocketFormat;
  }

  readonly frame: StreamCodec["frame"] = (frame) => encodeTextFrame(JSON.stringify(frame));

  readonly json: StreamCodec["json"] = (_type, text) => encodeTextFrame(text);
}
