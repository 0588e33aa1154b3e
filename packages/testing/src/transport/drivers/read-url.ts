import type { ReadOptions } from "../types.ts";

/** The URL that a reader asks: one channel's own, or `/connect` with all of them. */
export function readUrl(
  base: string,
  options: ReadOptions,
  isMulti: boolean,
  extra: Record<string, string> = {},
): URL {
  const { channels, since, last, cursors, events = [], gap, presence = false } = options;
  const [only = ""] = channels;
  const url = new URL(isMulti ? `${base}/connect` : `${base}/channels/${only}`);
  const query = url.searchParams;
  if (isMulti) {
    for (const channel of channels) {
      const cursor = cursors?.get(channel);
      query.append("channel", cursor === undefined ? channel : `${channel}@${cursor}`);
    }
  }
  const cursor = isMulti ? undefined : cursors?.get(only);
  if (cursor !== undefined) query.set("since", cursor);
  else if (since !== undefined) query.set("since", since);
  else if (last !== undefined) query.set("last", String(last));
  for (const event of events) query.append("event", event);
  if (gap !== undefined) query.set("gap", gap);
  if (presence) query.set("presence", "");
  for (const [name, value] of Object.entries(extra)) query.set(name, value);
  return url;
}
