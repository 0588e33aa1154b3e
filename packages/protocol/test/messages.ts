import type { MessageObject } from "../src/message-object.ts";
import type { Message } from "../src/message.ts";
import { parseServerFrame } from "../src/server-frame.ts";

/** Reads what must be a message object. */
export function objectOf(text: string): MessageObject {
  const frame = parseServerFrame(text);
  if (frame.type !== "message") throw new Error(`not a message: ${text}`);
  return frame;
}

/** A message's payload as an application should get it. */
export function payloadIn({ kind, data }: Message): unknown {
  if (kind === "bytes") return new Uint8Array(data);
  const text = Buffer.from(data).toString();
  return kind === "json" ? JSON.parse(text) : text;
}
