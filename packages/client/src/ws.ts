import { createClient } from "./connect.ts";
import { pinned } from "./core/choice.ts";
import { webSocket } from "./transports/websocket.ts";
import type { Commands, CommandsLike, Options, Tidings } from "./types.ts";

export { type ClientErrorCode, type ErrorDetails, TidingsError } from "./errors.ts";
export type * from "./types.ts";

/** Connects to a server: reads and asks over a WebSocket; over REST while none is open. */
export function connect<C extends CommandsLike<C> = Commands>(
  url: string | URL,
  options: Omit<Options, "transport" | "share"> = {},
): Tidings<C> {
  return createClient(url, options, { choice: ({ tuning }) => pinned(webSocket, tuning) });
}
