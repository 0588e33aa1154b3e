import { createClient } from "./connect.ts";
import { pinned } from "./core/choice.ts";
import { poll } from "./transports/poll.ts";
import type { Commands, CommandsLike, Options, Tidings } from "./types.ts";

export { type ClientErrorCode, type ErrorDetails, TidingsError } from "./errors.ts";
export type * from "./types.ts";

/** Connects to a server: reads by a request every `tuning.pollMs`, asks over REST. */
export function connect<C extends CommandsLike<C> = Commands>(
  url: string | URL,
  options: Omit<Options, "transport" | "share"> = {},
): Tidings<C> {
  return createClient(url, options, { choice: ({ tuning }) => pinned(poll, tuning) });
}
