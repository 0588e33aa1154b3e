import type { ReadOptions } from "../types.ts";
import { readUrl } from "./read-url.ts";

/** A request that reads. */
export interface ReadRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Of a POST. */
  readonly body?: string;
}

/** `POST /connect`: what to read stands in the body, and each channel has its own options. */
function postRequest(base: string, options: ReadOptions, extra: Record<string, string> = {}): ReadRequest {
  const { channels, since, last, cursors, events, gap, versions } = options;
  const subscribe = channels.map((channel) => {
    const cursor = cursors?.get(channel) ?? since;
    const presence = options.presence && (versions?.get(channel) ?? true);
    return { channel, ...(cursor === undefined ? { last } : { since: cursor }), events, gap, presence };
  });
  return {
    url: readUrl(base, { channels: [] }, true, extra),
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ subscribe }),
  };
}

/** What reads the same by the one or the other. */
export function readRequest(
  base: string,
  options: ReadOptions,
  { isMulti, isPosted = false }: { readonly isMulti: boolean; readonly isPosted?: boolean },
  extra: Record<string, string> = {},
): ReadRequest {
  if (isPosted) return postRequest(base, options, extra);
  return { url: readUrl(base, options, isMulti, extra), headers: {} };
}
