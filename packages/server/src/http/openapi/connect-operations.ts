import { mostListed } from "../channel-list.ts";
import type { Limits } from "@tidings/protocol";
import { media, schemaRef, text } from "./content.ts";
import { connects, EXAMPLE_CONNECTION, pages, patch, patched, streams } from "./examples.ts";
import { headerRefs } from "./headers.ts";
import {
  ifNoneMatch,
  lastEventId,
  limitParameter,
  prefer,
  query,
  readParameters,
  waitParameter,
} from "./parameters.ts";
import { problems } from "./problems.ts";

/** `GET /connect`. */
export function connectOperation(limits: Limits): object {
  return {
    operationId: "connect",
    tags: ["connections"],
    summary:
      "Read many channels on one connection: as a page, a long poll, an event stream, lines, or a WebSocket.",
    description:
      "`since` and `last` hold for the channels that name no cursor of their own. A stream may begin with no channel; " +
      "they are added by `PATCH /connections/{connection}`, or by frames on a WebSocket.",
    parameters: [
      {
        ...query(
          "channel",
          `A channel, or \`channel@cursor\`; once for each, at most ${limits.maxChannelsPerConnection}. As SSE fewer: the ` +
            `position in all of them must fit into ${limits.maxPositionBytes} bytes.`,
          { type: "array", items: { type: "string" }, maxItems: limits.maxChannelsPerConnection },
        ),
        style: "form",
        explode: true,
        example: ["builds/1@k3x9f2ab.42", "builds/2"],
      },
      ...readParameters(limits),
      lastEventId,
      prefer,
      ifNoneMatch,
    ],
    responses: {
      "101": {
        description:
          "A WebSocket. With the subprotocol `tidings.v1` the client may send frames; without, it only receives.",
      },
      "200": {
        description:
          "A page with a cursor for each channel; or a stream, which begins with a welcome that names the connection.",
        headers: headerRefs({ ETag: "ETag", "Preference-Applied": "PreferenceApplied" }),
        content: {
          "application/json": media(schemaRef("MultiPage"), { page: pages.multi }),
          "text/event-stream": media(text, { stream: streams.connectSse }),
          "application/x-ndjson": media(text, { stream: streams.connectNdjson }),
        },
      },
      "304": {
        description: "Short poll: what `If-None-Match` names is still all there is.",
        headers: headerRefs({ ETag: "ETag" }),
      },
      ...problems(
        "CHANNEL_NAME_INVALID",
        "CURSOR_INVALID",
        "EVENT_NAME_INVALID",
        "QUERY_INVALID",
        "TOO_MANY_CHANNELS",
        "POSITION_TOO_LARGE",
        "UPGRADE_INVALID",
        "NOT_ACCEPTABLE",
        "CURSOR_GONE",
        "RATE_LIMITED",
        "TOO_MANY_CONNECTIONS",
        "DRAINING",
        "LOG_UNAVAILABLE",
      ),
    },
  };
}

/** `POST /connect`. */
export function connectByBodyOperation(limits: Limits): object {
  return {
    operationId: "connectByBody",
    tags: ["connections"],
    summary:
      "Read many channels on one connection, named in the body: as a page, a long poll, an event stream, or lines.",
    description:
      "As `GET /connect`, with options for each channel and without the bound of a URL: at most 1,048,576 bytes, and " +
      `${limits.maxChannelsPerConnection} channels; in a stream each further one is an \`error\`, and more than ${mostListed(limits)} refuse the request. SSE has no \`id\` here: positions are the cursors in its objects, so \`maxPositionBytes\` does not ` +
      "bound it. In a stream a channel that cannot be read is an `error` with that channel, and the others are read; a page is refused as a whole, by a " +
      "problem that names the `channel`. With `wait`, lines end where a page would, and have the frames of a stream without its welcome. No channel at all is allowed: they are added by `PATCH /connections/{connection}`.",
    parameters: [limitParameter(limits), waitParameter(limits), prefer],
    requestBody: {
      required: true,
      content: { "application/json": media(schemaRef("ConnectRequest"), connects) },
    },
    responses: {
      "200": {
        description:
          "A page with a cursor for each channel, without an `ETag`; or a stream, which begins with a welcome that names the connection.",
        headers: headerRefs({ "Preference-Applied": "PreferenceApplied" }),
        content: {
          "application/json": media(schemaRef("MultiPage"), { page: pages.posted }),
          "text/event-stream": media(text, { stream: streams.postSse }),
          "application/x-ndjson": media(text, { stream: streams.connectNdjson, poll: streams.polledNdjson }),
        },
      },
      ...problems(
        "BODY_INVALID",
        "CHANNEL_NAME_INVALID",
        "CURSOR_INVALID",
        "EVENT_NAME_INVALID",
        "QUERY_INVALID",
        "TOO_MANY_CHANNELS",
        "NOT_ACCEPTABLE",
        "CURSOR_GONE",
        "CHANNEL_RESERVED",
        "PRESENCE_FORBIDDEN",
        "PRESENCE_INVALID",
        "PRESENCE_FULL",
        "BATCH_TOO_LARGE",
        "CONTENT_TYPE_UNSUPPORTED",
        "RATE_LIMITED",
        "TOO_MANY_CONNECTIONS",
        "DRAINING",
        "LOG_UNAVAILABLE",
      ),
    },
  };
}

/** `PATCH /connections/{connection}`. */
export function patchOperation(limits: Limits): object {
  return {
    operationId: "patchConnection",
    tags: ["connections"],
    summary: "Add and remove channels of a live connection of `/connect`, or of a `tidings.v1` WebSocket.",
    description:
      "First those that go (`unsubscribe`, `leave`), then those that come (`join`, `subscribe`). `token` is taken and has no effect in this version. Where one cannot be done the answer is a problem, and what was done " +
      `before it, or beside it, stays done. At most 262,144 bytes, and ${limits.maxChannelsPerConnection} channels a connection.`,
    parameters: [
      {
        name: "connection",
        in: "path",
        required: true,
        description:
          "The `connection` of the stream's welcome. It is known to the server that holds the connection, and to no other.",
        schema: { type: "string" },
        example: EXAMPLE_CONNECTION,
      },
      {
        name: "Prefer",
        in: "header",
        description:
          "`handling=lenient` (RFC 7240 §4.4): a channel that cannot be read is told by an `error` frame in the stream, one of `unsubscribe` that is not read is passed over, and the rest is done.",
        schema: { type: "string" },
      },
    ],
    requestBody: {
      required: true,
      content: { "application/json": media(schemaRef("ConnectionPatch"), { patch }) },
    },
    responses: {
      "200": {
        description:
          "Done: where each new channel begins. Its `ok` stands in the stream before its first message.",
        content: { "application/json": media(schemaRef("ConnectionPatched"), { patched }) },
      },
      ...problems(
        "BODY_INVALID",
        "CHANNEL_NAME_INVALID",
        "CURSOR_INVALID",
        "EVENT_NAME_INVALID",
        "QUERY_INVALID",
        "TOO_MANY_CHANNELS",
        "POSITION_TOO_LARGE",
        "CONNECTION_UNKNOWN",
        "NOT_SUBSCRIBED",
        "ALREADY_SUBSCRIBED",
        "CURSOR_GONE",
        "CHANNEL_RESERVED",
        "PRESENCE_FORBIDDEN",
        "PRESENCE_INVALID",
        "PRESENCE_FULL",
        "MEMBER_UNKNOWN",
        "BATCH_TOO_LARGE",
        "CONTENT_TYPE_UNSUPPORTED",
        "LOG_UNAVAILABLE",
      ),
    },
  };
}
