import { parseTime, quote, TidingsError } from "@tidings/protocol";
import { CHANNEL_ORDERS, CONNECTION_ORDERS, readSkips, type WithMissing } from "../insight/index.ts";
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
  const { inventory, activity, everywhere } = insight;
  const skip = readCount("after", query.get("after") ?? "0", 0, MAX_SKIP);
  const list = { ...readList(query, [...CHANNEL_ORDERS, "name"], "name"), skip };
  activity.want();
  await inventory.want(PATIENCE_MS);
  const { rows, count, ...missing } = await everywhere.channels(list);
  const complete = inventory.isWhole;
  sendJson(res, 200, { channels: rows, count, complete, ...next(list, rows, count), ...missing });
}

/** `GET /admin/connections`: all that are held open, in an order. */
export async function serveAdminConnections(
  { insight, nodeId }: Services,
  { res, query }: Exchange,
): Promise<void> {
  checkNames(query, ["search", "sort", "limit", "after", "channel"]);
  const list = readList(query, CONNECTION_ORDERS, "lag");
  const skips = readSkips(query.get("after") ?? "0", nodeId);
  const { rows, ...others } = await insight.everywhere.connections(
    list,
    skips,
    query.get("channel") ?? undefined,
  );
  sendJson(res, 200, { connections: rows, ...others });
}

/** `GET /admin/connections/{id}`: one, with all that it reads. */
export async function serveAdminConnection(
  { insight }: Services,
  { res, query, name }: Exchange,
): Promise<void> {
  checkNames(query, []);
  const { found, missing } = await insight.everywhere.connection(name);
  if (found === undefined) throw unknown(name, missing);
  sendJson(res, 200, found);
}

/** `DELETE /admin/connections/{id}`: sends it away; its client comes back, as after any loss. */
export async function serveDisconnect({ insight }: Services, { res, query, name }: Exchange): Promise<void> {
  checkNames(query, ["reason"]);
  const { isDone, missing } = await insight.everywhere.disconnect(name, readText(query, "reason"));
  if (!isDone) throw unknown(name, missing);
  res.writeHead(204).end();
}

/** `GET /admin/nodes`: those of the log, each with its last sample. */
export async function serveAdminNodes({ insight }: Services, { res, query }: Exchange): Promise<void> {
  checkNames(query, []);
  sendJson(res, 200, await insight.everywhere.nodes());
}

/** `GET /admin/events`: what has happened, the newest first. */
export async function serveAdminEvents(
  { insight, nodeId }: Services,
  { res, query }: Exchange,
): Promise<void> {
  checkNames(query, ["search", "kind", "code", "since", "limit", "after"]);
  const limit = readLimit(query);
  const skips = readSkips(query.get("after") ?? "0", nodeId);
  const kind = query.get("kind") ?? undefined;
  if (kind !== undefined) readChoice("kind", kind, KINDS);
  const list = {
    search: readText(query, "search") ?? "",
    kind,
    code: readText(query, "code"),
    sinceMs: readSince(query),
    limit,
  };
  const { rows, ...others } = await insight.everywhere.events(list, skips);
  sendJson(res, 200, { events: rows, ...others });
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
): { readonly search: string; readonly sort: Order; readonly limit: number } {
  const sort = readChoice("sort", query.get("sort") ?? fallback, orders);
  return { search: readText(query, "search") ?? "", sort, limit: readLimit(query) };
}

function readLimit(query: URLSearchParams): number {
  return readCount("limit", query.get("limit") ?? String(DEFAULT_LIST), 1, MAX_LIST);
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

function unknown(id: string, missing: WithMissing["missing"] = []): TidingsError {
  const silent = missing.map(({ name, why }) => ` Node ${name} ${why}: it may be there.`);
  return new TidingsError(
    "CONNECTION_UNKNOWN",
    `there is no connection ${quote(id)}; GET /admin/connections lists those there are.${silent.join("")}`,
  );
}
