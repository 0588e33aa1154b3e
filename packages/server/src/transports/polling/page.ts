import { createHash } from "node:crypto";
import type { PageResult } from "@tidings/core";
import { formatCursor } from "@tidings/protocol";

const HEAD = Buffer.from('{"messages":[');

let last:
  | { readonly part: WeakRef<Uint8Array>; readonly end: string; readonly body: WeakRef<Buffer> }
  | undefined;

/**
 * A page's bytes: the messages as they were encoded, and around them what is the page's own. Long polls that one flush
 * answers at one cursor follow each other, and share them: never to be written to.
 */
export function pageBody({ parts }: PageResult, tail: object): Buffer {
  const end = `],${JSON.stringify(tail).slice(1)}`;
  const [part] = parts;
  const isAlone = part !== undefined && parts.length === 1;
  if (isAlone && last?.part.deref() === part && last.end === end) {
    const known = last.body.deref();
    if (known !== undefined) return known;
  }
  const messages = part !== undefined && isAlone ? part : Buffer.concat(parts);
  // Every message object is followed by a comma; the last one's goes.
  const inside = messages.subarray(0, Math.max(0, messages.length - 1));
  const body = Buffer.concat([HEAD, inside, Buffer.from(end)]);
  // Held weakly: a page of a megabyte is not kept until the next poll.
  if (part !== undefined && isAlone) last = { part: new WeakRef(part), end, body: new WeakRef(body) };
  return body;
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
