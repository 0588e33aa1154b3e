import type { MessageObject, Page } from "@tidings/protocol";
import { ask, parseExact, readJson, type Server } from "../api.ts";
import type { Finding } from "./publish.ts";

/**
 * Looks in the channel, from a cursor on, for a batch whose answer was lost. A batch is appended as one with nothing
 * in between, so it is there when its messages stand there in a row. What was dropped by retention before it could be
 * looked at counts as not there: to deliver twice is better than not at all.
 *
 * Another publisher's messages are told from these by their contents alone. Where two print the very same lines into
 * one channel, and the server was away for longer than it remembers keys, one can be taken for the other.
 */
export async function findBatch(
  server: Server,
  channel: string,
  since: string,
  lines: readonly Buffer[],
  signal: AbortSignal,
): Promise<Finding> {
  const wanted = lines.map((line) => fingerprint(parseExact(line.toString()) as Partial<MessageObject>));
  let tail: { readonly print: string; readonly cursor: string }[] = [];
  for (let cursor = since; ;) {
    const response = await ask(server, `/channels/${channel}?since=${encodeURIComponent(cursor)}`, {
      signal,
    });
    const page = await readJson<Page>(server, response);
    // A gap parts what was seen from what follows: nothing stands in a row across it.
    if (page.gap !== undefined) tail = [];
    tail.push(
      ...page.messages.map((message) => ({ print: fingerprint(message), cursor: message.cursor ?? "" })),
    );
    const end = findRun(tail, wanted);
    if (end !== undefined) return { isThere: true, cursor: end };
    if (page.caughtUp) return { isThere: false, head: page.cursor };
    tail = tail.slice(-wanted.length);
    cursor = page.cursor;
  }
}

/** The cursor of the last message of the run that equals `wanted`, or `undefined`. */
function findRun(
  tail: readonly { readonly print: string; readonly cursor: string }[],
  wanted: readonly string[],
): string | undefined {
  for (let start = 0; start + wanted.length <= tail.length; start++) {
    if (wanted.every((print, at) => tail[start + at]?.print === print))
      return tail[start + wanted.length - 1]?.cursor;
  }
  return undefined;
}

function fingerprint({
  event = "message",
  key,
  contentType,
  encoding,
  data,
}: Partial<MessageObject>): string {
  return JSON.stringify([event, key, contentType, encoding, data]);
}
