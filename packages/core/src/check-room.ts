import { type Message, messageBytes, TidingsError } from "@tidings/protocol";
import type { Retention } from "./log.ts";

/** The values of a compact channel: the newest message of each key that is not deleted. */
export interface Values {
  readonly count: number;
  /** As `messageBytes` counts them. */
  readonly bytes: number;
}

/**
 * What a compact channel's values are once `messages` are appended; the bounds hold only where the append makes them
 * more, so that a channel over its bounds (they were lowered, say) still takes what does not add to it.
 * `bytesOf` answers how large a key's value is, and `undefined` for a key that has none. Every log uses it.
 *
 * @throws {TidingsError} `CHANNEL_FULL`
 */
export function checkRoom(
  channel: string,
  { maxMessages, maxBytes }: Retention,
  before: Values,
  messages: readonly Message[],
  bytesOf: (key: string) => number | undefined,
): Values {
  let { count, bytes } = before;
  /** What this batch made of its keys so far: 0 for a deletion. */
  const sizes = new Map<string, number>();
  for (const message of messages) {
    const { key, kind } = message;
    if (key === undefined) continue;
    const old = sizes.get(key) ?? bytesOf(key) ?? 0;
    const size = kind === "none" ? 0 : messageBytes(message);
    sizes.set(key, size);
    bytes += size - old;
    count += Number(size > 0) - Number(old > 0);
  }
  if (count > maxMessages && count > before.count) throw fullError(channel, `${maxMessages} keys`);
  if (bytes > maxBytes && bytes > before.bytes)
    throw fullError(channel, `${maxBytes} bytes of newest messages`);
  return { count, bytes };
}

function fullError(channel: string, bound: string): TidingsError {
  return new TidingsError(
    "CHANNEL_FULL",
    `channel "${channel}" holds ${bound} at most, and this would be more; delete keys, or raise the retention of its policy.`,
  );
}
