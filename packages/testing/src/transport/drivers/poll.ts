import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import type { MessageObject, MultiPage, Page } from "@tidings/protocol";
import { follow } from "../event-queue.ts";
import type { ReadOptions, StreamEvent, TransportDriver, TransportStream } from "../types.ts";
import { deliveredOf } from "./frame-events.ts";
import { readRequest } from "./read-request.ts";
import { openResponse, readText, refusal } from "./response.ts";

/** Between two short polls of a client that has everything, in milliseconds. */
const INTERVAL_MS = 5;
const WAIT_SECONDS = "30";

export interface PollOptions {
  readonly isMulti: boolean;
  /** Whether the client has itself held while there is nothing. */
  readonly waits: boolean;
  /** Many channels: whether they stand in the body of a POST. */
  readonly isPosted?: boolean;
}

/** Short or long polls, one after the other, each since the cursor of the one before. */
export function pollDriver(way: PollOptions): TransportDriver {
  const { isMulti, waits, isPosted = false } = way;
  return {
    name: `${waits ? "long poll" : "short poll"}${isMulti ? " on /connect" : ""}${isPosted ? " by POST" : ""}`,
    isMulti,
    isStream: false,
    beginsLive: isPosted,
    isHeld: waits,
    tellsKind: true,
    open: async (base, options) => new PollStream(base, options, way),
  };
}

class PollStream implements TransportStream {
  readonly cursors: Map<string, string>;
  readonly connection: undefined;
  readonly closeCode: undefined;
  readonly #base: string;
  readonly #options: ReadOptions;
  readonly #poll: PollOptions;
  readonly #ready: StreamEvent[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  /** Where the next page begins: beyond {@link cursors} while a page is being given out. */
  #asked: Map<string, string>;
  #isCaughtUp = false;
  #hasEnded = false;

  constructor(base: string, options: ReadOptions, poll: PollOptions) {
    this.#base = base;
    this.#options = options;
    this.#poll = poll;
    this.cursors = new Map(options.cursors);
    this.#asked = new Map(options.cursors);
  }

  async next(): Promise<StreamEvent | undefined> {
    for (;;) {
      const event = this.#ready.shift();
      if (event !== undefined) {
        follow(this.cursors, event);
        return event;
      }
      if (this.#hasEnded) return undefined;
      if (this.#isCaughtUp && !this.#poll.waits) await pause(INTERVAL_MS);
      await this.#ask();
    }
  }

  pause(): void {}

  resume(): void {}

  cut(): void {
    this.#hasEnded = true;
    this.#agent.destroy();
  }

  async reopen(): Promise<TransportStream> {
    this.cut();
    return new PollStream(this.#base, { ...this.#options, cursors: this.cursors }, this.#poll);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
  }

  async #ask(): Promise<void> {
    // The first one is not held, so that the client knows where it stands before it waits.
    const extra: Record<string, string> = this.#poll.waits && this.#isCaughtUp ? { wait: WAIT_SECONDS } : {};
    const asking = { ...this.#options, cursors: this.#asked };
    const { url, headers, body: sent } = readRequest(this.#base, asking, this.#poll, extra);
    try {
      const { response } = await openResponse(
        url,
        { accept: "application/json", ...headers },
        { agent: this.#agent, body: sent },
      );
      const body = await readText(response);
      if (response.statusCode === 200) return this.#take(body);
      this.#ready.push(refusal(response.statusCode ?? 0, body));
    } catch (error) {
      if (!this.#hasEnded) throw error;
    }
    this.cut();
  }

  #take(body: string): void {
    const page = JSON.parse(body) as Page | MultiPage;
    const [channel = ""] = this.#options.channels;
    const cursors =
      "cursors" in page ? new Map(Object.entries(page.cursors)) : new Map([[channel, page.cursor]]);
    const gaps =
      "cursors" in page
        ? (page.gaps ?? [])
        : page.gap === undefined
          ? []
          : [{ type: "gap", channel, ...page.gap } as const];
    const isFirst = this.#asked.size === 0 && page.messages.length === 0;
    if (isFirst)
      for (const [each, cursor] of cursors) this.#ready.push({ type: "opened", channel: each, cursor });
    this.#ready.push(
      ...gaps,
      ...page.messages.map((message) => deliveredOf(message, exactText(body, message))),
    );
    this.#ready.push({ type: "position", cursors });
    if (page.caughtUp && (!this.#isCaughtUp || gaps.length > 0)) {
      for (const each of this.#options.channels) this.#ready.push({ type: "caught-up", channel: each });
    }
    this.#isCaughtUp = page.caughtUp;
    this.#asked = new Map([...this.#asked, ...cursors]);
  }
}

/** A message object's own text, found in the page by its cursor: what was parsed and written again may be rounded. */
function exactText(body: string, message: MessageObject): string {
  if (message.cursor === undefined) return JSON.stringify(message);
  const start = body.indexOf(`{"type":"message","channel":"${message.channel}","cursor":"${message.cursor}"`);
  return body.slice(start);
}
