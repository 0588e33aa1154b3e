import type { AppendOptions, ChannelState, Log, PageLimits, TailEvent } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import { messageParts, newMessages } from "./message.ts";
import { encodeTold, type Peer } from "../../peer/index.ts";
import { HostedLog } from "./hosted-log.ts";

/** Bytes that a process may leave unread of what is told; what is more, it reads from the log once it has caught up. */
const MAX_UNREAD_BYTES = 16_777_216;

/** Who is told of channels: a process, or this one itself. */
export interface Follower {
  /** @param encode the same as a frame, made once for all */
  tell(event: TailEvent, encode: () => Buffer): void;
  learn(channel: string): void;
}

/**
 * A log that several processes use: this one by {@link LogHost.log}, others by a socket each. The log is told to follow a
 * channel for as long as any of them does, and what is appended crosses to each of those once, however many readers it has.
 */
export class LogHost {
  /** For this process. */
  readonly log: Log;
  readonly #log: Log;
  readonly #followers = new Map<string, Set<Follower>>();
  readonly #all = new Set<Follower>();
  readonly #endTail: () => void;

  constructor(log: Log) {
    this.#log = log;
    this.#endTail = log.tail((event) => this.#pass(event));
    const own = new HostedLog(log, this);
    this.log = own;
    this.#all.add(own);
  }

  /** Serves another process, until its end. */
  attach(peer: Peer): void {
    const guest = new Guest(peer);
    this.#all.add(guest);
    const { log } = this;
    peer.handle("open", () => ({ value: log.isContiguous }));
    peer.handle("names", async ([after, limit]) => {
      const channels = await log.channels({ prefix: "", after: after as string, limit: limit as number });
      return { value: channels.map(({ channel }) => channel) };
    });
    peer.handle("append", async ([channel, options], parts) => ({
      value: await log.append(channel as string, newMessages(parts), options as AppendOptions),
    }));
    peer.handle("broadcast", async ([channel], parts) => {
      await log.broadcast(channel as string, newMessages(parts));
      return {};
    });
    peer.handle("read", async ([channel, after, limits]) => {
      const { messages, ...state } = await log.read(
        channel as string,
        after as Offset,
        boundsOf(limits as PageLimits),
      );
      return { value: state, parts: messageParts(messages) };
    });
    peer.handle("before-last", async ([channel, count]) => ({
      value: await log.offsetBeforeLast(channel as string, count as number),
    }));
    peer.handle("before-time", async ([channel, timeMs]) => ({
      value: await log.offsetBeforeTime(channel as string, timeMs as number),
    }));
    peer.handle("describe", async ([channel]) => ({ value: await log.describe(channel as string) }));
    peer.handle("channels", async ([options]) => ({
      value: await log.channels(options as Parameters<Log["channels"]>[0]),
    }));
    peer.handle("truncate", async ([channel, upTo]) => ({
      value: await log.truncate(channel as string, (upTo ?? undefined) as Offset | undefined),
    }));
    peer.handle("sweep", async () => {
      await log.sweep();
      return {};
    });
    peer.handle("follow", async ([channel]) => ({ value: await this.follow(channel as string, guest) }));
    peer.handle("unfollow", ([channel]) => {
      this.unfollow(channel as string, guest);
      return {};
    });
    void peer.ended.then(() => {
      this.#all.delete(guest);
      for (const channel of this.#followers.keys()) this.unfollow(channel, guest);
    });
  }

  async follow(channel: string, follower: Follower): Promise<ChannelState> {
    const followers = this.#followers.get(channel) ?? new Set();
    this.#followers.set(channel, followers);
    // First: what is appended while the log begins to follow is told.
    followers.add(follower);
    try {
      const state = await this.#log.follow(channel);
      if (!this.#followers.has(channel)) this.#log.unfollow(channel);
      return state;
    } catch (error) {
      this.unfollow(channel, follower);
      throw error;
    }
  }

  unfollow(channel: string, follower: Follower): void {
    const followers = this.#followers.get(channel);
    if (followers?.delete(follower) !== true || followers.size > 0) return;
    this.#followers.delete(channel);
    this.#log.unfollow(channel);
  }

  /** A channel was written to for the first time. */
  announce(channel: string): void {
    for (const each of this.#all) each.learn(channel);
  }

  close(): void {
    this.#endTail();
    this.#followers.clear();
    this.#all.clear();
  }

  #pass(event: TailEvent): void {
    const followers = this.#followers.get(event.channel);
    if (followers === undefined) return;
    let frame: Buffer | undefined;
    const encode = (): Buffer => (frame ??= encodeEvent(event));
    for (const follower of followers) follower.tell(event, encode);
  }
}

/** Another process. One that does not read costs a list of channels, and not a queue of messages. */
class Guest implements Follower {
  readonly #peer: Peer;
  /** What it was not told all of, and will be told is cut. */
  readonly #cut = new Map<string, TailEvent>();

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  tell(event: TailEvent, encode: () => Buffer): void {
    if (this.#cut.size === 0 && this.#peer.unreadBytes <= MAX_UNREAD_BYTES) {
      this.#peer.send(encode());
      return;
    }
    if (this.#cut.size === 0) this.#peer.onceDrained(() => this.#tellCut());
    this.#cut.set(event.channel, event);
  }

  learn(channel: string): void {
    this.#peer.tell("name", [channel]);
  }

  #tellCut(): void {
    for (const { channel, epoch, earliest } of this.#cut.values())
      this.#peer.send(encodeEvent({ channel, epoch, earliest, messages: [], isCut: true }));
    this.#cut.clear();
  }
}

function encodeEvent({ messages, ...about }: TailEvent): Buffer {
  return encodeTold("tail", [about], messageParts(messages));
}

/** JSON has no `Infinity`, and says `null`. */
function boundsOf({ maxMessages, maxBytes }: Nullable<PageLimits>): PageLimits {
  return {
    maxMessages: maxMessages ?? Number.POSITIVE_INFINITY,
    maxBytes: maxBytes ?? Number.POSITIVE_INFINITY,
  };
}

type Nullable<T> = { readonly [Name in keyof T]: T[Name] | null };
