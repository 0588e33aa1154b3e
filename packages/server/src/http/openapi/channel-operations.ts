import type { Limits } from "@tidings/protocol";
import { media, schemaRef, text } from "./content.ts";
import { goneProblem, list, pages, published, streams } from "./examples.ts";
import { headerRefs } from "./headers.ts";
import {
  channelParameter,
  flag,
  ifNoneMatch,
  lastEventId,
  prefer,
  query,
  readParameters,
} from "./parameters.ts";
import { problems } from "./problems.ts";

/** `GET /channels`. */
export function listOperation(): object {
  return {
    operationId: "listChannels",
    tags: ["channels"],
    summary: "List the channels that were ever written to, by name.",
    parameters: [
      query(
        "prefix",
        "Only names that begin with this. The system's channels are listed where it begins with `$`.",
        {
          type: "string",
        },
      ),
      query("after", "Only names above this: the `next` of the answer before.", { type: "string" }),
      query("limit", "Most channels in the answer.", {
        type: "integer",
        minimum: 1,
        maximum: 1_000,
        default: 100,
      }),
    ],
    responses: {
      "200": {
        description: "The channels, with what is held of each and how many read it on this server.",
        content: { "application/json": media(schemaRef("ChannelList"), { list }) },
      },
      ...problems("QUERY_INVALID", "LOG_UNAVAILABLE"),
    },
  };
}

/** All that `/channels/{channel}` does. */
export function channelOperations(limits: Limits): object {
  return {
    parameters: [channelParameter],
    get: read(limits),
    head: describe(),
    post: publish(limits),
    delete: remove(),
  };
}

function read(limits: Limits): object {
  const gone = problems(
    "CHANNEL_NAME_INVALID",
    "CURSOR_INVALID",
    "EVENT_NAME_INVALID",
    "QUERY_INVALID",
    "UPGRADE_INVALID",
    "NOT_ACCEPTABLE",
    "CURSOR_GONE",
    "RATE_LIMITED",
    "TOO_MANY_CONNECTIONS",
    "DRAINING",
    "LOG_UNAVAILABLE",
  );
  return {
    operationId: "readChannel",
    tags: ["channels"],
    summary:
      "Read a channel: as a page, a long poll, an event stream, lines, a WebSocket, or a live page in a browser.",
    description:
      "`Accept` chooses the transport; where it does not matter to the client, JSON. With the headers of a WebSocket " +
      "handshake the answer is 101. A channel needs no creation: one that nobody wrote to is empty.",
    parameters: [...readParameters(limits), lastEventId, prefer, ifNoneMatch],
    responses: {
      "101": {
        description:
          "A WebSocket. With the subprotocol `tidings.v1` the client may send frames; without, it only receives.",
      },
      "200": {
        description:
          "A page; or a stream, which begins with where the reader stands and goes on until one side ends it.",
        headers: headerRefs({ ETag: "ETag", "Preference-Applied": "PreferenceApplied" }),
        content: {
          "application/json": media(schemaRef("Page"), {
            page: pages.page,
            afterGap: pages.afterGap,
            longPollTimeout: pages.empty,
          }),
          "text/event-stream": media(text, { stream: streams.sse }),
          "application/x-ndjson": media(text, { stream: streams.ndjson }),
          "text/html": media(text),
        },
      },
      "304": {
        description: "Short poll: what `If-None-Match` names is still all there is.",
        headers: headerRefs({ ETag: "ETag" }),
      },
      ...gone,
      "410": withExample(gone["410"] as object, { gone: goneProblem }),
    },
  };
}

function describe(): object {
  return {
    operationId: "describeChannel",
    tags: ["channels"],
    summary: "The channel's head cursor, and how much is held and for how long.",
    responses: {
      "200": {
        description: "The channel, in headers.",
        headers: headerRefs({
          ETag: "HeadETag",
          "Tidings-Cursor": "TidingsCursor",
          "Tidings-Earliest": "TidingsEarliest",
          "Tidings-Messages": "TidingsMessages",
          "Tidings-Bytes": "TidingsBytes",
          "Tidings-Retention": "TidingsRetention",
        }),
      },
      ...problems("CHANNEL_NAME_INVALID", "LOG_UNAVAILABLE"),
    },
  };
}

/** Of everything that appends. */
const conditions: readonly object[] = [
  {
    name: "Idempotency-Key",
    in: "header",
    description:
      "A repeat of this key on the channel within five minutes appends nothing and answers the first cursor. With or " +
      "without double quotes. It has no meaning for an ephemeral publish.",
    schema: schemaRef("Key"),
    example: "7f9c2ba4-build-1-compile",
  },
  {
    name: "If-Match",
    in: "header",
    description: "The head cursor in double quotes, as `HEAD` gives it: append only if it is still the head.",
    schema: { type: "string" },
    example: '"k3x9f2ab.42"',
  },
  query("idempotencyKey", "As `Idempotency-Key`, which it goes before.", schemaRef("Key")),
  query("ifHead", "As `If-Match`, which it goes before: the cursor alone.", schemaRef("Cursor")),
];

function publish(limits: Limits): object {
  const batchLines = {
    type: "string",
    description: "A `BatchLine` a line. Appended as one: all of it or nothing.",
  };
  return {
    operationId: "publish",
    tags: ["channels"],
    summary: "Publish a message, or a batch of them.",
    description:
      "The body is the message's data, and its `Content-Type` says what it is: `application/json` (and `…+json`) JSON, " +
      "`text/*` text, `application/x-ndjson` a batch, any other type bytes. A request without one, and a form, is refused. " +
      `Up to ${limits.inlineBytes} bytes travel in the message, with \`inline\` up to ${limits.maxMessageBytes}; what is larger is stored, ` +
      `up to ${limits.maxArtifactBytes} bytes, and sent as a URL and a preview. All of these may be less where the channel's policy says so. ` +
      "With `Accept: application/x-ndjson` the answer is one line, with `type` `ok`. " +
      `A batch has at most ${limits.maxBatchBytes} bytes and ${limits.maxBatchMessages} messages. UTF-8, not compressed. JSON above ` +
      `${limits.maxMessageBytes} bytes is not parsed.`,
    parameters: [
      query(
        "event",
        "What kind of message it is. Default `message`. In a batch each line has its own.",
        schemaRef("EventName"),
      ),
      query(
        "key",
        "What the message is the newest value of. In a batch each line has its own.",
        schemaRef("Key"),
      ),
      flag("ephemeral", "Pass it on to live readers and keep nothing."),
      flag("inline", "Travel in the message above the channel's inline limit, rather than be stored."),
      query(
        "preview",
        `JSON of at most ${limits.maxPreviewBytes} bytes: what readers see where the payload is stored. Default: how it begins.`,
        { type: "string" },
      ),
      query(
        "artifact",
        "Id of an artifact that was uploaded before, and is kept with the message. The body is empty then, and needs no `Content-Type`; or it is JSON of at most " +
          `${limits.maxPreviewBytes} bytes, which travels beside it.`,
        { type: "string" },
      ),
      flag("deleted", "Delete the `key`. The body is empty then, and needs no `Content-Type`."),
      ...conditions,
    ],
    requestBody: {
      description: "Needed, but with `artifact` and `deleted`.",
      content: {
        "application/json": media({}, { json: published.json }),
        "text/plain": media(text, { text: published.text }),
        "application/x-ndjson": media(batchLines, { batch: published.batch }),
        "application/octet-stream": media({}),
      },
    },
    responses: {
      "200": {
        description: "Published before, under the same idempotency key.",
        content: { "application/json": media(schemaRef("Published"), { again: published.again }) },
      },
      "201": {
        description: "Appended: it is in the log for good.",
        content: {
          "application/json": media(schemaRef("Published"), { one: published.one, batch: published.ofBatch }),
        },
      },
      "202": {
        description: "Passed on to the live readers, and kept nowhere.",
        content: { "application/json": media(schemaRef("Passed"), { passed: {} }) },
      },
      ...problems(
        "CHANNEL_NAME_INVALID",
        "QUERY_INVALID",
        "HEADER_INVALID",
        "EVENT_NAME_INVALID",
        "KEY_INVALID",
        "BODY_INVALID",
        "CHANNEL_RESERVED",
        "PUBLISH_FORBIDDEN",
        "KEY_REQUIRED",
        "CHANNEL_NOT_KEYED",
        "PREVIEW_INVALID",
        "ARTIFACT_UNKNOWN",
        "CONFLICT",
        "MESSAGE_TOO_LARGE",
        "ARTIFACT_TOO_LARGE",
        "BATCH_TOO_LARGE",
        "CONTENT_TYPE_UNSUPPORTED",
        "RATE_LIMITED",
        "TOO_MANY_CONNECTIONS",
        "LOG_UNAVAILABLE",
        "LOG_FULL",
        "CHANNEL_FULL",
        "STORE_FULL",
      ),
    },
  };
}

function remove(): object {
  return {
    operationId: "truncateChannel",
    tags: ["channels"],
    summary: "Drop the channel's messages; or, with `key`, delete a key.",
    description:
      "Without `key` the channel is truncated: the head and the epoch stay, so cursors stay valid. With `key`, on a channel whose policy " +
      "is `compact`, a message is published that deletes it; `Idempotency-Key` and `If-Match` are for that.",
    parameters: [
      query(
        "through",
        "Drop those up to and with this cursor. Default: all. Not with `key`.",
        schemaRef("Cursor"),
      ),
      query("key", "Delete this key, and drop nothing.", schemaRef("Key")),
      query("event", "Of the deletion. Default `message`. Only with `key`.", schemaRef("EventName")),
      ...conditions,
    ],
    responses: {
      "200": {
        description: "The deletion is in the log for good.",
        content: { "application/json": media(schemaRef("Published")) },
      },
      "204": { description: "Dropped. A reader that had not read them gets a gap." },
      ...problems(
        "CHANNEL_NAME_INVALID",
        "QUERY_INVALID",
        "HEADER_INVALID",
        "CURSOR_INVALID",
        "EVENT_NAME_INVALID",
        "KEY_INVALID",
        "CHANNEL_NOT_KEYED",
        "CHANNEL_RESERVED",
        "PUBLISH_FORBIDDEN",
        "CONFLICT",
        "RATE_LIMITED",
        "LOG_UNAVAILABLE",
        "LOG_FULL",
        "CHANNEL_FULL",
      ),
    },
  };
}

function withExample(response: object, examples: Readonly<Record<string, unknown>>): object {
  const { content } = response as { content: { "application/problem+json": { schema: object } } };
  const problem = content["application/problem+json"];
  return { ...response, content: { "application/problem+json": media(problem.schema, examples) } };
}
