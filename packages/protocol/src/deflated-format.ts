import { closeFrame, openFrame } from "./websocket-frame.ts";
import type { WireFormat } from "./wire-format.ts";

/** Of a frame's first byte (RFC 6455 §5.2). */
const OPCODE = 0x0f;

/**
 * A WebSocket format whose frames are compressed one by one, without looking back on those before (RFC 7692 §7.1.1.1), so that all who
 * negotiated that can be handed the same bytes.
 *
 * @param deflate answers the payload as DEFLATE without its last empty block (RFC 7692 §7.2.1), or `undefined` where it is to stay as it
 *   is; the bytes it is given are valid only while it runs
 */
export function deflatedFormat(
  format: WireFormat,
  deflate: (payload: Uint8Array) => Uint8Array | undefined,
): WireFormat {
  return {
    name: `${format.name}-deflated`,
    write(writer, message, source) {
      const start = writer.length;
      format.write(writer, message, source);
      const frame = writer.view(start);
      const opcode = ((frame[0] as number) & OPCODE) as 0x1 | 0x2;
      const deflated = deflate(frame.subarray(headBytes(frame)));
      if (deflated === undefined) return;
      writer.cut(start);
      openFrame(writer);
      writer.bytes(deflated);
      closeFrame(writer, start, opcode, true);
    },
  };
}

/** Of an unmasked frame (RFC 6455 §5.2). */
function headBytes(frame: Uint8Array): number {
  const length = frame[1] as number;
  return length < 126 ? 2 : length === 126 ? 4 : 10;
}
