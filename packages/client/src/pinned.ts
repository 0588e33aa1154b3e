import { createClient, type Parts } from "./connect.ts";
import { lineOf } from "./core/line.ts";
import { createLink } from "./core/link.ts";
import type { Transport } from "./core/transport.ts";
import type { ClientParts, CommandsLike, PinnedOptions, Tidings } from "./types.ts";

/** A client of one transport: it delivers, publishes and calls commands, and does what else the application puts in. */
export const connectBy = <C extends CommandsLike<C>>(
  transport: Transport,
  asks: Parts["asks"],
  url: string | URL,
  options: PinnedOptions,
  parts: ClientParts,
): Tidings<C> =>
  createClient(url, options, {
    ...(parts as Partial<Parts>),
    link: (context, user) => createLink(context, lineOf(transport), user),
    asks,
  });
