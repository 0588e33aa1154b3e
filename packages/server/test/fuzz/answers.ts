import { CLOSE_CODES, ERRORS } from "@tidings/protocol";

const STATUSES: ReadonlySet<number> = new Set([
  100,
  101,
  200,
  201,
  202,
  204,
  206,
  304,
  ...Object.values(ERRORS).map(({ status }) => status),
]);

/**
 * What is wrong with what the server wrote on one connection; `undefined` where every status, code and close code is known,
 * and none of them tells a fault of the server's own.
 */
export function faultIn(bytes: Buffer): string | undefined {
  const text = bytes.toString("latin1");
  for (const [, status] of text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)) {
    if (!STATUSES.has(Number(status))) return `the status ${status}`;
  }
  for (const [, code = ""] of text.matchAll(/"code":"([A-Z][A-Z_]+)"/g)) {
    if (!Object.hasOwn(ERRORS, code)) return `the code ${code}`;
    if (code === "INTERNAL") return "a fault of the server's own: INTERNAL";
  }
  const [first, ...others] = text.split("\r\n\r\n");
  if (first?.startsWith("HTTP/1.1 101 ") !== true) return undefined;
  return faultInFrames(Buffer.from(others.join("\r\n\r\n"), "latin1"));
}

/** Every frame of the server is whole, unmasked, and its close has a code that PROTOCOL.md names. */
function faultInFrames(bytes: Buffer): string | undefined {
  for (let at = 0; at + 2 <= bytes.length;) {
    const [first = 0, second = 0] = bytes.subarray(at, at + 2);
    if ((second & 0x80) !== 0) return "a masked frame";
    const extended = second === 126 ? 2 : second === 127 ? 8 : 0;
    if (at + 2 + extended > bytes.length) return undefined;
    const length =
      extended === 2
        ? bytes.readUInt16BE(at + 2)
        : extended === 8
          ? Number(bytes.readBigUInt64BE(at + 2))
          : second;
    const start = at + 2 + extended;
    const payload = bytes.subarray(start, start + length);
    if ((first & 0x0f) === 8 && payload.length >= 2) {
      const code = payload.readUInt16BE();
      // A client's own close is answered with its own code and reason (RFC 6455 §5.5.1); a reason of ours is a sentence.
      const isOurs = /^[ -~]{10,}$/.test(payload.toString("latin1", 2));
      if (isOurs && (code === 1011 || !Object.hasOwn(CLOSE_CODES, code))) return `the close code ${code}`;
    }
    at = start + length;
  }
  return undefined;
}
