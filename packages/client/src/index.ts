import { canShare, share } from "./share/share.ts";
import { createClient } from "./connect.ts";
import { createAsks } from "./core/asks.ts";
import { createLink } from "./core/link.ts";
import { watchPlatform } from "./core/platform.ts";
import { renewal } from "./core/renewal.ts";
import { roam } from "./core/roam.ts";
import { createRooms } from "./core/rooms.ts";
import { checker } from "./core/schema.ts";
import { createKeeper } from "./core/stores.ts";
import type { Transport } from "./core/transport.ts";
import { eventSource } from "./transports/event-source.ts";
import { ndjson } from "./transports/ndjson.ts";
import { longPoll, poll } from "./transports/poll.ts";
import { sse } from "./transports/sse.ts";
import { webSocket } from "./transports/websocket.ts";
import type { Commands, CommandsLike, Options, Tidings } from "./types.ts";

export { type ClientErrorCode, type ErrorDetails, TidingsError } from "./errors.ts";
export type * from "./types.ts";

/**
 * Connects to a server, over the transport that fits; it is chosen, and changed, by itself. Nothing is opened before
 * something is read, or held interactive.
 *
 * @param url the server's root
 * @throws {TypeError} where `url` is no absolute one of http or https, or there is no such transport
 * @throws {RangeError} where a value of `tuning` is not a number of 0 or above
 */
export function connect<C extends CommandsLike<C> = Commands>(
  url: string | URL,
  options: Options = {},
): Tidings<C> {
  const { transport = "auto" } = options;
  // Where `fetch` hands bodies over only once they are whole, the platform's own reads the stream.
  const canStream = typeof ReadableStream === "function" && "body" in Response.prototype;
  const unfit: readonly Transport[] = [canStream ? eventSource : sse, ndjson];
  // The simplest first.
  const transports = [sse, eventSource, webSocket, longPoll, poll, ndjson].filter((each) =>
    transport === "auto" ? !unfit.includes(each) : each.name === transport,
  );
  if (!transports.length) throw new TypeError(`the transport "${transport}" is missing.`);
  return createClient(url, options, {
    link: (context, user) => createLink(context, roam(context, user, transports), user),
    asks: createAsks,
    presence: createRooms,
    cursors: createKeeper,
    schemas: checker,
    renewal,
    page: watchPlatform,
    share: canShare()
      ? (context, link, feeds) =>
          share(context, `tidings:${options.share}:${context.url}`, link, feeds, transports)
      : undefined,
  });
}
