import { createAsks } from "./core/asks.ts";
import { connectBy } from "./pinned.ts";
import { webSocket } from "./transports/websocket.ts";
import type { ClientParts, Commands, CommandsLike, PinnedOptions, Tidings } from "./types.ts";

export { type ClientErrorCode, type ErrorDetails, TidingsError } from "./errors.ts";
export { cursors, page, presence, renewal, schemas } from "./parts.ts";
export type * from "./types.ts";

/**
 * Connects to a server: reads and asks over a WebSocket; over REST while none is open.
 *
 * @param parts what else the client is to do; each is exported here by its name
 * @throws {TypeError} where `url` is no absolute one of http or https, or a part is missing
 * @throws {RangeError} where a value of `tuning` is not a number of 0 or above
 */
export function connect<C extends CommandsLike<C> = Commands>(
  url: string | URL,
  options: PinnedOptions = {},
  parts: ClientParts = {},
): Tidings<C> {
  return connectBy(webSocket, createAsks, url, options, parts);
}
