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

/** As {@link frameHead}, of text, into a buffer; answers its bytes. @param {Buffer} into @param {number} at @param {number} length */
export function writeHead(into, at, length) {
  if (length > 65_535) return frameHead(0x81, length).copy(into, at);
  const bytes = length < 126 ? 2 : 4;
  into[at] = 0x81;
  into[at + 1] = 0x80 | (bytes === 2 ? length : 126);
  if (bytes === 4) {
    into[at + 2] = length >> 8;
    into[at + 3] = length & 255;
  }
  into.fill(0, at + bytes, at + bytes + 4);
  return bytes + 4;
}

/** A pong without a payload. */
export const PONG = frameHead(0x8a, 0);

/** The milliseconds of the machine's clock, the same in each process. */
export const nowMs = () => performance.timeOrigin + performance.now();

/**
 * A payload of `size` bytes: JSON that begins with its number and when it was sent, and goes on with padding, or with `isText` with
 * lines of a log, which compress as such lines do.
 * @param {number} n @param {number} size @param {boolean} [isText]
 */
export function payload(n, size, isText = false) {
  const head = `{"n":${n},"sentAtMs":${nowMs().toFixed(3)},"${isText ? "log" : "pad"}":"`;
  return `${isText ? (head + linesOf(n, size)).slice(0, size - 2) : head.padEnd(size - 2, "x")}"}`;
}

const WORDS =
  "worker eval step loss accuracy tokens latency_ms request GET /api/v1/evals POST /api/v1/runs status started finished retry timeout " +
  "model cache hit miss queue depth connected disconnected user session upload bytes checkpoint saved gpu memory info warn error";
const TEXT_CHARACTERS = 1_048_576;
let lines = "";

/** Log lines, the same in each run: words in any order, with numbers. @param {number} n @param {number} size */
function linesOf(n, size) {
  if (lines === "") {
    const words = WORDS.split(" ");
    let seed = 1;
    const draw = (/** @type {number} */ below) =>
      ((seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) >>> 8) % below;
    while (lines.length < TEXT_CHARACTERS) lines += `${words[draw(words.length)]}=${draw(100_000)} `;
  }
  // A prime, so that messages that follow each other do not share their text.
  const from = (n * 7_919) % (TEXT_CHARACTERS - size);
  return lines.slice(from, from + size);
}
