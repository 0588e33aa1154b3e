import { fromBase64 } from "./base64.ts";
import { TidingsError } from "./errors.ts";
import type { ClientFrame, CommandFrame, PublishFrame, SubscribeFrame } from "./frames.ts";
import { jsonFault } from "./json-fault.ts";
import { sliceMember } from "./json-slice.ts";
import { MAX_FRAME_ID_BYTES } from "./limits.ts";
import { quote } from "./names.ts";

const encoder = new TextEncoder();
type Fields = Readonly<Record<string, unknown>>;

/** The members each frame may have, beside `type`; those with `!` must be there. */
const MEMBERS: Readonly<Record<ClientFrame["type"], readonly string[]>> = {
  hello: ["token", "binary"],
  subscribe: ["id!", "channel!", "since", "last", "events", "gap", "presence"],
  unsubscribe: ["id!", "channel!"],
  publish: [
    "id!",
    "channel!",
    "data",
    "event",
    "key",
    "contentType",
    "encoding",
    "idempotencyKey",
    "ephemeral",
    "ifOffset",
    "inline",
    "preview",
    "artifact",
    "deleted",
  ],
  command: ["id!", "name!", "data", "timeoutMs", "idempotencyKey"],
  cancel: ["id!"],
  join: ["id!", "channel!", "member", "state"],
  update: ["id!", "channel!", "state!"],
  leave: ["id!", "channel!"],
  token: ["id!", "token!"],
  ping: ["id"],
};

/** The type of every frame that a client may send. */
export const CLIENT_FRAME_TYPES: readonly string[] = Object.keys(MEMBERS);

const STRINGS = new Set([
  "id",
  "channel",
  "since",
  "gap",
  "event",
  "key",
  "idempotencyKey",
  "name",
  "token",
  "contentType",
  "encoding",
  "member",
  "artifact",
]);

/** What holds of one member of a frame. */
interface MemberRule {
  readonly isRequired: boolean;
  readonly isString: boolean;
}

/** The same as {@link MEMBERS}, as it is asked for with each frame. */
const RULES: ReadonlyMap<string, ReadonlyMap<string, MemberRule>> = new Map(
  Object.entries(MEMBERS).map(([type, members]) => [
    type,
    new Map(
      members.map((member) => {
        const name = member.replace("!", "");
        return [name, { isRequired: member.endsWith("!"), isString: STRINGS.has(name) }];
      }),
    ),
  ]),
);

/** A frame that could not be taken; `id` is the frame's own where it could be read, so that the answer finds its request. */
export class ClientFrameError extends TidingsError {
  readonly id: string | undefined;

  constructor(message: string, id?: string, field?: string, cause?: unknown) {
    super("FRAME_INVALID", message, field === undefined ? {} : { field }, cause);
    this.id = id;
  }
}

/**
 * Reads one frame of a `tidings.v1` client. Members that are not known are refused, so that a misspelt option is
 * told rather than passed over.
 *
 * @throws {ClientFrameError} for anything but a well-formed frame
 */
export function parseClientFrame(text: string): ClientFrame {
  const fields = parseObject(text);
  const id = typeof fields["id"] === "string" && isShort(fields["id"]) ? fields["id"] : undefined;
  const fail = (message: string, field?: string): never => {
    throw new ClientFrameError(message, id, field);
  };
  const type = fields["type"];
  const rules = typeof type === "string" ? RULES.get(type) : undefined;
  if (rules === undefined)
    return fail(`the frame's "type" is ${show(type)}; it can be ${CLIENT_FRAME_TYPES.join(", ")}.`, "type");
  for (const name of Object.keys(fields)) {
    if (name !== "type" && !rules.has(name)) {
      const known = [...rules.keys()].join(", ");
      // The name is the peer's: as long as a frame, if it likes.
      fail(`a ${type as string} frame has no ${quote(name)}; it can have ${known}.`, name.slice(0, 80));
    }
  }
  for (const [name, { isRequired, isString }] of rules) {
    const value = fields[name];
    if (value === undefined) {
      if (isRequired) fail(`the ${type as string} frame lacks "${name}".`, name);
    } else if (isString && typeof value !== "string")
      fail(`"${name}" of the ${type as string} frame is ${kindOf(value)}; it must be a string.`, name);
  }
  if (fields["id"] !== undefined && id === undefined)
    fail(`"id" must have 1 to ${MAX_FRAME_ID_BYTES} bytes.`, "id");
  switch (type as ClientFrame["type"]) {
    case "subscribe":
      return checkSubscribe(fields, fail);
    case "publish":
      return checkPublish(fields, text, fail);
    case "command":
      return checkCommand(fields, text, fail);
    case "join":
    case "update":
      // As it stood in the frame, as every payload.
      return fields["state"] === undefined
        ? (fields as ClientFrame)
        : ({ ...fields, state: sliceMember(text, "state") as string } as ClientFrame);
    case "hello":
      if (fields["binary"] !== undefined && typeof fields["binary"] !== "boolean")
        fail('"binary" must be true or false.', "binary");
      return fields as ClientFrame;
    default:
      return fields as ClientFrame;
  }
}

type Fail = (message: string, field?: string) => never;

function checkSubscribe(fields: Fields, fail: Fail): SubscribeFrame {
  const { last, events, gap, presence } = fields;
  if (presence !== undefined && typeof presence !== "boolean")
    fail('"presence" must be true or false.', "presence");
  if (last !== undefined && !isCount(last))
    fail(`"last" is ${show(last)}; it must be a whole number, 0 or more.`, "last");
  if (last !== undefined && fields["since"] !== undefined)
    fail('"last" and "since" exclude each other; send one.', "last");
  if (
    events !== undefined &&
    !(Array.isArray(events) && events.length > 0 && events.every((event) => typeof event === "string"))
  ) {
    fail('"events" must be an array of one event name or more.', "events");
  }
  if (gap !== undefined && gap !== "continue" && gap !== "fail")
    fail(`"gap" is ${show(gap)}; it can be "continue" or "fail".`, "gap");
  return fields as unknown as SubscribeFrame;
}

function checkCommand(fields: Fields, text: string, fail: Fail): CommandFrame {
  const { timeoutMs, data, ...rest } = fields;
  if (timeoutMs !== undefined && !(isCount(timeoutMs) && timeoutMs > 0))
    fail('"timeoutMs" must be a whole number of milliseconds above 0.', "timeoutMs");
  const frame = { ...rest, ...(timeoutMs === undefined ? {} : { timeoutMs }) } as unknown as CommandFrame;
  return data === undefined ? frame : { ...frame, data: encoder.encode(sliceMember(text, "data")) };
}

function checkPublish(fields: Fields, text: string, fail: Fail): PublishFrame {
  const { contentType, encoding, ephemeral, ifOffset, data, inline, deleted, artifact } = fields;
  for (const [name, flag] of Object.entries({ inline, deleted })) {
    if (flag !== undefined && typeof flag !== "boolean") fail(`"${name}" must be true or false.`, name);
  }
  if (contentType !== undefined && contentType !== "text/plain")
    fail('"contentType" can only be "text/plain".', "contentType");
  if (encoding !== undefined && encoding !== "base64") fail('"encoding" can only be "base64".', "encoding");
  if (encoding !== undefined && contentType !== undefined)
    fail('"encoding" and "contentType" exclude each other.', "encoding");
  if (ephemeral !== undefined && typeof ephemeral !== "boolean")
    fail('"ephemeral" must be true or false.', "ephemeral");
  if (ifOffset !== undefined && !isCount(ifOffset))
    fail('"ifOffset" must be a whole number, 0 or more.', "ifOffset");
  const { contentType: _c, encoding: _e, deleted: _d, preview, data: _, ...rest } = fields;
  const frame = {
    ...rest,
    ...(preview === undefined ? {} : { preview: encoder.encode(sliceMember(text, "preview")) }),
  } as unknown as Omit<PublishFrame, "kind" | "data">;
  if (deleted === true || artifact !== undefined) {
    const one = deleted === true ? "deleted" : "artifact";
    if (deleted === true && artifact !== undefined)
      fail('"deleted" and "artifact" exclude each other.', "artifact");
    for (const name of [
      "contentType",
      "encoding",
      "inline",
      ...(one === "deleted" ? ["data", "preview"] : []),
    ]) {
      if (fields[name] !== undefined) fail(`"${one}" and "${name}" exclude each other.`, name);
    }
    if (data !== undefined)
      return { ...frame, kind: "json", data: encoder.encode(sliceMember(text, "data")) };
    return { ...frame, kind: one === "deleted" ? "none" : "bytes", data: new Uint8Array(0) };
  }
  if (data === undefined) fail('the publish frame lacks "data".', "data");
  if (contentType === undefined && encoding === undefined) {
    // As it stood in the frame: parsing and writing again would round long numbers.
    return { ...frame, kind: "json", data: encoder.encode(sliceMember(text, "data")) };
  }
  if (typeof data !== "string")
    return fail(
      `"data" is ${kindOf(data)}; with this ${contentType === undefined ? "encoding" : "contentType"} it must be a string.`,
      "data",
    );
  if (contentType !== undefined) {
    // Encoding would make U+FFFD of it: a payload is passed on as it is or not at all.
    if (!data.isWellFormed()) fail('"data" holds half a surrogate pair, which is not text.', "data");
    return { ...frame, kind: "text", data: encoder.encode(data) };
  }
  const bytes = fromBase64(data) ?? fail('"data" is not base64 with its padding (RFC 4648 §4).', "data");
  return { ...frame, kind: "bytes", data: bytes };
}

function parseObject(text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const reason = jsonFault(cause);
    throw new ClientFrameError(
      `the frame is not JSON: ${reason}. Send one JSON object a frame.`,
      undefined,
      undefined,
      cause,
    );
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ClientFrameError(`the frame is ${kindOf(value)}; send one JSON object a frame.`);
  }
  return value as Fields;
}

function isShort(id: string): boolean {
  return id.length > 0 && id.length <= MAX_FRAME_ID_BYTES && encoder.encode(id).length <= MAX_FRAME_ID_BYTES;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** What may hold a payload or a token is told by its kind, and never shown. */
function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value as number | boolean | null);
}
