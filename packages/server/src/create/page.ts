import { gapFrame, type Hub, PageReader, type Policies } from "@tidings/core";
import {
  checkChannel,
  checkEvent,
  formatCursor,
  type GapFrame,
  type Limits,
  type MessageObject,
  payloadOf,
  TidingsError,
} from "@tidings/protocol";
import { defaultStart, readStart } from "../http/query.ts";

export interface ReadOptions {
  /** A cursor, `earliest` (the default), or `latest`. */
  readonly since?: string;
  /** Begin with this many of the newest messages; not together with `since`. */
  readonly last?: number;
  /** Only messages with one of these events. */
  readonly events?: readonly string[];
  /** Most messages; default, and at most, `limits.maxPageMessages`. The page also ends above `limits.maxPageBytes`. */
  readonly limit?: number;
  /** `fail`: throw `CURSOR_GONE` rather than pass over a gap. Default `continue`. */
  readonly gap?: "continue" | "fail";
}

/** One page of a channel, as a short poll has it. */
export interface Page {
  /** `data` is the JSON value, the text, or the bytes. */
  readonly messages: readonly MessageObject[];
  /** Where the next page begins: its `since`. */
  readonly cursor: string;
  /** Whether there was nothing more at this moment. */
  readonly caughtUp: boolean;
  /** What the log had dropped, before the messages. */
  readonly gap?: GapFrame;
}

interface Reading {
  readonly hub: Hub;
  readonly policies: Policies;
  readonly limits: Limits;
}

/** Reads what is there, and waits for nothing. */
export async function readPage(
  { hub, policies, limits }: Reading,
  name: string,
  { since, last, events, limit = limits.maxPageMessages, gap: onGap = "continue" }: ReadOptions,
): Promise<Page> {
  const channel = checkChannel(name);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new TidingsError("QUERY_INVALID", `limit is ${limit}; it must be a whole number from 1 on.`, {
      field: "limit",
    });
  }
  const start = readStart(since, last, defaultStart({ policies }, channel, true));
  const request = { channel, start, onGap, events: events?.map(checkEvent) ?? [] };
  const size = { maxMessages: Math.min(limit, limits.maxPageMessages), maxBytes: limits.maxPageBytes };
  const { parts, cursors, gaps, caughtUp } = await new PageReader(hub, [request], size, false).result;
  // Every message object is followed by a comma.
  const objects = Buffer.concat(parts).toString().slice(0, -1);
  const messages = (JSON.parse(`[${objects}]`) as MessageObject[]).map((message) =>
    message.data === undefined ? message : { ...message, data: payloadOf(message) },
  );
  const to = cursors.get(channel)?.to;
  if (to === undefined) throw new Error(`the page of "${channel}" ended before it began`);
  const [gap] = gaps;
  return {
    messages,
    cursor: formatCursor(to),
    caughtUp,
    ...(gap === undefined ? {} : { gap: gapFrame(channel, gap.gap) }),
  };
}
