import { Agent } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import {
  type GapFrame,
  type MessageObject,
  type MultiPage,
  type Page,
  parseServerFrame,
} from "@tidings/protocol";
import { follow } from "../event-queue.ts";
import type { ReadOptions, StreamEvent, TransportDriver, TransportStream } from "../types.ts";
import { deliveredOf, eventOf } from "./frame-events.ts";
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
  /** By POST: whether the answers are a stream's lines, up to where a page would end. */
  readonly isLines?: boolean;
}

/** What one answer brought. */
interface Answered {
  readonly cursors: ReadonlyMap<string, string>;
  readonly gaps: readonly GapFrame[];
  /** And what else there is to tell. */
  readonly messages: readonly StreamEvent[];
  readonly caughtUp: boolean;
}

/** Short or long polls, one after the other, each since the cursor of the one before. */
export function pollDriver(way: PollOptions): TransportDriver {
  const { isMulti, waits, isPosted = false, isLines = false } = way;
  return {
    name: `${waits ? "long poll" : "short poll"}${isMulti ? " on /connect" : ""}${isPosted ? " by POST" : ""}${isLines ? " in lines" : ""}`,
    isMulti,
    isStream: false,
    tellsPresence: isLines,
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
  readonly #versions = new Map<string, string>();
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

  async reopen(url = this.#base): Promise<TransportStream> {
    this.cut();
    return new PollStream(url, { ...this.#options, cursors: this.cursors }, this.#poll);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
  }

  async #ask(): Promise<void> {
    // The first one is not held, so that the client knows where it stands before it waits.
    const wait = this.#poll.waits && this.#isCaughtUp ? WAIT_SECONDS : undefined;
    const isLines = this.#poll.isLines === true;
    const extra: Record<string, string> = wait === undefined && !isLines ? {} : { wait: wait ?? "0" };
    const asking = { ...this.#options, cursors: this.#asked, versions: this.#versions };
    const { url, headers, body: sent } = readRequest(this.#base, asking, this.#poll, extra);
    try {
      const { response } = await openResponse(
        url,
        { accept: isLines ? "application/x-ndjson" : "application/json", ...headers },
        { agent: this.#agent, body: sent },
      );
      const body = await readText(response);
      if (response.statusCode === 200) return this.#take(isLines ? ofLines(body) : this.#ofPage(body));
      this.#ready.push(refusal(response.statusCode ?? 0, body));
    } catch (error) {
      if (!this.#hasEnded) throw error;
    }
    this.cut();
  }

  #ofPage(body: string): Answered {
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
    const messages = page.messages.map((message) => deliveredOf(message, exactText(body, message)));
    return { cursors, gaps, messages, caughtUp: page.caughtUp };
  }

  #take({ cursors, gaps, messages, caughtUp }: Answered): void {
    const isFirst = this.#asked.size === 0 && messages.length === 0;
    if (isFirst)
      for (const [each, cursor] of cursors) this.#ready.push({ type: "opened", channel: each, cursor });
    for (const event of messages)
      if (event.type === "presence") this.#versions.set(event.channel, event.version ?? "");
    this.#ready.push(...gaps, ...messages, { type: "position", cursors });
    if (caughtUp && (!this.#isCaughtUp || gaps.length > 0)) {
      for (const each of this.#options.channels) this.#ready.push({ type: "caught-up", channel: each });
    }
    this.#isCaughtUp = caughtUp;
    this.#asked = new Map([...this.#asked, ...cursors]);
  }
}

/** What the frames of an answer say, in order; of each channel the last one says where it stands. */
function ofLines(body: string): Answered {
  const cursors = new Map<string, string>();
  const gaps: GapFrame[] = [];
  const messages: StreamEvent[] = [];
  const behind = new Set<string>();
  for (const text of body.split("\n")) {
    const frame = text === "" ? undefined : parseServerFrame(text);
    if (frame?.type === "gap") gaps.push(frame);
    else if (frame?.type === "ok" || frame?.type === "caught-up") {
      const { channel = "", cursor = "" } = frame;
      cursors.set(channel, cursor);
      if (frame.type === "ok") behind.add(channel);
      else behind.delete(channel);
    } else if (frame !== undefined) {
      const event = eventOf(text);
      if (event !== undefined) messages.push(event);
    }
  }
  return { cursors, gaps, messages, caughtUp: behind.size === 0 };
}

/** A message object's own text, found in the page by its cursor: what was parsed and written again may be rounded. */
function exactText(body: string, message: MessageObject): string {
  if (message.cursor === undefined) return JSON.stringify(message);
  const start = body.indexOf(`{"type":"message","channel":"${message.channel}","cursor":"${message.cursor}"`);
  return body.slice(start);
}
