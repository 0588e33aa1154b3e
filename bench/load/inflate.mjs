// What a reader of a compressed stream does with its bytes: gzip as any client would, and WebSocket messages one by one.
import { constants, createGunzip, inflateRawSync } from "node:zlib";

const TAIL = Buffer.from([0x00, 0x00, 0xff, 0xff]);
const SYNC = { finishFlush: constants.Z_SYNC_FLUSH };

/** Answers what takes a stream's bytes, cut anywhere. @param {"gzip" | "permessage-deflate"} coding @param {(bytes: Buffer) => void} take */
export function inflater(coding, take) {
  return coding === "gzip" ? gunzip(take) : messages(take);
}

/** @param {(bytes: Buffer) => void} take @returns {(bytes: Buffer) => void} */
function gunzip(take) {
  const stream = createGunzip();
  stream.on("data", take);
  // A buffer that others read into too is not to be kept.
  return (bytes) => void stream.write(Buffer.from(bytes));
}

/** Unmasked frames (RFC 6455 §5.2); RSV1 says that a message is compressed (RFC 7692 §6). @param {(bytes: Buffer) => void} take */
function messages(take) {
  let rest = Buffer.alloc(0);
  return (/** @type {Buffer} */ bytes) => {
    rest = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes]);
    for (;;) {
      const frame = frameOf(rest);
      if (frame === undefined) return;
      const payload = rest.subarray(frame.from, frame.to);
      take(frame.isCompressed ? inflateRawSync(Buffer.concat([payload, TAIL]), SYNC) : payload);
      rest = rest.subarray(frame.to);
    }
  };
}

/** The first frame, or nothing where it is not whole. @param {Buffer} bytes */
function frameOf(bytes) {
  if (bytes.length < 2) return undefined;
  const short = bytes[1] & 0x7f;
  const from = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < from) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? bytes.readUInt32BE(6) : short;
  return bytes.length < from + length
    ? undefined
    : { from, to: from + length, isCompressed: (bytes[0] & 0x40) !== 0 };
}
