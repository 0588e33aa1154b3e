import type { IncomingMessage } from "node:http";
import { quote, TidingsError } from "@tidings/protocol";
import { readBody, requireJson } from "./body.ts";
import { connectSchema, mostListed, parseLists, readEntry, readJoin, tooManyError } from "./channel-list.ts";
import {
  checkNames,
  invalid,
  type ReadChannel,
  type ReadQuery,
  readLimit,
  readWait,
  type Refused,
} from "./query.ts";
import type { Services } from "./services.ts";

/** Bytes of the body of `POST /connect`: a thousand channels with the longest names, cursors and some events each. */
const MAX_CONNECT_BYTES = 1_048_576;

/**
 * The body of `POST /connect`, and the little that its query says. What is wrong with one channel of a stream is told
 * in the stream, so that the others are read; a page is refused as a whole.
 */
export async function connectBody(
  req: IncomingMessage,
  query: URLSearchParams,
  services: Services,
  isPage: boolean,
): Promise<ReadQuery> {
  const { limits } = services;
  checkNames(query, ["limit", "wait"]);
  const limit = readLimit(query, limits);
  const waitMs = readWait(req, query, limits);
  requireJson(req, "what to read");
  // Before the body is taken in: what is turned away need not be sent.
  if (!isPage || waitMs > 0) services.connections.checkRoom(services.addresses.networkOf(req));
  const bytes = await readBody(req, MAX_CONNECT_BYTES, "BATCH_TOO_LARGE", "Use several connections.");
  const { subscribe = [], join = [] } = parseLists(connectSchema, bytes, services, mostListed(limits));
  const channels: ReadChannel[] = [];
  const named = new Set<string>();
  const refused: Refused[] = [];
  for (const [index, entry] of subscribe.entries()) {
    const { channel } = entry;
    if (named.has(channel)) {
      throw new TidingsError("BODY_INVALID", `channel ${quote(channel)} is named twice; name it once.`, {
        field: `subscribe.${index}.channel`,
      });
    }
    named.add(channel);
    try {
      // The same body means the same, whether it is answered by a stream or by pages.
      const read = readEntry(entry, services, false);
      // Ahead of whether they may be read: the application, which may be asked that, is asked of no more than can be.
      if (channels.length >= limits.maxChannelsPerConnection) throw tooManyError(limits);
      channels.push(read);
    } catch (error) {
      refused.push({ channel, error: services.toError(error) });
    }
  }
  if (isPage && join.length > 0) {
    throw invalid(
      "join",
      "a page joins nobody; PUT /presence/{channel} makes a member without a connection, or read as a stream.",
    );
  }
  return {
    channels,
    refused,
    join: join.map(readJoin),
    limit,
    waitMs,
    envelope: false,
    binary: false,
    hasPosition: false,
  };
}
