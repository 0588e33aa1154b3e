import { media, schemaRef } from "./content.ts";
import { query } from "./parameters.ts";
import { openProblems, problems } from "./problems.ts";

const string = { type: "string" };
const count = { type: "integer", minimum: 0 };
const time = { type: "string", format: "date-time" };
const rate = { type: ["number", "null"], minimum: 0, description: "`null` while it is not known yet." };
const bound = { type: ["number", "null"], description: "`null`: none." };
const everyNode = "Of all nodes of the log, as they are now. For administrators of the whole server.";

const search = query("search", "Part of what is looked for, whatever its case.", {
  type: "string",
  maxLength: 255,
});
const most = query("limit", "Most entries in the answer.", {
  type: "integer",
  minimum: 1,
  maximum: 200,
  default: 50,
});
const AFTER =
  "How many are passed over: the `next` of the answer before. An order that moves may show one twice, or not at all.";
const page = [most, query("after", AFTER, { type: "integer", minimum: 0, maximum: 10_000, default: 0 })];
/** Of lists to which each node adds its own. */
const nodesPage = [
  most,
  query("after", `${AFTER} A number is of the node that is asked.`, { ...string, default: "0" }),
];
const connectionId = {
  name: "connection",
  in: "path",
  required: true,
  description: "The connection's id, as lists, events and its `welcome` have it.",
  schema: string,
};
const missing = {
  ...array("AdminMissing"),
  description: "Nodes that gave no answer: what is theirs is not in it. Left out where all did.",
};
const next = { type: "string", description: "There are more: ask again with `after` this." };

/** What the dashboard asks for, by path. */
export function adminOperations(): Readonly<Record<string, object>> {
  return {
    "/admin/channels": {
      get: list(
        "adminListChannels",
        "List channels in an order, by a part of their names.",
        "AdminChannels",
        [
          search,
          sort(
            ["rate", "lag", "readers", "bytes", "name"],
            "name",
            "Those of the system are shown where the search has a `$`.",
          ),
          ...page,
        ],
      ),
    },
    "/admin/connections": {
      get: list(
        "adminListConnections",
        "List connections in an order, by who they are or what they read.",
        "AdminConnections",
        [
          search,
          query("channel", "Only those that read this channel.", string),
          sort(["lag", "age", "bytes", "rate"], "lag", "`age`: the oldest first."),
          ...nodesPage,
        ],
      ),
    },
    "/admin/connections/{connection}": {
      parameters: [connectionId],
      get: {
        ...operation("adminGetConnection", "One connection, with all that it reads."),
        responses: { ...ok("AdminConnection"), ...problems("QUERY_INVALID", "CONNECTION_UNKNOWN") },
      },
      delete: {
        ...operation("adminDisconnect", "Send a connection away: its client comes back, as after any loss."),
        description: "It is told `draining`, with when to come back. To keep it away, revoke its credential.",
        parameters: [
          query("reason", "Why, for those who read the events; the client is not told.", {
            type: "string",
            maxLength: 255,
          }),
        ],
        responses: {
          "204": { description: "It is on its way." },
          ...problems("QUERY_INVALID", "CONNECTION_UNKNOWN"),
        },
      },
    },
    "/admin/nodes": {
      get: {
        ...operation("adminListNodes", "List the nodes of the log, each with its last sample."),
        responses: { ...ok("AdminNodes"), ...problems("QUERY_INVALID") },
      },
    },
    "/admin/events": {
      get: list("adminListEvents", "List what has happened, the newest first.", "AdminEvents", [
        search,
        query("kind", "Only events of this kind.", { enum: KINDS }),
        query("code", "Only refusals with this code, or ends with this reason.", string),
        query("since", "Only of then or later (RFC 3339).", time),
        ...nodesPage,
      ]),
    },
    "/admin/config": {
      get: {
        ...operation(
          "adminConfig",
          "The configuration in force: each field, its value without secrets, and where it comes from.",
        ),
        responses: { ...ok("AdminConfig"), ...problems("QUERY_INVALID") },
      },
    },
    "/lab": asset("lab", "The transport lab, a page for browsers, where the server was built with it."),
    "/assets/{asset}": {
      parameters: [{ name: "asset", in: "path", required: true, schema: string }],
      ...asset("asset", "A part of the pages."),
    },
  };
}

const KINDS = ["refused", "disconnected", "gap", "started", "draining", "node", "fault", "more"];

/** The schemas of those answers, by name. */
export const adminSchemas: Readonly<Record<string, object>> = {
  AdminChannels: object(
    {
      channels: array("AdminChannel"),
      count: { ...count, description: "How many the search finds." },
      complete: {
        type: "boolean",
        description: "Whether the whole log was looked at yet; ask again in a few seconds where it was not.",
      },
      next,
      missing,
    },
    ["next", "missing"],
  ),
  AdminChannel: object(
    {
      channel: schemaRef("Channel"),
      messagesPerSecond: rate,
      bytesPerSecond: rate,
      readers: { ...count, description: "Live, on all nodes." },
      lag: { ...count, description: "How far the slowest reader is behind, in offsets." },
      slowest: { ...string, description: "The connection of that reader." },
      cursor: { ...schemaRef("Cursor"), description: "The head." },
      messages: count,
      bytes: count,
      retention: object({ maxMessages: bound, maxBytes: bound, maxAgeMs: bound }),
      compact: { type: "boolean" },
    },
    ["slowest"],
  ),
  AdminConnections: object({ connections: array("AdminConnectionRow"), count, next, missing }, [
    "next",
    "missing",
  ]),
  AdminConnectionRow: connection({}),
  AdminConnection: connection({
    reads: {
      type: "array",
      items: object(
        {
          channel: schemaRef("Channel"),
          cursor: schemaRef("Cursor"),
          live: { type: "boolean" },
          lag: count,
        },
        ["cursor"],
      ),
    },
  }),
  AdminWho: object(
    {
      kind: { enum: ["open", "anonymous", "token", "key"] },
      subject: { ...string, description: "A token's `sub`, a key's name." },
      id: { ...string, description: "A token's `jti`, a key's id: what it is revoked by." },
    },
    ["subject", "id"],
  ),
  AdminNodes: object({ nodes: array("AdminNode"), missing }, ["missing"]),
  AdminNode: object({
    node: { ...string, description: "Another one after each start." },
    name: { ...string, description: "As the option `node` has it." },
    version: string,
    since: { ...time, description: "When it started." },
    self: { type: "boolean", description: "Whether it is the one that answers." },
    sample: {
      type: ["object", "null"],
      description: "Its last, as docs/reference/insight.md tells; `null` before the first.",
    },
  }),
  AdminMissing: object({
    node: string,
    name: string,
    why: { ...string, description: "For people." },
  }),
  AdminEvents: object({ events: array("AdminEvent"), count, next, missing }, ["next", "missing"]),
  AdminEvent: {
    type: "object",
    required: ["cursor", "time", "kind", "node"],
    properties: {
      node: { ...string, description: "Where it happened." },
      cursor: schemaRef("Cursor"),
      time,
      kind: { enum: KINDS },
      code: string,
      reason: string,
      message: string,
    },
    description: "What else it has is told in docs/reference/insight.md.",
  },
  AdminConfig: object({
    config: {
      type: "array",
      items: object({
        name: string,
        value: { description: 'Without secrets; "Infinity" for what has no bound.' },
        source: {
          ...string,
          description: "`flag --port`, `environment TIDINGS_PORT`, `file …`, `option`, `default`.",
        },
      }),
    },
  }),
};

function connection(more: Readonly<Record<string, object>>): object {
  return object(
    {
      connection: string,
      node: { ...string, description: "Where it is." },
      transport: { enum: ["sse", "ndjson", "websocket", "long-poll"] },
      address: string,
      who: schemaRef("AdminWho"),
      since: { ...time, description: "When it was opened." },
      channels: { ...count, description: "How many it reads." },
      behind: { ...count, description: "How many of them are not live." },
      lag: { ...count, description: "How far its slowest reader is behind, in offsets." },
      slowest: { ...schemaRef("Channel"), description: "What that reads." },
      state: {
        enum: ["live", "waiting", "reading"],
        description:
          "`waiting`: it takes nothing of what is there for it. `reading`: it reads on from the log.",
      },
      stateSince: { ...time, description: "Since when it takes nothing, or is behind." },
      bytes: { ...count, description: "Written to its socket so far." },
      bytesPerSecond: rate,
      bufferedBytes: { ...count, description: "Written, and not taken by the system yet." },
      ...more,
    },
    ["slowest", "stateSince"],
  );
}

function operation(operationId: string, summary: string): object {
  return { operationId, tags: ["administration"], summary, description: everyNode };
}

function list(operationId: string, summary: string, schema: string, parameters: readonly object[]): object {
  return {
    ...operation(operationId, summary),
    parameters,
    responses: { ...ok(schema), ...problems("QUERY_INVALID", "LOG_UNAVAILABLE") },
  };
}

function sort(orders: readonly string[], fallback: string, more: string): object {
  return query("sort", `By what; the greatest first. ${more}`, { enum: orders, default: fallback });
}

function ok(schema: string): Readonly<Record<string, object>> {
  return { "200": { description: "As it is.", content: { "application/json": media(schemaRef(schema)) } } };
}

/** For all: a page by itself shows nothing. */
function asset(operationId: string, summary: string): Readonly<Record<string, object>> {
  return {
    get: {
      operationId,
      tags: ["system"],
      summary,
      security: [],
      responses: {
        "200": {
          description: "It, compressed where that is accepted.",
          content: { "*/*": { schema: string } },
        },
        "304": { description: "It is as `If-None-Match` names it." },
        ...openProblems("NOT_FOUND"),
      },
    },
  };
}

function array(name: string): object {
  return { type: "array", items: schemaRef(name) };
}

/** All of its members are there, but for some. */
function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", required, properties, additionalProperties: false };
}
