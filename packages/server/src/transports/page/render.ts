import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { pageMarkup } from "./markup.ts";
import { PAGE_STYLE } from "./style.ts";

export interface ChannelPageOptions {
  /** A checked channel name. */
  readonly channel: string;
}

// From `src` (tests) and from `dist` alike this is where the build puts `client`, bundled to one script without imports.
const CLIENT = new URL("../../../dist/transports/page/client.js", import.meta.url);

let read: string | undefined;

/** Read at the first page that is asked for, and kept. */
function clientScript(): string {
  read ??= readFileSync(CLIENT, "utf8");
  return read;
}

/**
 * The live page of a channel: one HTML document that reads the channel from the URL it was served at, wherever the
 * server is mounted. Serve it with {@link channelPageHeaders}, which let it run.
 */
export function renderChannelPage({ channel }: ChannelPageOptions): string {
  return pageMarkup({ channel, style: PAGE_STYLE, script: clientScript() });
}

/** The headers the page is served with. The same for every channel: style and script never change, so no nonce. */
export function channelPageHeaders(): Readonly<Record<string, string>> {
  return {
    "content-type": "text/html; charset=utf-8",
    // The URL answers other formats too, and a page from an older server would speak an older protocol.
    "cache-control": "no-store",
    "content-security-policy": [
      "default-src 'none'",
      `script-src ${hashSource(clientScript())}`,
      `style-src ${hashSource(PAGE_STYLE)}`,
      "connect-src 'self'",
      "img-src data:",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      // Browsers that know it refuse innerHTML and its like, so a message can never become markup by mistake.
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join("; "),
    "cross-origin-opener-policy": "same-origin",
    // Not no-referrer: under that, browsers send `Origin: null` with some requests of the page's own.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
  };
}

/** How a policy names an inline script or style (Content Security Policy 3, §2.3.1). */
function hashSource(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
