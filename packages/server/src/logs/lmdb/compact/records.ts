import { type Message, messageBytes } from "@tidings/protocol";
import { blockKey, encodeNewest, encodeRest } from "../keys.ts";
import type { ScriptWriter } from "../script.ts";

const NO_KEY = Buffer.alloc(0);

/** Records that a message is the newest of its key, or goes by the bounds, or both. */
export function writeRecords(
  script: ScriptWriter,
  channelId: number,
  message: Message,
  newestKey: Buffer | undefined,
): void {
  const { offset, timeMs, kind } = message;
  const bytes = messageBytes(message);
  const isDeletion = kind === "none";
  if (newestKey !== undefined) script.put("newest", newestKey, encodeNewest({ offset, bytes, isDeletion }));
  if (newestKey !== undefined && !isDeletion) return;
  const rest = { timeMs, bytes, newestKey: newestKey ?? NO_KEY };
  script.put("rest", blockKey(channelId, offset), encodeRest(rest));
}
