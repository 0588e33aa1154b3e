import { binaryWebSocketFormat, deflatedFormat, webSocketFormat, type WireFormat } from "@tidings/protocol";
import type { WebSocket } from "ws";
import { deflate } from "../../http/gzip/index.ts";

/** From so many bytes of payload on a message is compressed: 10 µs for a third less, once for all who read it. */
const LEAST_BYTES = 512;
/** What a flush ends with, and a message goes without: an empty stored block's length (RFC 7692 §7.2.1). */
const TAIL_BYTES = 4;

function deflateMessage(payload: Uint8Array): Uint8Array | undefined {
  if (payload.length < LEAST_BYTES) return undefined;
  const deflated = deflate(payload);
  const length = deflated.length - TAIL_BYTES;
  return length < payload.length ? deflated.subarray(0, length) : undefined;
}

export const deflatedWebSocketFormat: WireFormat = deflatedFormat(webSocketFormat, deflateMessage);
export const deflatedBinaryFormat: WireFormat = deflatedFormat(binaryWebSocketFormat, deflateMessage);

/**
 * Whether a handshake offers permessage-deflate as it is taken. An offer that bounds the server's window is not: frames are shared by
 * all, and they are compressed before anyone's offer is known.
 */
export function offersDeflate(extensions: string | undefined): boolean {
  return (
    extensions !== undefined &&
    /permessage-deflate/.test(extensions) &&
    !/server_max_window_bits/.test(extensions)
  );
}

/**
 * Lets what inflates a client's messages go; to be called after each, when nothing is being inflated: a message is handed on once all of it
 * is there, and before the next one is looked at. `ws` would keep it for as long as the connection lasts, some 40 KB, once the
 * client has sent one compressed frame, and browsers compress all they send. It has no public way to say so.
 */
export function forgetInflate(ws: WebSocket): void {
  const { _extensions: extensions } = ws as unknown as {
    readonly _extensions: Readonly<Record<string, { cleanup(): void }>>;
  };
  extensions["permessage-deflate"]?.cleanup();
}
