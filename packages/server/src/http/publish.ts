import type { IncomingMessage, ServerResponse } from "node:http";
import type { Appended, PublishMessage, PublishOptions } from "@tidings/core";
import {
  checkChannel,
  DEFAULT_EVENT,
  formatCursor,
  type PayloadKind,
  parseCursor,
  quote,
  TidingsError,
} from "@tidings/protocol";
import type { Access } from "../auth/index.ts";
import { bodyAtHand, readBody, startBody } from "./body.ts";
import { storeBody } from "./large-body.ts";
import { wantsLines } from "./negotiate.ts";
import { bodyKind, checkPayload, parseBatch } from "./payload.ts";
import { checkNames, invalid, readFlag } from "./query.ts";
import type { Exchange } from "./router.ts";
import { isClient } from "./senders.ts";
import type { Services } from "./services.ts";

type Payload = Pick<PublishMessage, "kind" | "data">;

const OF_ONE_MESSAGE = ["event", "key", "inline", "preview", "artifact", "deleted"];
/** What holds for the request as one, for who had rather say it in the URL than in headers. */
const OF_THE_REQUEST = ["idempotencyKey", "ifHead"];
const NOTHING = Buffer.alloc(0);
const PLAIN = { event: DEFAULT_EVENT } as const;
const ALL = [...OF_ONE_MESSAGE, ...OF_THE_REQUEST, "ephemeral"];

/** `POST /channels/{channel}`: one message, or a batch of them, appended as one. */
export async function servePublish(
  services: Services,
  { req, res, name, query, access }: Exchange,
): Promise<void> {
  const { publisher, limits } = services;
  const channel = checkChannel(name);
  checkNames(query, ALL);
  const isLine = wantsLines(req);
  const options = readOptions(services, req, query, access);
  // Before the body is taken in: who may send nothing now need not send it.
  options.sender?.rates?.check(Date.now());
  const artifactId = query.get("artifact");
  const isDeleted = readFlag(query, "deleted");
  if (artifactId !== null || isDeleted) {
    if (artifactId !== null && isDeleted)
      throw invalid("deleted", '"deleted" and "artifact" exclude each other; give one.');
    const publish: PublishMessage = {
      ...readMessage(query),
      ...(artifactId === null
        ? await readNothing(req)
        : { ...(await readBeside(req, limits.maxPreviewBytes)), artifactId }),
    };
    services.auth?.sessions.check(access);
    return answer(res, await publisher.publish(channel, [publish], options), { isLine });
  }
  const kind = bodyKind(req.headers["content-type"]);
  if (kind !== "batch") {
    const names = readMessage(query);
    let message = takeOne(services, req, channel, kind, names);
    if (message === undefined) {
      message = await readOne(services, req, channel, kind, names, options);
      services.auth?.sessions.check(access);
    }
    return answer(res, await publisher.publish(channel, [message], options), { isLine });
  }
  for (const one of OF_ONE_MESSAGE) {
    if (query.has(one)) throw invalid(one, `a batch has its "${one}" in each line; leave it out of the URL.`);
  }
  const advice = "Send it in several batches, or large payloads each by itself.";
  const batch = parseBatch(await readBody(req, limits.maxBatchBytes, "BATCH_TOO_LARGE", advice));
  // Its body may have taken its time.
  services.auth?.sessions.check(access);
  answer(res, await publisher.publish(channel, batch, options), { count: batch.length, isLine });
}

/** `DELETE /channels/{channel}?key=`: deletes a key of a channel that keeps the newest message of each. */
export async function serveDeleteKey(
  services: Services,
  { req, res, name, query, access }: Exchange,
): Promise<void> {
  const channel = checkChannel(name);
  checkNames(query, ["key", "event", ...OF_THE_REQUEST]);
  const deletion = { ...readMessage(query), kind: "none", data: NOTHING } as const;
  const appended = await services.publisher.publish(
    channel,
    [deletion],
    readOptions(services, req, query, access),
  );
  // Nothing was made that has a URL of its own, as a publish's 201 would say.
  answer(res, appended, { status: 200 });
}

/** The message, where its body is there already: nearly always, and then nothing has to be waited for. */
function takeOne(
  { policies }: Services,
  req: IncomingMessage,
  channel: string,
  kind: PayloadKind,
  names: Omit<PublishMessage, "kind" | "data">,
): PublishMessage | undefined {
  const body = bodyAtHand(req, policies.of(channel).maxMessageBytes);
  if (body === undefined) return undefined;
  const contentType = req.headers["content-type"] ?? "";
  // A copy, as in startBody.
  return { ...names, contentType, kind, data: checkPayload(kind, Buffer.from(body)) };
}

/** Reads the body whole and checks it; one that is larger than a message can be goes straight to the store. */
async function readOne(
  services: Services,
  req: IncomingMessage,
  channel: string,
  kind: PayloadKind,
  names: Omit<PublishMessage, "kind" | "data">,
  options: PublishOptions,
): Promise<PublishMessage> {
  const { publisher, policies, limits, payloads } = services;
  const { maxMessageBytes, maxArtifactBytes } = policies.of(channel);
  const contentType = req.headers["content-type"] ?? "";
  const message = { ...names, contentType, kind, data: NOTHING };
  if (maxArtifactBytes === 0 || names.inline === true || options.ephemeral === true) {
    const body = await readBody(
      req,
      maxMessageBytes,
      "MESSAGE_TOO_LARGE",
      advice(names.inline, options.ephemeral),
    );
    return { ...message, data: checkPayload(kind, body) };
  }
  // What can be refused is refused before gigabytes have come, or are even sent.
  const length = Number(req.headers["content-length"] ?? 0);
  const checkEarly = (): void => {
    publisher.check(channel, [message], options);
    publisher.checkStorable(channel, Math.max(length, maxMessageBytes + 1));
  };
  if (length > maxMessageBytes) checkEarly();
  const start = await startBody(req, maxMessageBytes);
  if (start.isWhole) return { ...message, data: checkPayload(kind, start.body) };
  try {
    checkEarly();
  } catch (error) {
    start.parts.stop();
    throw error;
  }
  const checkSize = (size: number): void => publisher.checkStorable(channel, size);
  const about = { channel, kind, contentType, checkSize, maxPreviewBytes: limits.maxPreviewBytes };
  return { ...message, ...(await storeBody(payloads, start.parts, about)), ...names };
}

async function readNothing(req: IncomingMessage): Promise<Payload> {
  await readBody(req, 0, "BODY_INVALID", "What deletes a key has no body of its own.");
  return { kind: "none", data: NOTHING };
}

/** What a message says beside the artifact that it names: nothing, or small JSON. */
async function readBeside(req: IncomingMessage, maxBytes: number): Promise<Payload> {
  const body = await readBody(
    req,
    maxBytes,
    "MESSAGE_TOO_LARGE",
    "It is what the message says beside an artifact (maxPreviewBytes): put the rest into the artifact.",
  );
  // An empty one may have any type, or none.
  const kind = body.length === 0 ? "bytes" : bodyKind(req.headers["content-type"]);
  if (kind !== "batch") return { kind, data: checkPayload(kind, body) };
  throw new TidingsError(
    "REQUEST_INVALID",
    '"artifact" is for one message; name it in the lines of a batch.',
  );
}

function advice(inline: boolean | undefined, ephemeral: boolean | undefined): string {
  if (ephemeral === true) return "It is ephemeral, and so not stored: send less, or publish a URL to it.";
  return inline === true
    ? "Without ?inline it is stored, and sent as a URL and a preview."
    : "Nothing larger is stored for this channel (maxArtifactBytes of its policy): send it in parts, or upload it by " +
        "POST /artifacts and publish its URL.";
}

/** As JSON; or as the line that answers a frame, for who reads all answers so. */
function answer(
  res: ServerResponse,
  appended: Appended | undefined,
  about: { readonly count?: number; readonly status?: 200 | 201; readonly isLine?: boolean },
): void {
  const { count, status = 201, isLine = false } = about;
  const isRepeat = appended?.appended === 0;
  const members = [
    ...(isLine ? ['"type":"ok"'] : []),
    ...(appended === undefined ? [] : [`"cursor":"${formatCursor(appended)}","offset":${appended.offset}`]),
    ...(count === undefined ? [] : [`"count":${count}`]),
    ...(isRepeat ? ['"duplicate":true'] : []),
  ];
  const body = `{${members.join(",")}}${isLine ? "\n" : ""}`;
  const contentType = isLine ? "application/x-ndjson" : "application/json";
  const code = appended === undefined ? 202 : isRepeat ? 200 : status;
  const length = String(body.length);
  res.writeHead(code, ["Content-Type", contentType, "Content-Length", length, "Cache-Control", "no-store"]);
  // All of it is ASCII. As text, Node writes it together with the head, and in this encoding it does not look at each byte.
  res.end(body, "latin1");
}

/** What the URL says of one message. */
function readMessage(query: URLSearchParams): Omit<PublishMessage, "kind" | "data"> {
  if (query.size === 0) return PLAIN;
  const key = query.get("key");
  const preview = query.get("preview");
  const inline = readFlag(query, "inline");
  return {
    event: query.get("event") ?? DEFAULT_EVENT,
    ...(key === null ? {} : { key }),
    ...(preview === null ? {} : { preview: Buffer.from(preview) }),
    ...(inline ? { inline } : {}),
  };
}

/** What holds for the request as one. */
function readOptions(
  { senders, addresses }: Services,
  req: IncomingMessage,
  query: URLSearchParams,
  access: Access,
): PublishOptions {
  const ephemeral = readFlag(query, "ephemeral");
  const condition = readCondition(req, query);
  if (ephemeral && condition.ifOffset !== undefined) {
    throw new TidingsError(
      "HEADER_INVALID",
      "an ephemeral message is not appended, so If-Match cannot hold for it; leave one out.",
    );
  }
  const idempotencyKey = readIdempotencyKey(req, query);
  const isCounted = ephemeral || isClient(access.identity);
  const sender = isCounted ? senders.of(access, () => addresses.of(req)) : undefined;
  return { ephemeral, sender, ...condition, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) };
}

/** `?ifHead=<cursor>`, or `If-Match: "<cursor>"` (RFC 9110 §13.1.1): append only if this is the head. */
function readCondition(
  req: IncomingMessage,
  query: URLSearchParams,
): Pick<PublishOptions, "ifOffset" | "ifEpoch"> {
  const given = query.get("ifHead");
  const header = given === null ? req.headers["if-match"] : `"${given}"`;
  if (header === undefined) return {};
  const cursor = parseCursor(/^"(.*)"$/.exec(header.trim())?.[1] ?? "");
  if (cursor !== undefined) return { ifOffset: cursor.offset, ifEpoch: cursor.epoch };
  if (given !== null) throw invalid("ifHead", `"ifHead" is ${quote(given)}; give a cursor.`);
  throw new TidingsError(
    "HEADER_INVALID",
    `If-Match is ${quote(header)}; give one cursor in double quotes, such as "k3x9f2ab.42".`,
  );
}

/** `?idempotencyKey=`, or the header, as it is or as the quoted string that its draft asks for. */
export function readIdempotencyKey(req: IncomingMessage, query: URLSearchParams): string | undefined {
  const given = query.get("idempotencyKey");
  if (given !== null) return given;
  const header = req.headers["idempotency-key"];
  if (header === undefined) return undefined;
  if (Array.isArray(header))
    throw new TidingsError("HEADER_INVALID", "Idempotency-Key stands more than once; send one.");
  return /^"(.*)"$/.exec(header)?.[1] ?? header;
}
