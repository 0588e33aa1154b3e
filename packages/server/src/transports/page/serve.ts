import type { ServerResponse } from "node:http";
import { channelPageHeaders, renderChannelPage } from "./render.ts";

/** `GET /channels/{channel}` for a browser's window: the channel's live page. */
export function servePage(res: ServerResponse, channel: string): void {
  const page = Buffer.from(renderChannelPage({ channel }));
  res.writeHead(200, { ...channelPageHeaders(), "content-length": page.length });
  res.end(page);
}
