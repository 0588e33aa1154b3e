import type { ServerResponse } from "node:http";
import type { StreamCodec } from "@tidings/core";
import type { Access } from "../../auth/index.ts";
import { checkPosition, type ReadQuery } from "../../http/query.ts";
import { openResponseStream, type StreamKind } from "../../http/response-stream.ts";
import type { Services } from "../../http/services.ts";
import { sseCodec, sseMultiCodec, sseObjectCodec, ssePlainCodec } from "./codec.ts";

/** A client waits this long before it reconnects, in milliseconds: spread, so that many do not come at once. */
const RETRY_MIN_MS = 1_000;
const RETRY_SPREAD_MS = 2_000;
const SSE: StreamKind = {
  transport: "sse",
  contentType: "text/event-stream; charset=utf-8",
  heartbeat: Buffer.from(":\n\n"),
};

/** Server-Sent Events (WHATWG HTML §9.2) on one channel, or with `isMulti` on all that the query names. */
export async function serveSse(
  services: Services,
  res: ServerResponse,
  query: ReadQuery,
  isMulti: boolean,
  access: Access,
): Promise<void> {
  if (isMulti && query.hasPosition)
    checkPosition(
      query.channels.map(({ channel }) => channel),
      services,
    );
  const retryMs = Math.round(RETRY_MIN_MS + Math.random() * RETRY_SPREAD_MS);
  await openResponseStream(services, res, query, access, SSE, {
    codec: isMulti ? (query.hasPosition ? sseMultiCodec : ssePlainCodec) : singleCodec(services, query),
    isMulti,
    // Who reads by POST is no EventSource, which would come back at once: it has pauses of its own.
    preamble: query.hasPosition ? Buffer.from(`retry: ${retryMs}\n\n`) : Buffer.alloc(0),
  });
}

function singleCodec({ policies }: Services, { channels, envelope }: ReadQuery): StreamCodec {
  // A value says nothing without its key, which only the message object has.
  const isKeyed = channels.some(({ channel }) => policies.of(channel).compact);
  return envelope || isKeyed ? sseObjectCodec : sseCodec;
}
