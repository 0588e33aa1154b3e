import type { IncomingMessage, ServerResponse } from "node:http";
import { gapFrame, PageReader, type PageResult } from "@tidings/core";
import { formatCursor, TidingsError } from "@tidings/protocol";
import type { Access } from "../../auth/index.ts";
import type { ReadChannel, ReadQuery } from "../../http/query.ts";
import type { Services } from "../../http/services.ts";
import { tellGap } from "../../insight/index.ts";
import { hold } from "./hold.ts";
import { pageBody, pageTag } from "./page.ts";

/**
 * Short and long poll: one page of one channel, or with `isMulti` of all that the query names. A long poll is held
 * until there is a message, the time is over (then the page is empty), or the server goes down.
 */
export async function servePoll(
  services: Services,
  req: IncomingMessage,
  res: ServerResponse,
  query: ReadQuery,
  isMulti: boolean,
  access: Access,
): Promise<void> {
  // Gone before it came here, so it will not say so again.
  if (res.destroyed) return;
  const [refused] = query.refused;
  if (refused !== undefined) throw ofChannel(refused.channel, refused.error);
  if (query.channels.some(({ presence }) => presence)) {
    throw new TidingsError(
      "QUERY_INVALID",
      "a page has no presence; ask GET /presence/{channel}, which can wait for a change, or read as a stream.",
      { field: "presence" },
    );
  }
  const waits = query.waitMs > 0;
  if (waits) services.connections.checkRoom(services.addresses.networkOf(res.req), access);
  const limits = { maxMessages: query.limit, maxBytes: services.limits.maxPageBytes };
  const page = new PageReader(services.hub, query.channels, limits, waits);
  const release = waits ? hold(services, res, page, query, access) : () => undefined;
  try {
    const result = await page.result;
    // It was told that it may not read any more.
    if (res.destroyed || res.headersSent) return;
    services.auth?.sessions.check(access);
    for (const { channel, gap } of result.gaps) {
      const address = services.addresses.of(req);
      tellGap(services.insight, { transport: waits ? "long-poll" : "poll", address, access }, channel, gap);
    }
    answer(req, res, query, result, isMulti);
  } catch (error) {
    if (!isMulti || page.failedOn === undefined) throw error;
    throw ofChannel(page.failedOn, services.toError(error));
  } finally {
    release();
  }
}

/** The fault of one channel of several: who asked has to know which one to leave out. */
function ofChannel(channel: string, { code, message, details, cause }: TidingsError): TidingsError {
  return new TidingsError(code, message, { ...details, channel }, cause);
}

function answer(
  req: IncomingMessage,
  res: ServerResponse,
  query: ReadQuery,
  result: PageResult,
  isMulti: boolean,
): void {
  const waits = query.waitMs > 0;
  // To be asked for again only by the same URL: that of a POST does not say what is read.
  const isShort = !waits && req.method !== "POST";
  const tag = isShort ? pageTag(result) : undefined;
  // Beside what CORS says there.
  res.appendHeader("Vary", "Accept, Prefer, Last-Event-ID");
  const headers = {
    ...(tag === undefined ? {} : { ETag: tag }),
    // A page may be kept, but never used without asking: the next message may be there already.
    "Cache-Control": isShort ? "no-cache" : "no-store",
    ...(req.headers["prefer"] === undefined || !waits
      ? {}
      : { "Preference-Applied": `wait=${query.waitMs / 1000}` }),
  };
  if (tag !== undefined && isSame(req.headers["if-none-match"], tag)) {
    res.writeHead(304, headers).end();
    return;
  }
  const body = pageBody(
    result,
    isMulti ? multiTail(result, req.method === "POST" ? query.channels : []) : singleTail(result),
  );
  res.writeHead(200, { "Content-Type": "application/json", "Content-Length": body.length, ...headers });
  res.end(body);
}

/** `If-None-Match` compares weakly, since a proxy that compresses weakens the tag (RFC 9110 §13.1.2). */
function isSame(header: string | undefined, tag: string): boolean {
  return (
    header?.split(",").some((each) => each.trim().replace(/^W\//, "") === tag || each.trim() === "*") === true
  );
}

function singleTail({ cursors, gaps, caughtUp }: PageResult): object {
  const [cursor] = cursors.values();
  const [first] = gaps;
  if (first === undefined || cursor === undefined)
    return { cursor: cursor && formatCursor(cursor.to), caughtUp };
  const { type: _, channel: __, ...gap } = gapFrame(first.channel, first.gap);
  return { cursor: formatCursor(cursor.to), caughtUp, gap };
}

/** With where the `channels` began: those whose clients could not know. */
function multiTail({ cursors, gaps, caughtUp }: PageResult, channels: readonly ReadChannel[]): object {
  const positions = [...cursors].map(([channel, { to }]) => [channel, formatCursor(to)]);
  const begun = channels.flatMap(({ channel, start }) => {
    const from = start.at === "cursor" ? undefined : cursors.get(channel)?.from;
    return from === undefined ? [] : [[channel, formatCursor(from)] as const];
  });
  const told = gaps.map(({ channel, gap }) => gapFrame(channel, gap));
  return {
    cursors: Object.fromEntries(positions) as object,
    ...(begun.length === 0 ? {} : { from: Object.fromEntries(begun) as object }),
    caughtUp,
    ...(told.length === 0 ? {} : { gaps: told }),
  };
}
