import type { IncomingMessage, ServerResponse } from "node:http";
import {
  checkChannel,
  DEFAULT_EVENT,
  formatCursor,
  type NewMessage,
  parseCursor,
  quote,
  TidingsError,
} from "@tidings/protocol";
import { readBody } from "./body.ts";
import { bodyKind, checkPayload, parseBatch } from "./payload.ts";
import { sendJson } from "./problem.ts";
import { checkNames, invalid, readFlag } from "./query.ts";
import type { Services } from "./services.ts";

/** `POST /channels/{channel}`: one message, or a batch of them, appended as one. */
export async function servePublish(
  services: Services,
  req: IncomingMessage,
  res: ServerResponse,
  name: string,
  query: URLSearchParams,
): Promise<void> {
  const { publisher, limits, policies } = services;
  const channel = checkChannel(name);
  checkNames(query, ["event", "key", "ephemeral"]);
  const kind = bodyKind(req.headers["content-type"]);
  const isBatch = kind === "batch";
  const ephemeral = readFlag(query, "ephemeral");
  const condition = readCondition(req);
  if (ephemeral && condition.ifOffset !== undefined) {
    throw new TidingsError(
      "HEADER_INVALID",
      "an ephemeral message is not appended, so If-Match cannot hold for it; leave one out.",
    );
  }
  const idempotencyKey = readIdempotencyKey(req);
  const maxBytes = isBatch ? limits.maxBatchBytes : policies.of(channel).maxMessageBytes;
  const body = await readBody(req, maxBytes, isBatch ? "BATCH_TOO_LARGE" : "MESSAGE_TOO_LARGE");
  const batch = isBatch ? batchOf(body, query) : [messageOf(checkPayload(kind, body), kind, query)];
  const options = { ephemeral, ...condition, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
  const appended = await publisher.publish(channel, batch, options);
  if (appended === undefined) return sendJson(res, 202, isBatch ? { count: batch.length } : {});
  const { offset, appended: count } = appended;
  const isRepeat = count === 0;
  sendJson(res, isRepeat ? 200 : 201, {
    cursor: formatCursor(appended),
    offset,
    ...(isBatch ? { count: batch.length } : {}),
    ...(isRepeat ? { duplicate: true } : {}),
  });
}

function messageOf(data: Uint8Array, kind: NewMessage["kind"], query: URLSearchParams): NewMessage {
  const key = query.get("key");
  return { event: query.get("event") ?? DEFAULT_EVENT, kind, data, ...(key === null ? {} : { key }) };
}

function batchOf(body: Uint8Array, query: URLSearchParams): readonly NewMessage[] {
  for (const name of ["event", "key"]) {
    if (query.has(name))
      throw invalid(name, `a batch has its "${name}" in each line; leave it out of the URL.`);
  }
  return parseBatch(body);
}

/** `If-Match: "<cursor>"` (RFC 9110 §13.1.1): append only if this is the head. */
function readCondition(req: IncomingMessage): {
  readonly ifOffset?: NonNullable<ReturnType<typeof parseCursor>>["offset"];
  readonly ifEpoch?: string;
} {
  const header = req.headers["if-match"];
  if (header === undefined) return {};
  const cursor = parseCursor(/^"(.*)"$/.exec(header.trim())?.[1] ?? "");
  if (cursor === undefined) {
    throw new TidingsError(
      "HEADER_INVALID",
      `If-Match is ${quote(header)}; give one cursor in double quotes, such as "k3x9f2ab.42".`,
    );
  }
  return { ifOffset: cursor.offset, ifEpoch: cursor.epoch };
}

/** As it is, or as the quoted string that the draft of the header asks for. */
function readIdempotencyKey(req: IncomingMessage): string | undefined {
  const header = req.headers["idempotency-key"];
  if (header === undefined) return undefined;
  if (Array.isArray(header))
    throw new TidingsError("HEADER_INVALID", "Idempotency-Key stands more than once; send one.");
  return /^"(.*)"$/.exec(header)?.[1] ?? header;
}
