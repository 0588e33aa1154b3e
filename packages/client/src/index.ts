import { canShare, share } from "./share/share.ts";
import { createClient } from "./connect.ts";
import { createChoice } from "./core/choice.ts";
import type { Context } from "./core/context.ts";
import type { Transport } from "./core/transport.ts";
import { eventSource } from "./transports/event-source.ts";
import { ndjson } from "./transports/ndjson.ts";
import { longPoll, poll } from "./transports/poll.ts";
import { sse } from "./transports/sse.ts";
import { webSocket } from "./transports/websocket.ts";
import type { Commands, CommandsLike, Options, Tidings } from "./types.ts";

export { type ClientErrorCode, type ErrorDetails, TidingsError } from "./errors.ts";
export type * from "./types.ts";

/** The simplest first. */
const AUTO = [sse, webSocket, longPoll, poll] as const;
/** Where `fetch` hands bodies over only once they are whole. */
const AUTO_WITHOUT_STREAMS = [eventSource, webSocket, longPoll, poll] as const;

/**
 * Connects to a server, over the transport that fits; it is chosen, and changed, by itself. Nothing is opened before
 * something is read.
 *
 * @param url the server's root
 * @throws {TypeError} where `url` is no absolute one of http or https, or there is no such transport
 * @throws {RangeError} where a value of `tuning` is not a number of 0 or above
 */
export function connect<C extends CommandsLike<C> = Commands>(
  url: string | URL,
  options: Options = {},
): Tidings<C> {
  const transports = transportsOf(options);
  const choose = ({ tuning }: Context, first: readonly Transport[] = []) =>
    createChoice([...first, ...transports], options, tuning);
  return createClient(url, options, {
    choice: choose,
    share: canShare()
      ? (context, link, feeds) =>
          share({
            name: `tidings:${options.share}:${context.url}`,
            link,
            feeds,
            choose: (first) => choose(context, first),
          })
      : undefined,
  });
}

function transportsOf({ transport = "auto" }: Options): readonly Transport[] {
  if (transport === "auto") {
    return typeof ReadableStream === "function" && "body" in Response.prototype ? AUTO : AUTO_WITHOUT_STREAMS;
  }
  const pinned = [...AUTO, ndjson, eventSource].find(({ name }) => name === transport);
  if (pinned === undefined) throw new TypeError(`there is no transport "${String(transport)}".`);
  return [pinned];
}
