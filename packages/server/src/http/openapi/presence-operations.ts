import type { Limits } from "@tidings/protocol";
import { media, schemaRef } from "./content.ts";
import { EXAMPLE_TIME } from "./examples.ts";
import { headerRefs } from "./headers.ts";
import { channelParameter, ifNoneMatch, prefer, query } from "./parameters.ts";
import { problems } from "./problems.ts";

const ada = { member: "ada", state: { at: "lobby" }, since: EXAMPLE_TIME };
const list = { channel: "chat/lobby", count: 1, members: [ada] };
const CHECKED = ["CHANNEL_NAME_INVALID", "CHANNEL_RESERVED", "PRESENCE_FORBIDDEN", "QUERY_INVALID"] as const;

/** All that `/presence/{channel}` does. */
export function presenceOperations(limits: Limits): object {
  return {
    parameters: [{ ...channelParameter, example: "chat/lobby" }],
    get: read(limits),
    put: put(limits),
    delete: remove(),
  };
}

function read(limits: Limits): object {
  return {
    operationId: "listPresence",
    tags: ["presence"],
    summary: "List who is in a channel's presence, by name; or wait until that changes.",
    description:
      "Streams tell the same as it happens: read a channel with `?presence`. With `wait`, the request is held while the " +
      "members are as `If-None-Match` names them.",
    parameters: [
      query("limit", "Most members in the answer.", {
        type: "integer",
        minimum: 1,
        maximum: 1_000,
        default: 1_000,
      }),
      query(
        "after",
        "Only names above this, in the order of UTF-16 code units: the `next` of the answer before.",
        {
          type: "string",
        },
      ),
      {
        ...query(
          "wait",
          `Hold the request for so many seconds until the members differ from \`If-None-Match\`. Empty: ${limits.longPollDefaultMs / 1000}. ` +
            `More than ${limits.longPollMaxMs / 1000} is taken as ${limits.longPollMaxMs / 1000}.`,
          { anyOf: [{ type: "number", minimum: 0, maximum: 999_999.999 }, { const: "" }], default: 0 },
        ),
        allowEmptyValue: true,
      },
      prefer,
      { ...ifNoneMatch, description: "The `ETag` of the answer before; the same members are then 304." },
    ],
    responses: {
      "200": {
        description: "The members, and how many there are in all.",
        headers: headerRefs({ ETag: "PresenceETag" }),
        content: { "application/json": media(schemaRef("Presence"), { list }) },
      },
      "304": {
        description: "The members are as `If-None-Match` names them; with `wait`, still.",
        headers: headerRefs({ ETag: "PresenceETag" }),
      },
      ...problems(...CHECKED, "TOO_MANY_CONNECTIONS", "DRAINING"),
    },
  };
}

const member = {
  ...query("member", "The member's name: 1–128 bytes of UTF-8 without control characters.", {
    type: "string",
    minLength: 1,
    maxLength: 128,
  }),
  required: true,
  example: "ada",
};

function put(limits: Limits): object {
  const seconds = limits.maxPresenceTtlMs / 1000;
  return {
    operationId: "putMember",
    tags: ["presence"],
    summary: "Be a member without a connection, for a while; again to stay, and to say something else.",
    description:
      `The body is the member's state, JSON of at most ${limits.maxPresenceStateBytes} bytes; without a body it has none. ` +
      "The last state that was said holds, by whichever connection or request.",
    parameters: [
      member,
      query(
        "ttl",
        `Seconds after which it is gone unless it is put again: above 0, at most ${seconds}. Default ${limits.presenceTtlMs / 1000}.`,
        { type: "number", exclusiveMinimum: 0, maximum: seconds, default: limits.presenceTtlMs / 1000 },
      ),
    ],
    requestBody: { required: false, content: { "application/json": media({}, { state: ada.state }) } },
    responses: {
      "200": {
        description: "It was there: renewed.",
        content: { "application/json": media(schemaRef("Member"), { renewed: ada }) },
      },
      "201": {
        description: "It is there now.",
        content: { "application/json": media(schemaRef("Member"), { joined: ada }) },
      },
      ...problems(
        ...CHECKED,
        "PRESENCE_INVALID",
        "PRESENCE_FULL",
        "BODY_INVALID",
        "CONTENT_TYPE_UNSUPPORTED",
      ),
    },
  };
}

function remove(): object {
  return {
    operationId: "removeMember",
    tags: ["presence"],
    summary: "End at once what was put, and the grace of a connection that broke.",
    description: "A member that a connection holds stays until that connection leaves.",
    parameters: [member],
    responses: {
      "204": { description: "Done." },
      ...problems(...CHECKED, "PRESENCE_INVALID", "MEMBER_UNKNOWN"),
    },
  };
}

/** `components.schemas` of presence. */
export const presenceSchemas: Readonly<Record<string, object>> = {
  Member: {
    type: "object",
    description: "One member of a channel's presence.",
    required: ["member", "since"],
    properties: {
      member: { type: "string", minLength: 1, maxLength: 128 },
      state: { description: "As it was given; absent where none was." },
      since: {
        type: "string",
        format: "date-time",
        description: "Since when it is there; milliseconds, UTC.",
      },
    },
  },
  Presence: {
    type: "object",
    required: ["channel", "count", "members"],
    properties: {
      channel: { $ref: "#/components/schemas/Channel" },
      count: { type: "integer", minimum: 0, description: "Of all members, however many are listed here." },
      members: { type: "array", items: { $ref: "#/components/schemas/Member" }, maxItems: 1_000 },
      next: { type: "string", description: "There are more: ask again with `after` this." },
    },
  },
};
