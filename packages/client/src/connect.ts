import { createAsks } from "./core/asks.ts";
import { createChannel, safe } from "./core/channel.ts";
import type { Choice } from "./core/choice.ts";
import type { Context } from "./core/context.ts";
import { createEmitter, type Listener } from "./core/emitter.ts";
import { createFeeds, type Feeds } from "./core/feeds.ts";
import { createHttp } from "./core/http.ts";
import { createLink, type Link } from "./core/link.ts";
import { watchPlatform } from "./core/platform.ts";
import { createPresence } from "./core/presence.ts";
import { checker } from "./core/schema.ts";
import { createKeeper } from "./core/stores.ts";
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
} from "./types.ts";

const CHANNEL = /^(?!\.\.?(?:\/|$))[\w.~$-]+(?:\/(?!\.\.?(?:\/|$))[\w.~$-]+)*$/;

/** What an entry of the package puts into its client. */
export interface Parts {
  readonly choice: (context: Context) => Choice;
  /** Tabs of one origin share one connection. Answers how to end that. */
  readonly share?: ((context: Context, link: Link, feeds: Feeds) => Off) | undefined;
}

/**
 * Makes a client. Nothing is opened before something is read, published or called.
 *
 * @throws {TypeError} where `url` is not an absolute one of http or https
 */
export function createClient<C extends CommandsLike<C> = Commands>(
  url: string | URL,
  options: Options,
  parts: Parts,
): Tidings<C> {
  const root = new URL(url);
  if (!/^https?:$/.test(root.protocol)) throw new TypeError(`"${root.href}" is not a URL of http or https.`);
  const base = root.origin + root.pathname.replace(/\/+$/, "");
  const tuning = tuningOf(options.tuning);
  const tokens = createTokens(options, tuning);
  const context: Context = {
    url: base,
    options,
    tuning,
    tokens,
    http: createHttp({ url: base, options, tuning, tokens }),
    parse: options.parse ?? JSON.parse,
    report(error) {
      // Not swallowed: whoever listens for no faults finds them in the console.
      if (!listeners.emit("error", error)) console.error(error);
    },
  };
  const listeners = createEmitter((cause) => {
    console.error(new TidingsError("LISTENER_FAILED", "a listener of the client threw.", { cause }));
  });
  const keeper =
    options.cursors === undefined
      ? undefined
      : createKeeper(options.cursors, `tidings:${base}:`, context.report);
  const rooms = new Map<string, Presence>();
  const presenceOf = (channel: string): Presence => {
    const known = rooms.get(channel);
    if (known !== undefined) return known;
    const room = createPresence(channel, {
      ...context,
      requests: link,
      listen: (listener) => feeds.presence(channel, listener),
    });
    rooms.set(channel, room);
    return room;
  };

  const feeds: Feeds = createFeeds(
    context,
    (channel, wanted) => link.change(channel, wanted),
    (gap) => listeners.emit("gap", gap),
  );
  const share = options.share ? parts.share : undefined;
  const link: Link = createLink(
    context,
    parts.choice(context),
    {
      ...feeds,
      state: (state) => {
        if (state.name === "closed") {
          feeds.close(state.reason);
          asks.close();
          unshare?.();
        }
        listeners.emit("state", state);
      },
    },
    watchPlatform,
  );
  const asks = createAsks(context, link);
  const unshare = share?.(context, link, feeds);

  return {
    url: base,
    get state() {
      return link.state;
    },
    channel(name: string, channelOptions: ChannelOptions<ChannelSchema | undefined> = {}) {
      if (name.length > 255 || !CHANNEL.test(name)) {
        throw new TidingsError(
          "CHANNEL_NAME_INVALID",
          `"${name}" is not a channel's name: 1 to 255 of A-Z a-z 0-9 . _ ~ - in segments parted by slashes.`,
        );
      }
      const { schema } = channelOptions;
      return createChannel(
        { context, feeds, asks, keeper, presenceOf },
        name,
        channelOptions,
        schema && checker(schema),
      );
    },
    command: (name: string, input?: unknown, commandOptions?: CommandOptions) =>
      safe(asks.command(name, input, commandOptions)),
    on: (event: string, listener: Listener) => listeners.on(event, listener),
    reconnect: () => link.reconnect(),
    close: () => link.close(),
  } as unknown as Tidings<C>;
}
