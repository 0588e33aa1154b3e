import type { ServerResponse } from "node:http";
import { checkPosition, type ReadQuery } from "../../http/query.ts";
import { openResponseStream } from "../../http/response-stream.ts";
import type { Services } from "../../http/services.ts";
import { sseCodec, sseMultiCodec, sseObjectCodec } from "./codec.ts";

/** A client waits this long before it reconnects, in milliseconds: spread, so that many do not come at once. */
const RETRY_MIN_MS = 1_000;
const RETRY_SPREAD_MS = 2_000;
const HEARTBEAT = Buffer.from(":\n\n");

/** Server-Sent Events (WHATWG HTML §9.2) on one channel, or with `isMulti` on all that the query names. */
export async function serveSse(
  services: Services,
  res: ServerResponse,
  query: ReadQuery,
  isMulti: boolean,
): Promise<void> {
  if (isMulti)
    checkPosition(
      query.channels.map(({ channel }) => channel),
      services,
    );
  // A value says nothing without its key, which only the message object has.
  const isKeyed = query.channels.some(({ channel }) => services.policies.of(channel).compact);
  const retryMs = Math.round(RETRY_MIN_MS + Math.random() * RETRY_SPREAD_MS);
  await openResponseStream(services, res, query, {
    transport: "sse",
    contentType: "text/event-stream; charset=utf-8",
    codec: isMulti ? sseMultiCodec : query.envelope || isKeyed ? sseObjectCodec : sseCodec,
    isMulti,
    preamble: Buffer.from(`retry: ${retryMs}\n\n`),
    heartbeat: HEARTBEAT,
  });
}
