import type { Limits } from "@tidings/protocol";

export const channelParameter: object = {
  name: "channel",
  in: "path",
  required: true,
  description:
    "The channel's name. Its slashes may stand as they are or as `%2F`. A name that begins with `$` is the system's: " +
    "it can be read, and not written to.",
  schema: { $ref: "#/components/schemas/Channel" },
  example: "builds/1",
};

export const lastEventId: object = {
  name: "Last-Event-ID",
  in: "header",
  description:
    "Where to go on: the last `id` that a stream sent. It beats `since` and `last`, since a reconnecting " +
    "`EventSource` sends the URL it was made with. On `/connect` it is a composite position, and it also adds the " +
    "channels that only it names.",
  schema: { type: "string" },
};

/** The query parameters of everything that reads. What a transport has no use for is checked and otherwise ignored. */
export function readParameters(limits: Limits): readonly object[] {
  return [
    query(
      "since",
      "Where to begin, exclusive: a cursor, `earliest`, `latest`, or a time (RFC 3339): the first message of then or later. Default: `earliest` for a page and on a keyed channel, `latest` for a stream of any other.",
      {
        anyOf: [
          { $ref: "#/components/schemas/Cursor" },
          { enum: ["earliest", "latest"] },
          { type: "string", format: "date-time" },
        ],
      },
    ),
    query("last", "Begin with this many of the newest messages; not together with `since`.", {
      type: "integer",
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
    }),
    {
      ...query(
        "event",
        `Only messages with one of these events; may stand ${limits.maxFilterEvents} times.`,
        {
          type: "array",
          items: { $ref: "#/components/schemas/EventName" },
          maxItems: limits.maxFilterEvents,
        },
      ),
      style: "form",
      explode: true,
    },
    query("gap", "`fail`: refuse with 410, or end, rather than pass over a gap.", {
      enum: ["continue", "fail"],
      default: "continue",
    }),
    limitParameter(limits),
    waitParameter(limits),
    flag(
      "envelope",
      "SSE on one channel: the data is the message object, which tells text and bytes from JSON; there is no `event:` line then, so that `onmessage` gets every message.",
    ),
    flag("binary", "WebSocket: payloads of bytes come in binary frames."),
    flag(
      "presence",
      "Streams: tell who is in the channel too, and who comes and goes. A page is refused with it.",
    ),
  ];
}

export function limitParameter({ maxPageMessages }: Limits): object {
  return query("limit", "Pages, and streams that end: most messages in it.", {
    type: "integer",
    minimum: 1,
    maximum: maxPageMessages,
    default: maxPageMessages,
  });
}

export function waitParameter({ longPollDefaultMs, longPollMaxMs }: Limits): object {
  const longestSeconds = longPollMaxMs / 1000;
  return {
    ...query(
      "wait",
      `Pages, and lines by \`POST /connect\`, which end with it: hold the request for so many seconds until there is a message (long poll). Empty: ${longPollDefaultMs / 1000}. ` +
        `More than ${longestSeconds} is taken as ${longestSeconds}; 0 does not wait.`,
      { anyOf: [{ type: "number", minimum: 0, maximum: 999_999.999 }, { const: "" }], default: 0 },
    ),
    allowEmptyValue: true,
  };
}

export const prefer: object = {
  name: "Prefer",
  in: "header",
  description: "`wait=<seconds>`: as the parameter `wait`, which beats it (RFC 7240 §4.3).",
  schema: { type: "string" },
  example: "wait=25",
};

export const ifNoneMatch: object = {
  name: "If-None-Match",
  in: "header",
  description: "Short polls: the `ETag` of the page before; nothing new is then 304 without a body.",
  schema: { type: "string" },
};

export function query(name: string, description: string, schema: object): object {
  return { name, in: "query", description, schema };
}

/** A parameter that is on when it is there. */
export function flag(name: string, description: string): object {
  const schema = { enum: ["", "true", "1", "false", "0"], default: "false" };
  return {
    ...query(name, `${description} Written alone, or as true or false.`, schema),
    allowEmptyValue: true,
  };
}
