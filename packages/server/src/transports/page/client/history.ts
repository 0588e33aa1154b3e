import type { MessageObject, Page } from "@tidings/protocol";
import { parseExact } from "./exact-json.ts";
import { type GapItem, splitCursor } from "./item.ts";
import { problemOf } from "./problem.ts";

/** How many messages one press of "Load earlier" asks for. */
const STEP = 200;
/** Most messages that one press puts on the page. */
const MOST = 1_000;

export interface Earlier {
  /** In order; the last one stands right before the one asked about. */
  readonly messages: readonly MessageObject[];
  /** Nothing older is kept. */
  readonly isStart: boolean;
  /** What was there once, where the server tells. */
  readonly gap?: GapItem["gap"] | undefined;
}

export interface EarlierQuery {
  /** The channel's URL without a query. */
  readonly url: string;
  /** The oldest message on the page; what is asked for comes before it. */
  readonly before: string;
  /** Whether `before` itself is wanted too: where it is a position and not a message. */
  readonly isInclusive: boolean;
  readonly events: readonly string[];
}

/**
 * Reads what comes before a message, as JSON pages.
 *
 * @throws {Error} with the server's words when it refuses
 */
export async function loadEarlier({ url, before, isInclusive, events }: EarlierQuery): Promise<Earlier> {
  const { epoch, offset } = splitCursor(before);
  const last = isInclusive ? offset : offset - 1;
  // Offsets may have holes and the event filter passes over messages, so a stretch can be empty: then a wider one.
  for (let step = STEP; ; step *= 4) {
    const from = Math.max(0, last - step);
    const { messages, gap } = await readBetween(url, epoch, from, last, events);
    const isStart = from === 0 || gap !== undefined;
    if (messages.length > 0 || isStart) {
      const kept = messages.slice(-MOST);
      return { messages: kept, isStart: isStart && kept.length === messages.length, gap };
    }
  }
}

async function readBetween(
  url: string,
  epoch: string,
  from: number,
  last: number,
  events: readonly string[],
): Promise<Pick<Earlier, "messages" | "gap">> {
  const messages: MessageObject[] = [];
  let gap: Earlier["gap"];
  let since = `${epoch}.${from}`;
  while (splitCursor(since).offset < last) {
    const page = await readPage(url, since, events);
    gap ??= page.gap;
    // The log was started anew: what came before is gone, and what is there now is on the page already.
    if (splitCursor(page.cursor).epoch !== epoch) break;
    messages.push(
      ...page.messages.filter(({ cursor }) => cursor !== undefined && splitCursor(cursor).offset <= last),
    );
    if (page.caughtUp || page.cursor === since) break;
    since = page.cursor;
  }
  return { messages, gap };
}

async function readPage(url: string, since: string, events: readonly string[]): Promise<Page> {
  const query = new URLSearchParams([["since", since], ...events.map((event) => ["event", event])]);
  const response = await fetch(`${url}?${query}`, {
    headers: { accept: "application/json" },
    signal: AbortSignal.timeout(20_000),
  });
  if (!response.ok) {
    const { title, detail } = await problemOf(response);
    throw new Error(`${title}. ${detail}`);
  }
  return parseExact(await response.text()) as Page;
}
