import type { ServerResponse } from "node:http";
import { checkChannel, formatCursor, parseCursor, quote, TidingsError, toOffset } from "@tidings/protocol";
import { checkAny } from "./authorize.ts";
import { sendJson } from "./problem.ts";
import { checkNames, readCount } from "./query.ts";
import type { Exchange } from "./router.ts";
import type { Services } from "./services.ts";

const DEFAULT_LIST = 100;
const MAX_LIST = 1_000;
/** The first name above all that begin with `$`. */
const AFTER_RESERVED = "%";

/** `HEAD /channels/{channel}`: the head cursor, and how much is held and for how long. */
export async function serveHead(
  { log, policies }: Services,
  res: ServerResponse,
  name: string,
): Promise<void> {
  const channel = checkChannel(name);
  const { epoch, head, earliest, messages, bytes } = await log.describe(channel);
  const { maxMessages, maxBytes, maxAgeMs } = policies.of(channel).retention;
  const cursor = formatCursor({ epoch, offset: head });
  res.writeHead(200, {
    ETag: `"${cursor}"`,
    "Cache-Control": "no-store",
    "Tidings-Cursor": cursor,
    "Tidings-Earliest": formatCursor({ epoch, offset: toOffset(earliest - 1) }),
    "Tidings-Messages": String(messages),
    "Tidings-Bytes": String(bytes),
    "Tidings-Retention": `messages=${maxMessages}, bytes=${maxBytes}, age-ms=${maxAgeMs}`,
  });
  res.end();
}

/** `DELETE /channels/{channel}`: drops all messages, or with `?through=<cursor>` those up to and with it. */
export async function serveTruncate(
  { log }: Services,
  res: ServerResponse,
  name: string,
  query: URLSearchParams,
): Promise<void> {
  const channel = checkChannel(name);
  if (channel.startsWith("$")) {
    throw new TidingsError("CHANNEL_RESERVED", `"${channel}" belongs to the system and cannot be truncated.`);
  }
  checkNames(query, ["through"]);
  const through = query.get("through");
  if (through === null) await log.truncate(channel);
  else {
    const cursor = parseCursor(through);
    const { epoch } = await log.describe(channel);
    if (cursor === undefined || cursor.epoch !== epoch) {
      throw new TidingsError(
        "CURSOR_INVALID",
        `${quote(through)} is not a cursor of channel "${channel}" as it is now.`,
        { field: "through" },
      );
    }
    await log.truncate(channel, cursor.offset);
  }
  res.writeHead(204).end();
}

/**
 * `GET /channels`: the channels that were ever written to, by name, a page at a time: of each page those that whoever asks may
 * read, so that a page with a `next` may be short.
 */
export async function serveChannels({ log, hub }: Services, { res, query, access }: Exchange): Promise<void> {
  checkAny(access, "subscribe");
  checkNames(query, ["prefix", "after", "limit"]);
  const limit = readCount("limit", query.get("limit") ?? String(DEFAULT_LIST), 1, MAX_LIST);
  const prefix = query.get("prefix") ?? "";
  const after = query.get("after") ?? "";
  // The system's channels sort before all others, and are shown only to those who ask for them.
  const isOrdinary = !prefix.startsWith("$") && after < AFTER_RESERVED;
  const found = await log.channels({ prefix, after: isOrdinary ? AFTER_RESERVED : after, limit });
  const { grants } = access.identity;
  const shown = found.filter(({ channel }) => grants.allows("subscribe", channel));
  const channels = shown.map(({ channel, epoch, head, earliest, messages, bytes }) => ({
    channel,
    cursor: formatCursor({ epoch, offset: head }),
    earliest: formatCursor({ epoch, offset: toOffset(earliest - 1) }),
    messages,
    bytes,
    readers: hub.readersOf(channel),
  }));
  const next = found.length === limit ? found.at(-1)?.channel : undefined;
  sendJson(res, 200, { channels, ...(next === undefined ? {} : { next }) });
}
