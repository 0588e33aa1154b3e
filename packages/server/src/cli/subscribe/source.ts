import { formatCursor, type GapFrame, type MessageObject, parsePosition } from "@tidings/protocol";
import type { Server } from "../api.ts";

/**
 * Where to begin in a channel: a cursor (exclusive), `earliest`, `latest`, the newest few, or where streams of it begin by
 * themselves: with what comes next, or on a channel that keeps the newest message of each key with those.
 */
export type Start = { readonly since: string } | { readonly last: number } | { readonly at: "default" };

/** What one connection is asked for. */
export interface SourceRequest {
  readonly server: Server;
  readonly starts: ReadonlyMap<string, Start>;
  /** Only these events; all where there are none. */
  readonly events: readonly string[];
  readonly signal: AbortSignal;
}

/** What a connection brings, whatever its transport. */
export type SourceFrame =
  | MessageObject
  | GapFrame
  | { readonly type: "caught-up"; readonly channel: string; readonly cursor: string }
  /** Where the connection stands: also its greeting. */
  | { readonly type: "position"; readonly cursors: Readonly<Record<string, string>> }
  | { readonly type: "draining"; readonly reconnectInMs: number }
  | { readonly type: "error"; readonly code: string; readonly message: string; readonly retryable: boolean }
  /** The connection is alive, and there is nothing to tell. */
  | { readonly type: "alive" };

/**
 * One connection over one transport. It ends when the server ends it, and throws when it breaks or is refused; to
 * connect again, and from where, is for {@link follow} to say.
 */
export type Source = (request: SourceRequest) => AsyncIterable<SourceFrame>;

/** The path and query for what is asked: one channel at its own URL, several on `/connect`. */
export function pathFor(
  { starts, events }: SourceRequest,
  extra: Readonly<Record<string, string>> = {},
): string {
  const query = new URLSearchParams(extra);
  for (const event of events) query.append("event", event);
  const [only] = starts;
  if (starts.size === 1 && only !== undefined) {
    const [channel, start] = only;
    addStart(query, start);
    return `/channels/${channel}?${query.toString()}`;
  }
  for (const [channel, start] of starts) {
    query.append("channel", "since" in start ? `${channel}@${start.since}` : channel);
    if ("last" in start) addStart(query, start);
  }
  return `/connect?${query.toString()}`;
}

function addStart(query: URLSearchParams, start: Start): void {
  if ("since" in start) query.set("since", start.since);
  else if ("last" in start) query.set("last", String(start.last));
}

/** A position as SSE's ids have it: a cursor for one channel, `a@cursor,b@cursor` for several. */
export function positionFrame(id: string, starts: SourceRequest["starts"]): SourceFrame {
  const [only] = starts.keys();
  if (starts.size === 1 && only !== undefined) return { type: "position", cursors: { [only]: id } };
  const cursors = [...(parsePosition(id) ?? [])].map(([channel, cursor]) => [channel, formatCursor(cursor)]);
  return { type: "position", cursors: Object.fromEntries(cursors) as Record<string, string> };
}
