import { CHANNEL, COMMAND, KEYED, MARKER, type Needed, type World } from "./world.ts";

/**
 * What a route asks for. `anyone`: nothing, and nobody is asked. `all`: nothing, and who shows something that does not hold is
 * refused. `known`: any credential. `server`: `admin` on everything. `holder`: to be who opened the connection.
 */
type Need = "anyone" | "all" | "known" | "server" | "holder" | Needed;

/** How a route is asked, and what it answers. */
export interface Row {
  readonly method: string;
  readonly pattern: string;
  /** Where one URL has several: how this one is read. */
  readonly transport?: string;
  readonly need: Need;
  readonly path: (world: World) => string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** What it answers to those who may. */
  readonly status: number;
  /** Text that stands in that answer, and in none to others. */
  readonly shows?: string;
  /** Whether it changes something. */
  readonly changes?: boolean;
  /** Whether it begins all the same, and tells of each channel that it may not be read. */
  readonly tells?: boolean;
}

const JSON_BODY = { "content-type": "application/json" };
const SSE = { accept: "text/event-stream" };
const NDJSON = { accept: "application/x-ndjson" };
const SUBSCRIBE: Needed = { right: "subscribe", name: CHANNEL };
const PUBLISH: Needed = { right: "publish", name: CHANNEL };
const PRESENCE: Needed = { right: "presence", name: CHANNEL };
const ASKED = JSON.stringify({ subscribe: [{ channel: CHANNEL, since: "earliest" }] });

const channel =
  (query = "") =>
  (): string =>
    `/channels/${CHANNEL}${query}`;
const connect =
  (query = "") =>
  (): string =>
    `/connect?channel=${CHANNEL}@earliest${query}`;
const artifact = ({ artifact: id }: World): string => `/artifacts/${id}`;
const presence =
  (query = "") =>
  (): string =>
    `/presence/${CHANNEL}${query}`;
const at = (path: string) => (): string => path;

/** Every route, and of those that are read in several ways each. */
export const ROWS: readonly Row[] = [
  { method: "GET", pattern: "/", need: "anyone", path: at("/"), status: 200 },
  // Pages are for browsers.
  { method: "GET", pattern: "/lab", need: "anyone", path: at("/lab"), status: 404 },
  { method: "GET", pattern: "/assets/*", need: "anyone", path: at("/assets/none.js"), status: 404 },
  {
    method: "GET",
    pattern: "/admin/channels",
    need: "server",
    path: at("/admin/channels"),
    status: 200,
    shows: CHANNEL,
  },
  {
    method: "GET",
    pattern: "/admin/connections",
    need: "server",
    path: at("/admin/connections"),
    status: 200,
    shows: '"subject":"ann"',
  },
  {
    method: "GET",
    pattern: "/admin/connections/:id",
    need: "server",
    path: ({ connection }) => `/admin/connections/${connection}`,
    status: 200,
    shows: '"reads"',
  },
  {
    method: "DELETE",
    pattern: "/admin/connections/:id",
    need: "server",
    path: ({ connection }) => `/admin/connections/${connection}`,
    status: 204,
    changes: true,
  },
  {
    method: "GET",
    pattern: "/admin/nodes",
    need: "server",
    path: at("/admin/nodes"),
    status: 200,
    shows: '"nodes"',
  },
  {
    method: "GET",
    pattern: "/admin/events",
    need: "server",
    path: at("/admin/events"),
    status: 200,
    shows: '"started"',
  },
  {
    method: "GET",
    pattern: "/admin/config",
    need: "server",
    path: at("/admin/config"),
    status: 200,
    shows: "limits.maxConnections",
  },
  { method: "GET", pattern: "/healthz", need: "anyone", path: at("/healthz"), status: 200 },
  { method: "GET", pattern: "/readyz", need: "anyone", path: at("/readyz"), status: 200 },
  { method: "GET", pattern: "/openapi.json", need: "anyone", path: at("/openapi.json"), status: 200 },
  {
    method: "GET",
    pattern: "/channels",
    need: { ...SUBSCRIBE, some: true },
    path: at("/channels"),
    status: 200,
    shows: CHANNEL,
  },
  ...[
    { transport: "page of JSON", path: channel() },
    { transport: "long poll", path: channel("?since=earliest&wait=20") },
    { transport: "SSE", path: channel("?since=earliest"), headers: SSE },
    { transport: "NDJSON", path: channel("?since=earliest"), headers: NDJSON },
  ].map((way) => ({
    method: "GET",
    pattern: "/channels/*",
    need: SUBSCRIBE,
    status: 200,
    shows: MARKER,
    ...way,
  })),
  {
    method: "GET",
    pattern: "/channels/*",
    transport: "page of HTML",
    need: "all",
    path: channel(),
    headers: { accept: "text/html" },
    status: 200,
  },
  {
    method: "GET",
    pattern: "/channels/*",
    transport: "SSE with presence",
    need: { ...PRESENCE, beside: { subscribe: [CHANNEL] } },
    path: channel("?presence"),
    headers: SSE,
    status: 200,
    shows: MARKER,
  },
  { method: "HEAD", pattern: "/channels/*", need: SUBSCRIBE, path: channel(), status: 200 },
  {
    method: "POST",
    pattern: "/channels/*",
    need: PUBLISH,
    path: channel(),
    headers: JSON_BODY,
    body: "1",
    status: 201,
    changes: true,
  },
  {
    method: "DELETE",
    pattern: "/channels/*",
    need: { right: "admin", name: CHANNEL },
    path: channel(),
    status: 204,
    changes: true,
  },
  {
    method: "DELETE",
    pattern: "/channels/*",
    transport: "of a key",
    need: { right: "publish", name: KEYED },
    path: at(`/channels/${KEYED}?key=a`),
    status: 200,
    changes: true,
  },
  ...[
    { transport: "page of JSON", path: connect() },
    { transport: "long poll", path: connect("&wait=20") },
    { transport: "SSE", path: connect(), headers: SSE, tells: true },
    { transport: "NDJSON", path: connect(), headers: NDJSON, tells: true },
  ].map((way) => ({
    method: "GET",
    pattern: "/connect",
    need: SUBSCRIBE,
    status: 200,
    shows: MARKER,
    ...way,
  })),
  ...[
    { transport: "page of JSON", path: at("/connect") },
    { transport: "long poll", path: at("/connect?wait=20") },
    { transport: "SSE", path: at("/connect"), headers: SSE, tells: true },
    { transport: "NDJSON", path: at("/connect"), headers: NDJSON, tells: true },
    { transport: "poll in lines", path: at("/connect?wait=20"), headers: NDJSON, tells: true },
  ].map(({ headers, ...way }) => ({
    method: "POST",
    pattern: "/connect",
    need: SUBSCRIBE,
    body: ASKED,
    headers: { ...JSON_BODY, ...headers },
    status: 200,
    shows: MARKER,
    ...way,
  })),
  {
    method: "POST",
    pattern: "/connect",
    transport: "NDJSON that joins",
    need: PRESENCE,
    path: at("/connect"),
    headers: { ...JSON_BODY, ...NDJSON },
    body: JSON.stringify({ join: [{ channel: CHANNEL, member: "eve" }] }),
    status: 200,
    shows: '"eve"',
    changes: true,
  },
  {
    method: "PATCH",
    pattern: "/connections/:id",
    need: "holder",
    path: ({ connection }) => `/connections/${connection}`,
    headers: JSON_BODY,
    body: JSON.stringify({ subscribe: [{ channel: CHANNEL }] }),
    status: 200,
    shows: `"${CHANNEL}"`,
    changes: true,
  },
  {
    method: "POST",
    pattern: "/artifacts",
    need: { ...PUBLISH, some: true },
    path: at("/artifacts"),
    headers: { "content-type": "text/plain" },
    body: "another one",
    status: 201,
    changes: true,
  },
  {
    method: "GET",
    pattern: "/artifacts/:id",
    need: SUBSCRIBE,
    path: artifact,
    status: 200,
    shows: MARKER,
  },
  { method: "HEAD", pattern: "/artifacts/:id", need: SUBSCRIBE, path: artifact, status: 200 },
  {
    method: "PATCH",
    pattern: "/artifacts/:id",
    need: { ...PUBLISH, some: true },
    path: ({ upload }) => `/artifacts/${upload}`,
    headers: {
      "content-type": "application/partial-upload",
      "upload-offset": "3",
      "upload-complete": "?0",
    },
    body: "def",
    status: 204,
    changes: true,
  },
  {
    method: "DELETE",
    pattern: "/artifacts/:id",
    need: PUBLISH,
    path: artifact,
    status: 204,
    changes: true,
  },
  {
    method: "GET",
    pattern: "/commands",
    need: { right: "command", name: COMMAND, some: true },
    path: at("/commands"),
    status: 200,
    shows: COMMAND,
  },
  {
    method: "POST",
    pattern: "/commands/*",
    need: { right: "command", name: COMMAND },
    path: at(`/commands/${COMMAND}`),
    status: 200,
    changes: true,
  },
  {
    method: "GET",
    pattern: "/presence/*",
    need: PRESENCE,
    path: presence(),
    status: 200,
    shows: MARKER,
  },
  {
    method: "PUT",
    pattern: "/presence/*",
    need: PRESENCE,
    path: presence("?member=eve"),
    headers: JSON_BODY,
    body: "1",
    status: 201,
    changes: true,
  },
  {
    method: "DELETE",
    pattern: "/presence/*",
    need: PRESENCE,
    path: presence("?member=ada"),
    status: 204,
    changes: true,
  },
  {
    method: "POST",
    pattern: "/tickets",
    need: "known",
    path: at("/tickets"),
    status: 201,
    shows: '"ticket"',
  },
  {
    method: "GET",
    pattern: "/revocations",
    need: "server",
    path: at("/revocations"),
    status: 200,
    shows: "taken-back",
  },
  {
    method: "POST",
    pattern: "/revocations",
    need: "server",
    path: at("/revocations"),
    headers: JSON_BODY,
    body: '{"subject":"somebody"}',
    status: 204,
    changes: true,
  },
  {
    method: "DELETE",
    pattern: "/revocations",
    need: "server",
    path: at("/revocations"),
    headers: JSON_BODY,
    body: '{"token":"taken-back"}',
    status: 204,
    changes: true,
  },
  {
    method: "GET",
    pattern: "/metrics",
    need: "server",
    path: at("/metrics"),
    status: 200,
    shows: "tidings_",
  },
];
