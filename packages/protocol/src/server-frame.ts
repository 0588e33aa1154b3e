import type { TidingsError } from "./errors.ts";
import type { ServerFrame, StreamFrame } from "./frames.ts";
import type { MessageObject } from "./message-object.ts";

const decoder = new TextDecoder();

/**
 * Reads what the server sends as one line, text frame or SSE `data`. Only the outline is checked: a client must
 * pass over frames of types it does not know yet.
 *
 * @throws {SyntaxError} for anything but a JSON object with a `type`
 */
export function parseServerFrame(text: string): StreamFrame {
  const value = JSON.parse(text) as unknown;
  if (typeof value !== "object" || value === null || typeof (value as { type?: unknown }).type !== "string") {
    throw new SyntaxError("a frame of the server is not a JSON object with a type");
  }
  return value as StreamFrame;
}

/** Reads a binary WebSocket frame: u32 header length, JSON header, bytes. Answers `undefined` for anything but a message. */
export function parseBinaryFrame(
  frame: Uint8Array,
): (MessageObject & { readonly data: Uint8Array }) | undefined {
  if (frame.length < 4) return undefined;
  const headBytes = new DataView(frame.buffer, frame.byteOffset, 4).getUint32(0);
  if (headBytes > frame.length - 4) return undefined;
  try {
    const head = JSON.parse(
      decoder.decode(frame.subarray(4, 4 + headBytes)),
    ) as Partial<MessageObject> | null;
    if (head?.type !== "message") return undefined;
    return { ...(head as MessageObject), data: frame.subarray(4 + headBytes) };
  } catch {
    return undefined;
  }
}

/** A fault as the frame that tells it: of a request with its id, or of one channel. */
export function errorFrame(
  error: TidingsError,
  about: { readonly id?: string | undefined; readonly channel?: string } = {},
): ServerFrame {
  const { code, message, retryable } = error;
  const { head, gap } = error.details;
  return {
    type: "error",
    ...(about.id === undefined ? {} : { id: about.id }),
    ...(about.channel === undefined ? {} : { channel: about.channel }),
    code,
    message,
    retryable,
    ...(head === undefined ? {} : { head }),
    ...(gap === undefined ? {} : { gap }),
  };
}
