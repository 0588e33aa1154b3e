import { parseTime, quote, TidingsError } from "@tidings/protocol";
import { CHANNEL_ORDERS, CONNECTION_ORDERS, listEvents } from "../insight/index.ts";
import { sendJson } from "./problem.ts";
import { checkNames, invalid, readCount } from "./query.ts";
import type { Exchange } from "./router.ts";
import type { Services } from "./services.ts";

const DEFAULT_LIST = 50;
const MAX_LIST = 200;
/** How far a list can be read: who looks further searches. */
const MAX_SKIP = 10_000;
/** How long the first to ask for channels waits until the whole log was looked at, in milliseconds. */
const PATIENCE_MS = 1_000;
/** Characters of a search or reason. */
const MAX_TEXT = 255;
const KINDS = ["refused", "disconnected", "gap", "started", "draining", "node", "fault", "more"] as const;

/** `GET /admin/channels`: all there are, in an order. */
export async function serveAdminChannels({ insight }: Services, { res, query }: Exchange): Promise<void> {
  checkNames(query, ["search", "sort", "limit", "after"]);
  const { inventory, activity, channels } = insight;
  const list = readList(query, [...CHANNEL_ORDERS, "name"], "name");
  activity.want();
  await inventory.want(PATIENCE_MS);
  const { rows, count } = await channels.list(list);
  const complete = inventory.isWhole;
  sendJson(res, 200, { channels: rows, count, complete, ...next(list, rows, count) });
}

/** `GET /admin/connections`: all that are held open on this node, in an order. */
export async function serveAdminConnections({ insight }: Services, { res, query }: Exchange): Promise<void> {
  checkNames(query, ["search", "sort", "limit", "after", "channel"]);
  const list = readList(query, CONNECTION_ORDERS, "lag");
  const { rows, count } = await insight.connections.list(list, query.get("channel") ?? undefined);
  sendJson(res, 200, { connections: rows, count, ...next(list, rows, count) });
}

/** `GET /admin/connections/{id}`: one, with all that it reads. */
export async function serveAdminConnection(
  { insight }: Services,
  { res, query, name }: Exchange,
): Promise<void> {
  checkNames(query, []);
  const connection = await insight.connections.one(name);
  if (connection === undefined) throw unknown(name);
  sendJson(res, 200, connection);
}

/** `DELETE /admin/connections/{id}`: sends it away; its client comes back, as after any loss. */
export function serveDisconnect({ connections }: Services, { res, query, name }: Exchange): void {
  checkNames(query, ["reason"]);
  if (!connections.disconnect(name, readText(query, "reason"))) throw unknown(name);
  res.writeHead(204).end();
}

/** `GET /admin/events`: what has happened on this node, the newest first. */
export async function serveAdminEvents({ log }: Services, { res, query }: Exchange): Promise<void> {
  checkNames(query, ["search", "kind", "code", "since", "limit", "after"]);
  const { limit, skip } = readPage(query);
  const kind = query.get("kind") ?? undefined;
  if (kind !== undefined) readChoice("kind", kind, KINDS);
  const list = {
    search: readText(query, "search") ?? "",
    kind,
    code: readText(query, "code"),
    sinceMs: readSince(query),
    limit,
    skip,
  };
  const { rows, count } = await listEvents(log.aside, list);
  sendJson(res, 200, { events: rows, count, ...next(list, rows, count) });
}

/** `GET /admin/config`: the configuration in force. */
export function serveAdminConfig({ configuration }: Services, { res, query }: Exchange): void {
  checkNames(query, []);
  sendJson(res, 200, { config: configuration });
}

function readList<Order extends string>(
  query: URLSearchParams,
  orders: readonly Order[],
  fallback: Order,
): { readonly search: string; readonly sort: Order; readonly limit: number; readonly skip: number } {
  const sort = readChoice("sort", query.get("sort") ?? fallback, orders);
  return { search: readText(query, "search") ?? "", sort, ...readPage(query) };
}

function readPage(query: URLSearchParams): { readonly limit: number; readonly skip: number } {
  return {
    limit: readCount("limit", query.get("limit") ?? String(DEFAULT_LIST), 1, MAX_LIST),
    skip: readCount("after", query.get("after") ?? "0", 0, MAX_SKIP),
  };
}

/** Where the next page begins, where there is one that may be read. */
function next(
  { skip }: { readonly skip: number },
  rows: readonly unknown[],
  count: number,
): { readonly next?: string } {
  const end = skip + rows.length;
  return rows.length > 0 && end < count && end <= MAX_SKIP ? { next: String(end) } : {};
}

function readSince(query: URLSearchParams): number {
  const since = query.get("since");
  if (since === null) return 0;
  const timeMs = parseTime(since);
  if (timeMs !== undefined) return timeMs;
  throw invalid("since", `"since" is ${quote(since)}; it must be a time such as 2026-01-05T12:00:00Z.`);
}

function readChoice<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw invalid(name, `"${name}" is ${quote(text)}; it must be one of ${choices.join(", ")}.`);
}

function readText(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name) ?? undefined;
  if (text === undefined || text.length <= MAX_TEXT) return text;
  throw invalid(name, `"${name}" has ${text.length} characters; the limit is ${MAX_TEXT}.`);
}

function unknown(id: string): TidingsError {
  return new TidingsError(
    "CONNECTION_UNKNOWN",
    `there is no connection ${quote(id)} on this node; GET /admin/connections lists those there are.`,
  );
}
