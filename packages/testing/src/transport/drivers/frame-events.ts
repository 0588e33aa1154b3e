import {
  type ErrorCode,
  type MessageObject,
  parseServerFrame,
  sliceMember,
  toBase64,
} from "@tidings/protocol";
import type { Delivered, StreamEvent } from "../types.ts";

/** What one frame, line or `data` of the server brings; `undefined` for what only keeps a connection alive. */
export function eventOf(text: string): StreamEvent | undefined {
  const frame = parseServerFrame(text);
  switch (frame.type) {
    case "message":
      return deliveredOf(frame, text);
    case "ok":
      if (frame.channel === undefined || frame.cursor === undefined || frame.offset !== undefined)
        return undefined;
      return { type: "opened", channel: frame.channel, cursor: frame.cursor };
    case "gap":
    case "draining":
    case "presence":
      return frame;
    case "caught-up":
      return { type: "caught-up", channel: frame.channel };
    case "error":
      return {
        type: "error",
        code: frame.code as ErrorCode,
        ...(frame.channel === undefined ? {} : { channel: frame.channel }),
      };
    case "welcome":
    case "heartbeat":
    case "pong":
    case "progress":
      return undefined;
  }
}

/** A message object; its JSON is taken as it stands in `text`, since parsing would hide a number that was rounded. */
export function deliveredOf(message: MessageObject, text: string): Delivered {
  const { channel, cursor, event = "message", key, contentType, encoding, data, artifact, preview } = message;
  const names = {
    type: "message",
    channel,
    event,
    ...(cursor === undefined ? {} : { cursor }),
    ...(key === undefined ? {} : { key }),
    ...(artifact === undefined ? {} : { artifact }),
    ...(preview === undefined ? {} : { preview }),
  } as const;
  if (message.deleted === true) return { ...names, kind: "none", deleted: true, data: "" };
  if (encoding === "binary") return { ...names, kind: "bytes", data: toBase64(data as Uint8Array) };
  if (encoding === "base64") return { ...names, kind: "bytes", data: data as string };
  // Beside it, or nothing.
  if (artifact !== undefined) return { ...names, data: sliceMember(text, "data") ?? "" };
  if (contentType !== undefined) return { ...names, kind: "text", data: data as string };
  return { ...names, kind: "json", data: sliceMember(text, "data") ?? "" };
}
