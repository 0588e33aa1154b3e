// What the load side knows of protocols: nothing but bytes.

export const UPGRADE =
  "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/**
 * A text frame of a client (RFC 6455 §5.2), masked with a key of zeros, so that its bytes stay as they are.
 * @param {string} text
 */
export function textFrame(text) {
  const payload = Buffer.from(text);
  return Buffer.concat([frameHead(0x81, payload.length), payload]);
}

/** @param {number} first @param {number} length */
export function frameHead(first, length) {
  if (length < 126) return Buffer.from([first, 0x80 | length, 0, 0, 0, 0]);
  if (length < 65_536) return Buffer.from([first, 0xfe, length >> 8, length & 255, 0, 0, 0, 0]);
  const head = Buffer.alloc(14);
  head[0] = first;
  head[1] = 0xff;
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** A pong without a payload. */
export const PONG = frameHead(0x8a, 0);

/** The milliseconds of the machine's clock, the same in each process. */
export const nowMs = () => performance.timeOrigin + performance.now();

/** A payload of `size` bytes: JSON that begins with its number and when it was sent. @param {number} n @param {number} size */
export function payload(n, size) {
  const head = `{"n":${n},"sentAtMs":${nowMs().toFixed(3)},"pad":"`;
  return `${head.padEnd(size - 2, "x")}"}`;
}
