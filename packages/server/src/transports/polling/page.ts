import { createHash } from "node:crypto";
import type { PageResult } from "@tidings/core";
import { formatCursor } from "@tidings/protocol";

const HEAD = Buffer.from('{"messages":[');

/** A page's bytes: the messages as they were encoded, and around them what is the page's own. */
export function pageBody({ parts }: PageResult, tail: object): Buffer {
  const messages = Buffer.concat(parts);
  // Every message object is followed by a comma; the last one's goes.
  const inside = messages.subarray(0, Math.max(0, messages.length - 1));
  return Buffer.concat([HEAD, inside, Buffer.from(`],${JSON.stringify(tail).slice(1)}`)]);
}

/**
 * A strong validator (RFC 9110 §8.8.3) of a short poll: what a URL answers depends on nothing but the stretch of the
 * log that it covers, since messages never change, and on what it says of that stretch.
 */
export function pageTag({ cursors, caughtUp, messages, gaps }: PageResult): string {
  const hash = createHash("sha256");
  for (const [channel, { from, to }] of cursors)
    hash.update(`${channel} ${formatCursor(from)} ${formatCursor(to)} `);
  hash.update(`${caughtUp} ${messages} ${gaps.length}`);
  return `"${hash.digest("base64url").slice(0, 22)}"`;
}
