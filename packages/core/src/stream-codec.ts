import type { Cursor, ServerFrame, WireFormat } from "@tidings/protocol";

/** How a transport writes what a connection has to say. */
export interface StreamCodec {
  readonly format: WireFormat;
  /** A frame's bytes; empty where the transport has no words for it. */
  frame(frame: ServerFrame): Uint8Array;
  /** A frame that is JSON on one line already. Codecs whose formats have one name MUST write it alike: it is shared. */
  json(type: ServerFrame["type"], text: string): Uint8Array;
  /** Where the connection stands in all its channels, written after all that moves it (SSE with several channels). */
  readonly position?: (cursors: Iterable<readonly [channel: string, cursor: Cursor]>) => Uint8Array;
}
