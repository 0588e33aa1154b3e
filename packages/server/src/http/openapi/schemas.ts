import type { Limits } from "@tidings/protocol";

/** `components.schemas`. What clients must pass over when it is new to them stays open to more members. */
export function schemas(limits: Limits): Readonly<Record<string, object>> {
  const name = { type: "string", minLength: 1, maxLength: 255 };
  return {
    Channel: {
      type: "string",
      minLength: 1,
      maxLength: 255,
      pattern: "^\\$?[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$",
      description: "Segments parted by single slashes, none of them empty, `.` or `..`.",
    },
    Cursor: {
      type: "string",
      maxLength: 66,
      pattern: "^[a-z0-9]{1,32}\\.(0|[1-9][0-9]{0,15})(~[1-9][0-9]{0,15})?$",
      description: "A position in a channel. Opaque: store it and send it back.",
      example: "k3x9f2ab.42",
    },
    EventName: {
      ...name,
      description: "1–255 bytes of UTF-8 without control characters; not beginning with `tidings.`.",
    },
    Key: { ...name, description: "1–255 bytes of UTF-8 without control characters." },
    Message: object({
      description:
        "One message. `data` is a JSON value unless `contentType` or `encoding` says otherwise; it is absent where the payload is " +
        "stored (`artifact`), and where the message deletes its key (`deleted`).",
      required: ["type", "channel", "time"],
      oneOf: [{ required: ["data"] }, { required: ["artifact"] }, { required: ["deleted"] }],
      properties: {
        type: { const: "message" },
        channel: ref("Channel"),
        cursor: { ...ref("Cursor"), description: "Absent on an ephemeral message, which is kept nowhere." },
        event: { ...ref("EventName"), description: "Absent where it is `message`." },
        key: ref("Key"),
        time: {
          type: "string",
          format: "date-time",
          description: "When it was appended; milliseconds, UTC.",
        },
        contentType: { const: "text/plain", description: "`data` is text." },
        encoding: { const: "base64", description: "`data` is bytes as base64 (RFC 4648 §4)." },
        data: {},
        artifact: ref("StoredPayload"),
        preview: { description: "What the payload begins with, or what its publisher says of it." },
        deleted: { const: true, description: "The message deletes its key." },
      },
    }),
    StoredPayload: object({
      description: "A payload that is too large to travel in the message: fetch it by its URL.",
      required: ["url", "size", "type", "sha256"],
      properties: {
        url: { type: "string", format: "uri-reference", description: "From the server's root on." },
        size: { type: "integer", minimum: 0, description: "In bytes." },
        type: { type: "string", description: "Its media type." },
        sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
      },
    }),
    Gap: object({
      description: "Messages between `from` and `to` are missing; reading goes on after `to`.",
      required: ["reason", "from", "to", "missed"],
      properties: {
        reason: {
          enum: ["expired", "epoch", "ahead"],
          description:
            "`expired`: no longer held. `epoch`: the cursor is from another life of the log. `ahead`: the cursor is beyond the head.",
        },
        from: ref("Cursor"),
        to: ref("Cursor"),
        missed: {
          type: ["integer", "null"],
          minimum: 0,
          description: "How many, whatever their event; `null` where it cannot be known.",
        },
      },
    }),
    Page: object({
      description: "One page of one channel.",
      required: ["messages", "cursor", "caughtUp"],
      properties: {
        messages: { type: "array", items: ref("Message"), maxItems: limits.maxPageMessages },
        cursor: { ...ref("Cursor"), description: "Where the next page goes on: `?since=` this." },
        caughtUp: { type: "boolean", description: "False: there is more now; ask again at once." },
        gap: ref("Gap"),
      },
    }),
    MultiPage: object({
      description: "One page of many channels.",
      required: ["messages", "cursors", "caughtUp"],
      properties: {
        messages: { type: "array", items: ref("Message") },
        cursors: {
          type: "object",
          additionalProperties: ref("Cursor"),
          description:
            "Where each channel goes on. One that is missing had no turn: keep the cursor you have of it.",
        },
        from: {
          type: "object",
          additionalProperties: ref("Cursor"),
          description: "Where the channels began that were not asked for since a cursor.",
        },
        caughtUp: { type: "boolean", description: "False: there is more now; ask again at once." },
        gaps: {
          type: "array",
          items: {
            allOf: [
              ref("Gap"),
              object({
                required: ["type", "channel"],
                properties: { type: { const: "gap" }, channel: ref("Channel") },
              }),
            ],
          },
        },
      },
    }),
    Published: object({
      required: ["cursor", "offset"],
      properties: {
        cursor: { ...ref("Cursor"), description: "Of the message; of the last one of a batch." },
        offset: {
          type: "integer",
          minimum: 1,
          description: "The cursor's offset: what a frame's `ifOffset` takes.",
        },
        count: { type: "integer", minimum: 1, description: "Of a batch: how many messages it had." },
        duplicate: {
          const: true,
          description:
            "Everything was published before under the same idempotency key; the cursor is that one's.",
        },
      },
    }),
    Passed: object({
      description: "Of an ephemeral publish: there is no cursor.",
      properties: {
        count: { type: "integer", minimum: 1, description: "Of a batch: how many messages it had." },
      },
    }),
    BatchLine: {
      type: "object",
      description: "One line of a batch: with `data`, or `artifact`, or `deleted`.",
      oneOf: [
        { required: ["data"], properties: { deleted: { const: false } } },
        { required: ["artifact"], properties: { deleted: { const: false } } },
        { required: ["deleted", "key"], properties: { deleted: { const: true } } },
      ],
      properties: {
        data: {},
        event: ref("EventName"),
        key: ref("Key"),
        idempotencyKey: ref("Key"),
        contentType: { const: "text/plain", description: "`data` is a string, and text." },
        encoding: { const: "base64", description: "`data` is a string, and bytes." },
        inline: {
          type: "boolean",
          description: "Travel inline above the channel's limit, rather than be stored.",
        },
        preview: { description: "What readers see where the payload is stored." },
        artifact: {
          type: "string",
          description: "Id of an artifact that was uploaded before, and is the payload.",
        },
        deleted: { type: "boolean", description: "Delete the key of a channel that is `compact`." },
      },
      additionalProperties: false,
    },
    ChannelList: object({
      required: ["channels"],
      properties: {
        channels: { type: "array", items: ref("ChannelDescription") },
        next: { ...ref("Channel"), description: "There may be more: ask again with `after` this." },
      },
    }),
    ChannelDescription: object({
      required: ["channel", "cursor", "earliest", "messages", "bytes", "readers"],
      properties: {
        channel: ref("Channel"),
        cursor: { ...ref("Cursor"), description: "The head." },
        earliest: {
          ...ref("Cursor"),
          description: "Reading since this begins with the oldest message held.",
        },
        messages: { type: "integer", minimum: 0 },
        bytes: { type: "integer", minimum: 0 },
        readers: { type: "integer", minimum: 0, description: "On this server, now." },
      },
    }),
    ConnectionPatch: {
      type: "object",
      properties: {
        unsubscribe: { type: "array", items: ref("Channel"), description: "Done first." },
        leave: { type: "array", items: ref("Channel"), description: "Presence to leave." },
        join: {
          type: "array",
          items: ref("JoinedChannel"),
          description: "Presence to join; of a channel that is joined already, the state to change.",
        },
        subscribe: { type: "array", items: ref("ReadChannel") },
        token: {
          type: "string",
          description: "A new credential. Taken, and without effect in this version.",
        },
      },
      additionalProperties: false,
    },
    ConnectRequest: {
      type: "object",
      description: "What to read on a new connection.",
      properties: {
        subscribe: {
          type: "array",
          items: ref("ReadChannel"),
          maxItems: limits.maxChannelsPerConnection,
          description: "Each channel once.",
        },
        join: {
          type: "array",
          items: ref("JoinedChannel"),
          maxItems: limits.maxChannelsPerConnection,
          description: "Streams: presence to join, before the channels are read. All of it or none.",
        },
      },
      additionalProperties: false,
    },
    ReadChannel: {
      type: "object",
      description: "One channel to read.",
      required: ["channel"],
      properties: {
        channel: ref("Channel"),
        since: {
          anyOf: [ref("Cursor"), { enum: ["earliest", "latest"] }, { type: "string", format: "date-time" }],
          description:
            "Where to begin, exclusive; at a time, with the first message of then or later. Default: `earliest` on a keyed channel, `latest` on any other.",
        },
        last: {
          type: "integer",
          minimum: 0,
          description: "Begin with this many of the newest messages; not together with `since`.",
        },
        events: {
          type: "array",
          minItems: 1,
          maxItems: limits.maxFilterEvents,
          items: ref("EventName"),
          description: "Only these events.",
        },
        gap: { enum: ["continue", "fail"], default: "continue" },
        presence: {
          anyOf: [{ type: "boolean" }, { type: "string" }],
          default: false,
          description:
            "Streams: whether to be told who is there. Text is the `version` that is known, for a stream that ends: it tells another one alone.",
        },
      },
      additionalProperties: false,
    },
    JoinedChannel: {
      type: "object",
      description: "Presence to join.",
      required: ["channel"],
      properties: {
        channel: ref("Channel"),
        member: { type: "string", minLength: 1, maxLength: 128, description: "Default: one made for it." },
        state: {},
      },
      additionalProperties: false,
    },
    ConnectionPatched: object({
      required: ["channels"],
      properties: {
        channels: {
          type: "object",
          additionalProperties: ref("Cursor"),
          description: "Where each new channel begins.",
        },
        members: {
          type: "object",
          additionalProperties: { type: "string" },
          description: "Of `join`: by channel, under which name the connection is a member.",
        },
      },
    }),
    Artifact: object({
      description: "A stored body.",
      required: ["id", "url", "size", "type", "sha256"],
      properties: {
        id: { type: "string" },
        url: { type: "string", description: "From the server's root on." },
        size: { type: "integer", minimum: 0, description: "In bytes." },
        type: { type: "string", description: "Its media type." },
        sha256: { type: "string", pattern: "^[0-9a-f]{64}$" },
        name: { type: "string", description: "The file name that it was given." },
        expiresAt: {
          type: "string",
          format: "date-time",
          description: "Until when it is kept where no message names it.",
        },
      },
    }),
    Problem: object({
      description: "A fault (RFC 9457). Branch on `code`; the sentences may change.",
      required: ["type", "title", "status", "detail", "code", "retryable"],
      properties: {
        type: { type: "string", format: "uri" },
        title: { type: "string" },
        status: { type: "integer" },
        detail: { type: "string", description: "What happened to which thing, and what to do." },
        code: { type: "string" },
        retryable: { type: "boolean", description: "Whether the same request may succeed later, unchanged." },
        head: { ...ref("Cursor"), description: "`CONFLICT`: the head that was met." },
        gap: { ...ref("Gap"), description: "`CURSOR_GONE`: what was not to be passed over." },
        field: { type: "string", description: "The parameter or member at fault." },
        line: { type: "integer", minimum: 1, description: "The line of the batch at fault." },
        channel: {
          type: "string",
          description: "Of a page of several channels: the one that could not be read.",
        },
        retryAfterMs: {
          type: "integer",
          minimum: 0,
          description: "`RATE_LIMITED`: how long until there is room, in milliseconds.",
        },
      },
    }),
  };
}

function ref(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

function object(schema: object): object {
  return { type: "object", ...schema };
}
