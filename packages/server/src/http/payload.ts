import {
  fromBase64,
  quote,
  sliceMember,
  TidingsError,
  type NewMessage,
  type PayloadKind,
  DEFAULT_EVENT,
} from "@tidings/protocol";

// ignoreBOM: a BOM is not part of JSON, and must not be taken off unseen either.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * What a content type makes of a body: JSON, text, bytes, or a batch of lines.
 *
 * @throws {TidingsError} `CONTENT_TYPE_UNSUPPORTED`
 */
export function bodyKind(contentType: string | undefined): PayloadKind | "batch" {
  const [essence = "", ...parameters] = (contentType ?? "")
    .toLowerCase()
    .split(";")
    .map((part) => part.trim());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="));
  if (charset !== undefined && !/^charset="?(?:utf-?8|us-ascii)"?$/.test(charset)) {
    throw unsupported(`${quote(charset)} is not taken; send UTF-8.`);
  }
  if (
    essence === "application/x-ndjson" ||
    essence === "application/ndjson" ||
    essence === "application/jsonl"
  )
    return "batch";
  if (essence === "application/json" || essence.endsWith("+json")) return "json";
  if (essence.startsWith("text/")) return "text";
  // What curl -d sends when nothing is said: almost always meant as something else.
  if (essence === "" || essence === "application/x-www-form-urlencoded" || essence.startsWith("multipart/")) {
    throw unsupported(essence === "" ? "the request names no Content-Type." : `${quote(essence)} is a form.`);
  }
  if (/^[a-z]+\/[a-z0-9!#$&^_.+-]+$/.test(essence)) return "bytes";
  throw unsupported(`${quote(essence)} is not a media type.`);
}

/** Checks a payload of a kind: JSON by parsing it, text as UTF-8. The bytes stay as they are. */
export function checkPayload(kind: PayloadKind, data: Uint8Array, line?: number): Uint8Array {
  if (kind === "bytes") return data;
  const text = decode(data, line);
  if (kind === "json") parseJson(text, line);
  return data;
}

/**
 * Reads a batch: a line `{"event"?, "data", "key"?, "idempotencyKey"?, "contentType"?, "encoding"?}` a message. JSON
 * data is cut out of its line as it stands.
 *
 * @throws {TidingsError} `BODY_INVALID` naming the line; nothing of the batch is to be published then
 */
export function parseBatch(body: Uint8Array): NewMessage[] {
  const messages: NewMessage[] = [];
  const lines = decode(body).split("\n");
  for (const [index, whole] of lines.entries()) {
    if (whole.trim() !== "") messages.push(parseLine(whole, index + 1));
  }
  return messages;
}

const LINE_FIELDS = ["event", "data", "key", "idempotencyKey", "contentType", "encoding"];

function parseLine(text: string, line: number): NewMessage {
  const value = parseJson(text, line);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid('is not an object; write {"data": …} on each line', line);
  }
  const fields = value as Readonly<Record<string, unknown>>;
  for (const [name, given] of Object.entries(fields)) {
    if (!LINE_FIELDS.includes(name))
      throw invalid(`has an unknown field ${quote(name)}; there are ${LINE_FIELDS.join(", ")}`, line, name);
    if (name !== "data" && typeof given !== "string")
      throw invalid(`has a "${name}" that is not a string`, line, name);
  }
  if (!Object.hasOwn(fields, "data")) throw invalid('lacks "data"', line, "data");
  const {
    event = DEFAULT_EVENT,
    key,
    idempotencyKey,
    contentType,
    encoding,
    data,
  } = fields as Record<string, string | undefined>;
  const names = {
    event,
    ...(key === undefined ? {} : { key }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
  if (contentType === undefined && encoding === undefined) {
    return { ...names, kind: "json", data: Buffer.from(sliceMember(text, "data") as string) };
  }
  if (typeof data !== "string")
    throw invalid('has "data" that must be a string with its "contentType" or "encoding"', line, "data");
  if (encoding === undefined) {
    if (contentType !== "text/plain")
      throw invalid('has a "contentType" that is not "text/plain"', line, "contentType");
    return { ...names, kind: "text", data: Buffer.from(data) };
  }
  const bytes = encoding === "base64" && contentType === undefined ? fromBase64(data) : undefined;
  if (bytes === undefined)
    throw invalid('has "data" that is not base64, or an "encoding" other than "base64"', line, "data");
  return { ...names, kind: "bytes", data: bytes };
}

function decode(bytes: Uint8Array, line?: number): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw invalid("is not UTF-8; send bytes as application/octet-stream", line, undefined, cause);
  }
}

function parseJson(text: string, line?: number): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid(
      `is not JSON (${(cause as Error).message}); check it, or send it as text/plain`,
      line,
      undefined,
      cause,
    );
  }
}

function invalid(what: string, line?: number, field?: string, cause?: unknown): TidingsError {
  const subject = line === undefined ? "the body" : `line ${line} of the batch`;
  const details = { ...(line === undefined ? {} : { line }), ...(field === undefined ? {} : { field }) };
  return new TidingsError("BODY_INVALID", `${subject} ${what}. Nothing was published.`, details, cause);
}

function unsupported(found: string): TidingsError {
  return new TidingsError(
    "CONTENT_TYPE_UNSUPPORTED",
    `${found} Send application/json, text/plain, application/octet-stream, or application/x-ndjson for a batch ` +
      "(curl: -H 'Content-Type: application/json').",
  );
}
