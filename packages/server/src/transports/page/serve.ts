import type { ServerResponse } from "node:http";
import { channelPageHeaders, renderChannelPage } from "./render.ts";

/**
 * `GET /channels/{channel}` for a browser's window: the channel's live page.
 *
 * @param heartbeatMs how often SSE on this server sends a heartbeat, in milliseconds. Default 15,000
 */
export function servePage(res: ServerResponse, channel: string, heartbeatMs?: number): void {
  const page = Buffer.from(
    renderChannelPage({ channel, ...(heartbeatMs === undefined ? {} : { heartbeatMs }) }),
  );
  res.writeHead(200, { ...channelPageHeaders(), "content-length": page.length });
  res.end(page);
}
