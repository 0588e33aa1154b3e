import type { Asks } from "./core/asks.ts";
import { createChannel, safe } from "./core/channel.ts";
import type { Context, Tokens } from "./core/context.ts";
import { createEmitter } from "./core/emitter.ts";
import { createFeeds, type Feeds } from "./core/feeds.ts";
import { createHttp } from "./core/http.ts";
import type { Link, LinkUser } from "./core/link.ts";
import type { watchPlatform } from "./core/platform.ts";
import type { createRooms } from "./core/rooms.ts";
import type { checker } from "./core/schema.ts";
import type { createKeeper } from "./core/stores.ts";
import { createTokens } from "./core/tokens.ts";
import { tuningOf } from "./core/tuning.ts";
import { TidingsError } from "./errors.ts";
import type {
  ChannelOptions,
  ChannelSchema,
  CommandOptions,
  Commands,
  CommandsLike,
  Off,
  Options,
  Presence,
  Tidings,
  Tuning,
} from "./types.ts";

/** What an entry of the package, or the application, puts into its client. What is used and is not there is a `TypeError`. */
export interface Parts {
  readonly link: (context: Context, user: LinkUser) => Link;
  readonly asks: (context: Context, link: Link) => Asks;
  readonly presence?: typeof createRooms | undefined;
  readonly cursors?: typeof createKeeper | undefined;
  readonly schemas?: typeof checker | undefined;
  readonly page?: typeof watchPlatform | undefined;
  /** Tokens that are renewed ahead of their expiry. */
  readonly renewal?: ((tokens: Tokens, tuning: Tuning) => Tokens) | undefined;
  /** Tabs of one origin share one connection. Answers how to end that. */
  readonly share?: ((context: Context, link: Link, feeds: Feeds) => Off) | undefined;
}

/**
 * Makes a client. Nothing is opened before something is read, published or called.
 *
 * @throws {TypeError} where `url` is not an absolute one of http or https, or a part is missing
 */
export const createClient = <C extends CommandsLike<C> = Commands>(
  from: string | URL,
  options: Options,
  parts: Parts,
): Tidings<C> => {
  const { origin, pathname } = new URL(from);
  // That of all others is "null", or begins as they do.
  if (!origin.startsWith("http")) throw new TypeError(`"${from}" is not http or https.`);
  const url = origin + pathname.replace(/\/+$/, "");
  const part = <Name extends keyof Parts>(name: Name): NonNullable<Parts[Name]> => {
    const found = parts[name];
    if (!found) throw new TypeError(`the part "${name}" is missing.`);
    return found;
  };
  const tuning = tuningOf(options.tuning);
  const plain = createTokens(options, tuning);
  const tokens = parts.renewal?.(plain, tuning) ?? plain;
  const base = { url, options, tuning, tokens };
  const context: Context = {
    ...base,
    http: createHttp(base),
    parse: options.parse ?? JSON.parse,
    report(error) {
      // Not swallowed: whoever listens for no faults finds them in the console.
      if (!listeners.emit("error", error)) console.error(error);
    },
  };
  const listeners = createEmitter((error) => console.error(error));
  const keeper = options.cursors && part("cursors")(options.cursors, `tidings:${url}:`, context.report);
  let rooms: ((channel: string) => Presence) | undefined;
  const feeds: Feeds = createFeeds(
    context,
    (channel, wanted) => link.change(channel, wanted),
    (gap) => listeners.emit("gap", gap),
  );
  const link: Link = parts.link(context, {
    ...feeds,
    state(state) {
      if (state.name === "closed") {
        feeds.close(state.reason);
        if (unshare) unshare();
      }
      listeners.emit("state", state);
    },
  });
  tokens.follow?.(context, link);
  parts.page?.(link);
  const asks = parts.asks(context, link);
  const unshare = options.share && parts.share?.(context, link, feeds);

  return {
    url,
    get state() {
      return link.state;
    },
    channel(name: string, channelOptions: ChannelOptions<ChannelSchema | undefined> = {}) {
      // No segment is empty, or one that a URL's path takes for another place.
      if (/\/\.{0,2}\/|[^\w.~$/-]|.{258}/.test(`/${name}/`))
        throw new TidingsError("CHANNEL_NAME_INVALID", `"${name}" is not a channel's name.`);
      const { schema } = channelOptions;
      return createChannel(
        context,
        feeds,
        asks,
        keeper,
        () => (rooms ??= part("presence")(context, link, feeds.presence))(name),
        name,
        channelOptions,
        schema && part("schemas")(schema),
      );
    },
    command: (name: string, input?: unknown, commandOptions?: CommandOptions) =>
      safe(asks.command(name, input, commandOptions)),
    on: listeners.on,
    interactive: link.hold,
    reconnect: link.reconnect,
    close: () => link.close(),
  } as unknown as Tidings<C>;
};
