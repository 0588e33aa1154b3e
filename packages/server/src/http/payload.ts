import type { PublishMessage } from "@tidings/core";
import {
  fromBase64,
  jsonFault,
  quote,
  sliceMember,
  TidingsError,
  type PayloadKind,
  DEFAULT_EVENT,
} from "@tidings/protocol";

// ignoreBOM: a BOM is not part of JSON, and must not be taken off unseen either.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const MAX_CONTENT_TYPE_BYTES = 255;

/**
 * What a content type makes of a body: JSON, text, bytes, or a batch of lines.
 *
 * @throws {TidingsError} `CONTENT_TYPE_UNSUPPORTED`
 */
export function bodyKind(contentType: string | undefined): PayloadKind | "batch" {
  if (contentType === "application/json") return "json";
  // It is told with each message whose payload is stored.
  if (contentType !== undefined && contentType.length > MAX_CONTENT_TYPE_BYTES)
    throw unsupported(`the Content-Type is longer than ${MAX_CONTENT_TYPE_BYTES} bytes.`);
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
 * Reads a batch: a line `{"event"?, "data", "key"?, "idempotencyKey"?, "contentType"?, "encoding"?, "inline"?, "preview"?}` a
 * message; or with `"artifact"`, which may have data beside it, or with `"deleted":true` instead of data. JSON is cut out of its line as it stands.
 *
 * @throws {TidingsError} `BODY_INVALID` naming the line; nothing of the batch is to be published then
 */
export function parseBatch(body: Uint8Array): PublishMessage[] {
  const messages: PublishMessage[] = [];
  const lines = decode(body).split("\n");
  // The lines of a batch are mostly alike: where one is more than data, or wrong, the others are read in full too.
  let isPlain = true;
  for (let index = 0; index < lines.length; index++) {
    const whole = lines[index] as string;
    if (whole.trim() === "") continue;
    const plain: PublishMessage | undefined = isPlain ? parsePlain(whole) : undefined;
    isPlain &&= plain !== undefined;
    messages.push(plain ?? parseLine(whole, index + 1));
  }
  return messages;
}

const PLAIN_START = '{"data":';

/** A line that is an object of nothing but JSON data: half of the time that it takes to look at its members one by one. */
function parsePlain(line: string): PublishMessage | undefined {
  if (!line.startsWith(PLAIN_START) || !line.endsWith("}")) return undefined;
  const json = line.slice(PLAIN_START.length, -1);
  try {
    // Where this is JSON by itself, nothing else can stand in the object around it.
    JSON.parse(json);
  } catch {
    return undefined;
  }
  return { event: DEFAULT_EVENT, kind: "json", data: Buffer.from(json.trim()) };
}

/** The members of a line, and what each must be. */
const LINE_FIELDS: Readonly<Record<string, "string" | "boolean" | "any">> = {
  event: "string",
  data: "any",
  key: "string",
  idempotencyKey: "string",
  contentType: "string",
  encoding: "string",
  inline: "boolean",
  preview: "any",
  artifact: "string",
  deleted: "boolean",
};

interface Line {
  readonly event?: string;
  readonly key?: string;
  readonly idempotencyKey?: string;
  readonly contentType?: string;
  readonly encoding?: string;
  readonly inline?: boolean;
  readonly artifact?: string;
  readonly deleted?: boolean;
  readonly data?: unknown;
  readonly preview?: unknown;
}

function parseLine(text: string, line: number): PublishMessage {
  const value = parseJson(text, line);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid('is not an object; write {"data": …} on each line', line);
  }
  for (const [name, given] of Object.entries(value)) {
    const type = Object.hasOwn(LINE_FIELDS, name) ? LINE_FIELDS[name] : undefined;
    if (type === undefined) {
      const known = Object.keys(LINE_FIELDS).join(", ");
      throw invalid(`has an unknown field ${quote(name)}; there are ${known}`, line, name);
    }
    if (type !== "any" && typeof given !== type)
      throw invalid(
        `has a "${name}" that is not ${type === "string" ? "a string" : "true or false"}`,
        line,
        name,
      );
  }
  const fields = value as Line;
  const { event = DEFAULT_EVENT, key, idempotencyKey, inline } = fields;
  return {
    event,
    ...(key === undefined ? {} : { key }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(inline === undefined ? {} : { inline }),
    ...(fields.preview === undefined ? {} : { preview: Buffer.from(sliceMember(text, "preview") as string) }),
    ...linePayload(fields, text, line),
  };
}

function linePayload(
  { contentType, encoding, artifact, deleted = false, data }: Line,
  text: string,
  line: number,
): Pick<PublishMessage, "kind" | "data" | "artifactId"> {
  if (deleted || artifact !== undefined) {
    const instead = deleted ? "deleted" : "artifact";
    for (const [name, given] of Object.entries({ contentType, encoding, ...(deleted ? { data } : {}) })) {
      if (given !== undefined)
        throw invalid(`has both "${instead}" and "${name}"; leave one out`, line, name);
    }
    if (deleted && artifact !== undefined)
      throw invalid('has both "deleted" and "artifact"; leave one out', line, "artifact");
    const nothing = Buffer.alloc(0);
    if (artifact === undefined) return { kind: "none", data: nothing };
    return data === undefined
      ? { kind: "bytes", data: nothing, artifactId: artifact }
      : { kind: "json", data: Buffer.from(sliceMember(text, "data") as string), artifactId: artifact };
  }
  if (data === undefined) throw invalid('lacks "data"', line, "data");
  if (contentType === undefined && encoding === undefined) {
    return { kind: "json", data: Buffer.from(sliceMember(text, "data") as string) };
  }
  if (typeof data !== "string")
    throw invalid('has "data" that must be a string with its "contentType" or "encoding"', line, "data");
  if (encoding === undefined) {
    if (contentType !== "text/plain")
      throw invalid('has a "contentType" that is not "text/plain"', line, "contentType");
    return { kind: "text", data: Buffer.from(data) };
  }
  const bytes = encoding === "base64" && contentType === undefined ? fromBase64(data) : undefined;
  if (bytes === undefined)
    throw invalid('has "data" that is not base64, or an "encoding" other than "base64"', line, "data");
  return { kind: "bytes", data: bytes };
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
      `is not JSON (${jsonFault(cause)}); check it, or send it as text/plain`,
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
