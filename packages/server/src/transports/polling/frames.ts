import type { ServerResponse } from "node:http";
import { gapFrame, PageReader, type PageResult } from "@tidings/core";
import { errorFrame, formatCursor, ndjsonFormat, type ServerFrame } from "@tidings/protocol";
import type { Access } from "../../auth/index.ts";
import { presenceVersion } from "../../http/presence.ts";
import type { ReadChannel, ReadQuery, Refused } from "../../http/query.ts";
import type { Services } from "../../http/services.ts";
import { hold } from "./hold.ts";

/**
 * `POST /connect?wait=S` as NDJSON: the frames of a stream, up to where a page ends. It is written whole, with its length, since
 * it is for paths that hold streams back. What is wrong with a channel is told in it, and ends the wait, as presence does that the
 * client has not.
 */
export async function serveFrames(
  services: Services,
  res: ServerResponse,
  query: ReadQuery,
  access: Access,
): Promise<void> {
  // Gone before it came here, so it will not say so again.
  if (res.destroyed) return;
  const refused = [...query.refused];
  const read = query.channels.filter(({ channel, presence }) => {
    try {
      if (presence) services.presence.check(channel);
      return true;
    } catch (error) {
      refused.push({ channel, error: services.toError(error) });
      return false;
    }
  });
  const told = read.filter(({ presence }) => presence);
  const hasNews = refused.length > 0 || told.some((each) => isNew(services, each));
  const waits = query.waitMs > 0 && !hasNews;
  if (waits) services.connections.checkRoom(services.addresses.networkOf(res.req), access);
  const limits = { maxMessages: query.limit, maxBytes: services.limits.maxPageBytes };
  const page = new PageReader(services.hub, read, limits, waits, ndjsonFormat);
  const release = waits ? hold(services, res, page, query, access) : () => undefined;
  const watches = waits
    ? told.map(({ channel }) => services.presence.watch(channel, () => page.finish()))
    : [];
  // A client that goes away leaves the page without a result.
  const unwatch = (): void => watches.forEach((end) => end());
  res.on("close", unwatch);
  try {
    const result = await page.result;
    if (!res.headersSent) services.auth?.sessions.check(access);
    send(res, [
      ...refusals(refused),
      ...framesOf(result),
      ...presenceOf(services, told, services.limits.maxPageBytes),
    ]);
  } catch (error) {
    if (page.failedOn === undefined) throw error;
    // The others are read by the next request, which leaves this one out.
    send(res, refusals([...refused, { channel: page.failedOn, error: services.toError(error) }]));
  } finally {
    release();
    unwatch();
  }
}

function send(res: ServerResponse, parts: readonly Uint8Array[]): void {
  // Gone, or told that it may not read any more.
  if (res.destroyed || res.headersSent) return;
  const body = Buffer.concat(parts);
  res.writeHead(200, {
    "Content-Type": "application/x-ndjson; charset=utf-8",
    "Content-Length": body.length,
    "Cache-Control": "no-store",
  });
  res.end(body);
}

function line(frame: ServerFrame): Buffer {
  return Buffer.from(`${JSON.stringify(frame)}\n`);
}

function refusals(refused: readonly Refused[]): readonly Buffer[] {
  return refused.map(({ channel, error }) => line(errorFrame(error, { channel })));
}

function framesOf({ cursors, gaps, parts }: PageResult): readonly Uint8Array[] {
  const begun = [...cursors].map(([channel, { from }]) =>
    line({ type: "ok", channel, cursor: formatCursor(from) }),
  );
  // Of each channel the last frame says where it stands: what a filter held back, too, is not looked at again.
  const ends = [...cursors].map(([channel, { to, isAtHead }]) =>
    line({ type: isAtHead ? "caught-up" : "ok", channel, cursor: formatCursor(to) }),
  );
  return [...begun, ...gaps.map(({ channel, gap }) => line(gapFrame(channel, gap))), ...parts, ...ends];
}

function isNew(services: Services, { channel, knownPresence }: ReadChannel): boolean {
  return presenceVersion(services, channel) !== knownPresence;
}

/** Who is where, of those channels of which the client has something else; what is beyond `maxBytes` comes with the next request. */
function presenceOf(services: Services, told: readonly ReadChannel[], maxBytes: number): readonly Buffer[] {
  const { maxPresenceListed, maxPresenceListedBytes } = services.limits;
  const lines: Buffer[] = [];
  let bytes = 0;
  for (const each of told) {
    const { channel } = each;
    if (bytes >= maxBytes) break;
    if (!isNew(services, each)) continue;
    const { count, members } = services.presence.list(channel, "", maxPresenceListed + 1);
    const list = members.join(",");
    const isListed = count <= maxPresenceListed && Buffer.byteLength(list) - count < maxPresenceListedBytes;
    const version = JSON.stringify(presenceVersion(services, channel));
    const text = `{"type":"presence","channel":"${channel}","count":${count}${isListed ? `,"members":[${list}]` : ""},"version":${version}}\n`;
    lines.push(Buffer.from(text));
    bytes += text.length;
  }
  return lines;
}
