import { type Signal, signal } from "@preact/signals";
import { get, urlOf } from "../../live/api.ts";
import type { Page, WireMessage } from "../../live/shapes.ts";
import { cursorBefore, splitCursor } from "../../logic/cursors.ts";
import { gapLine, type Line, lineOf } from "../../logic/message-text.ts";

const PAGE_MESSAGES = 100;
/** How often an older page is looked for further back, where offsets are far apart; each time eight times as far. */
const MAX_STEPS = 8;

/** A page of what a channel holds. */
export interface HistoryPage {
  readonly lines: readonly Line[];
  /** Where the next page begins; `undefined` at the head. */
  readonly next: string | undefined;
  /** Before its first message; `undefined` where it holds none, or begins with the earliest there is. */
  readonly first: string | undefined;
  /** Whether it is the end that somebody wants to see of it. */
  readonly isLatest: boolean;
}

/** What a channel holds, page by page: from a time, from its beginning, or backwards from its end. */
export class History {
  readonly #path: string;
  readonly page: Signal<HistoryPage | undefined> = signal(undefined);
  readonly fault: Signal<string | undefined> = signal(undefined);
  readonly isBusy: Signal<boolean> = signal(false);

  constructor(channel: string) {
    this.#path = `channels/${channel}`;
  }

  /** The first that were published at that time or later; milliseconds since the epoch. */
  at(timeMs: number): Promise<void> {
    return this.#show(() => this.#forward(new Date(timeMs).toISOString()));
  }

  earliest(): Promise<void> {
    return this.#show(() => this.#forward("earliest"));
  }

  latest(): Promise<void> {
    return this.#show(async () => pageOf(await this.#get({ last: PAGE_MESSAGES }), true));
  }

  newer(): Promise<void> {
    const next = this.page.peek()?.next;
    return next === undefined ? Promise.resolve() : this.#show(() => this.#forward(next));
  }

  /** What is right before the page that is shown. */
  older(): Promise<void> {
    const first = this.page.peek()?.first;
    return first === undefined ? Promise.resolve() : this.#show(() => this.#before(first));
  }

  async #forward(since: string): Promise<HistoryPage> {
    return pageOf(await this.#get({ since }), false);
  }

  async #before(first: string): Promise<HistoryPage> {
    const limit = splitCursor(first)?.offset ?? 0;
    let offsets = PAGE_MESSAGES;
    for (let step = 0; step < MAX_STEPS; step++) {
      const since = cursorBefore(first, offsets);
      if (since === undefined) break;
      const page = await this.#get({ since });
      const messages = page.messages.filter(
        ({ cursor }) => cursor !== undefined && (splitCursor(cursor)?.offset ?? limit) < limit,
      );
      const isAll = splitCursor(since)?.offset === 0 || page.gap !== undefined;
      if (messages.length > 0 || isAll) return pageOf({ ...page, messages }, true, first);
      offsets *= 8;
    }
    return this.#forward("earliest");
  }

  #get(query: Readonly<Record<string, string | number>>): Promise<Page> {
    const limit = "last" in query ? {} : { limit: PAGE_MESSAGES };
    return get<Page>(urlOf(this.#path, { ...query, ...limit }));
  }

  async #show(work: () => Promise<HistoryPage>): Promise<void> {
    this.isBusy.value = true;
    try {
      this.page.value = await work();
      this.fault.value = undefined;
    } catch (error) {
      this.fault.value = error instanceof Error ? error.message : String(error);
    }
    this.isBusy.value = false;
  }
}

/** `before`: the cursor of the message that follows the page. */
function pageOf(page: Page, isLatest: boolean, before?: string): HistoryPage {
  const found = page.messages.filter(({ type }) => type === "message");
  const lines = found.map((message, index) => lineOf(decoded(message), message.cursor ?? String(index)));
  const time = found[0]?.time ?? new Date().toISOString();
  const gap = page.gap === undefined ? [] : [gapLine(page.gap, time, "gap")];
  const next = before === undefined ? (page.caughtUp ? undefined : page.cursor) : found.at(-1)?.cursor;
  return { lines: [...gap, ...lines], next, first: found[0]?.cursor, isLatest };
}

/** Bytes travel as base64. */
function decoded(message: WireMessage): WireMessage {
  if (message.encoding !== "base64" || typeof message.data !== "string") return message;
  return { ...message, data: Uint8Array.from(atob(message.data), (sign) => sign.charCodeAt(0)) };
}
