import type { IncomingMessage } from "node:http";
import { type ErrorCode, TidingsError } from "@tidings/protocol";

/**
 * Reads a request's body whole, up to a limit. What is over it is refused without being kept; the caller's answer
 * ends the connection then.
 *
 * @throws {TidingsError} `code` when the body is larger, `CONTENT_TYPE_UNSUPPORTED` when it is compressed,
 *   `BODY_INVALID` when the client went away in the middle, or something else has read the body before
 */
export async function readBody(req: IncomingMessage, maxBytes: number, code: ErrorCode): Promise<Buffer> {
  const encoding = req.headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new TidingsError(
      "CONTENT_TYPE_UNSUPPORTED",
      "compressed bodies are not taken; send it without Content-Encoding.",
    );
  }
  const tooLarge = (): TidingsError =>
    new TidingsError(
      code,
      `the body is larger than ${maxBytes} bytes, the limit here. Send less, or in parts.`,
    );
  if (Number(req.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  if (req.readableDidRead) {
    throw new TidingsError(
      "BODY_INVALID",
      "the body was read before it came here; mount Tidings ahead of body parsers.",
    );
  }
  const parts: Buffer[] = [];
  let size = 0;
  try {
    // Kept open where it is refused: the problem still has to go out on its connection.
    for await (const part of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > maxBytes) throw tooLarge();
      parts.push(part);
    }
  } catch (error) {
    if (error instanceof TidingsError) throw error;
    throw new TidingsError("BODY_INVALID", "the body ended before it was whole; send it again.", {}, error);
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
}
