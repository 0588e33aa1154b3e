import type { PublishMessage } from "@tidings/core";
import { DEFAULT_EVENT, type Offset, parseCursor, quote, TidingsError, toOffset } from "@tidings/protocol";

export interface PublishOptions {
  /** Default `message`. */
  readonly event?: string;
  /** What the message is the newest value of. */
  readonly key?: string;
  /**
   * A repeat within five minutes appends nothing and answers the first cursor. Later it is another message: one that writes a channel
   * alone, and may be away for longer, says `ifHead`.
   */
  readonly idempotencyKey?: string;
  /** Append only if this is the channel's head offset, else `CONFLICT`. */
  readonly ifOffset?: number;
  /** Append only if this cursor is the channel's head, as `read` and the publish before answer it, else `CONFLICT`. Not with `ifOffset`. */
  readonly ifHead?: string;
  /** Pass it on to live readers and keep nothing: there is no cursor then. Default false. */
  readonly ephemeral?: boolean;
  /** Travel inline above the channel's inline limit, up to `maxMessageBytes`, rather than be stored. Default false. */
  readonly inline?: boolean;
  /** A JSON value that the message shows where its payload is stored. Default: the payload's beginning. */
  readonly preview?: unknown;
  /**
   * Id of an artifact that was uploaded or stored before, and is kept for as long as the message. The data is `undefined`, or what the
   * message says beside it: anything that has a JSON form of at most `maxPreviewBytes` (4,096).
   */
  readonly artifact?: string;
  /** Media type of the payload where it is stored, such as `image/png`. Default: that of its kind. */
  readonly contentType?: string;
}

export type DeleteOptions = Pick<PublishOptions, "event" | "idempotencyKey" | "ifOffset" | "ifHead">;

/** `type/subtype`, and parameters: what may stand in a header. */
const MEDIA_TYPE = /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(?:\s*;[\x20-\x7e]*)?$/i;
const MAX_MEDIA_TYPE_BYTES = 255;
const NOTHING = Buffer.alloc(0);

/** What `tidings.publish` is given, as a message. A `string` is text, a `Uint8Array` bytes, everything else JSON. */
export function messageOf(data: unknown, options: PublishOptions): PublishMessage {
  const { event = DEFAULT_EVENT, key, idempotencyKey, inline, preview, artifact, contentType } = options;
  if (contentType !== undefined) checkMediaType(contentType);
  return {
    event,
    ...(artifact === undefined ? payloadOf(data) : referenceOf(artifact, data)),
    ...(key === undefined ? {} : { key }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(inline === undefined ? {} : { inline }),
    ...(preview === undefined ? {} : { preview: jsonOf(preview, "preview") }),
    ...(contentType === undefined ? {} : { contentType }),
  };
}

/** @throws {TidingsError} `REQUEST_INVALID` */
export function checkMediaType(type: string): void {
  if (type.length <= MAX_MEDIA_TYPE_BYTES && MEDIA_TYPE.test(type)) return;
  throw new TidingsError("REQUEST_INVALID", `"${type}" is not a media type such as image/png.`);
}

export function deletionOf(
  key: string,
  { event = DEFAULT_EVENT, idempotencyKey }: DeleteOptions,
): PublishMessage {
  const names = idempotencyKey === undefined ? {} : { idempotencyKey };
  return { event, key, kind: "none", data: NOTHING, ...names };
}

/** @throws {TidingsError} `CURSOR_INVALID`, `REQUEST_INVALID` where both are said */
export function conditionOf({ ifOffset, ifHead }: Pick<PublishOptions, "ifOffset" | "ifHead">): {
  readonly ifOffset?: Offset;
  readonly ifEpoch?: string;
} {
  if (ifHead === undefined) return ifOffset === undefined ? {} : { ifOffset: toOffset(ifOffset) };
  if (ifOffset !== undefined)
    throw new TidingsError("REQUEST_INVALID", '"ifHead" and "ifOffset" exclude each other; give one.');
  const cursor = parseCursor(ifHead);
  if (cursor !== undefined) return { ifOffset: cursor.offset, ifEpoch: cursor.epoch };
  throw new TidingsError(
    "CURSOR_INVALID",
    `"ifHead" is ${quote(ifHead)}; give a cursor such as "k3x9f2ab.42".`,
    {
      field: "ifHead",
    },
  );
}

function payloadOf(data: unknown): Pick<PublishMessage, "kind" | "data"> {
  if (typeof data === "string") return { kind: "text", data: Buffer.from(data.toWellFormed()) };
  // A copy: the caller may go on writing to its own.
  if (data instanceof Uint8Array) return { kind: "bytes", data: Uint8Array.from(data) };
  return { kind: "json", data: jsonOf(data, "data") };
}

function referenceOf(
  artifactId: string,
  data: unknown,
): Pick<PublishMessage, "kind" | "data" | "artifactId"> {
  if (data === undefined) return { kind: "bytes", data: NOTHING, artifactId };
  // Text too: beside an artifact everything is JSON.
  return {
    ...(data instanceof Uint8Array ? payloadOf(data) : { kind: "json", data: jsonOf(data, "data") }),
    artifactId,
  };
}

function jsonOf(value: unknown, what: string): Buffer {
  const json = JSON.stringify(value) as string | undefined;
  if (json !== undefined) return Buffer.from(json);
  throw new TidingsError(
    "BODY_INVALID",
    `the ${what} has no JSON form; publish a value, a string, or bytes.`,
  );
}
