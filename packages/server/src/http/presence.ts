import type { IncomingMessage, ServerResponse } from "node:http";
import { checkChannel, TidingsError } from "@tidings/protocol";
import { type Access, forbidden } from "../auth/index.ts";
import { networkOf } from "./address.ts";
import { readBody } from "./body.ts";
import type { OpenConnection } from "./connections.ts";
import { sendBody, sendProblem } from "./problem.ts";
import { checkNames, invalid, readCount, readWait } from "./query.ts";
import { endElsewhere } from "../nodes/index.ts";
import type { Exchange } from "./router.ts";
import type { Services } from "./services.ts";

const MAX_LIST = 1_000;
/** Room for white space around a state; what is over that is refused unread. */
const SPARE_BYTES = 1_024;

/** `GET /presence/{channel}`: who is there, by name; with `wait` held until it differs from `If-None-Match`. */
export async function servePresence(
  services: Services,
  { req, res, name, query, access }: Exchange,
): Promise<void> {
  checkNames(query, ["limit", "after", "wait"]);
  const channel = checkChannel(name);
  const limit = readCount("limit", query.get("limit") ?? String(MAX_LIST), 1, MAX_LIST);
  const after = query.get("after") ?? "";
  const waitMs = readWait(req, query, services.limits);
  let page = services.presence.list(channel, after, limit);
  const known = req.headers["if-none-match"];
  if (waitMs > 0 && req.method !== "HEAD" && isSame(known, tagOf(services, channel))) {
    if (!(await change(services, res, channel, waitMs, access))) return;
    page = services.presence.list(channel, after, limit);
  }
  // Beside what CORS says there.
  res.appendHeader("Vary", "Prefer");
  const tag = tagOf(services, channel);
  const headers = { ETag: tag, "Cache-Control": "no-cache" };
  if (isSame(known, tag)) return void res.writeHead(304, headers).end();
  const next = page.next === undefined ? "" : `,"next":${JSON.stringify(page.next)}`;
  sendBody(
    res,
    200,
    `{"channel":"${channel}","count":${page.count},"members":[${page.members.join(",")}]${next}}`,
    headers,
  );
}

/** `PUT /presence/{channel}?member=M&ttl=SECONDS`: a member without a connection, for a while. */
export async function servePutMember(
  services: Services,
  req: IncomingMessage,
  res: ServerResponse,
  name: string,
  query: URLSearchParams,
): Promise<void> {
  checkNames(query, ["member", "ttl"]);
  const { presence, limits } = services;
  const channel = presence.check(name);
  const member = memberOf(query);
  const ttlMs = readTtl(query.get("ttl"), limits);
  const body = await readBody(req, limits.maxPresenceStateBytes + SPARE_BYTES, "PRESENCE_INVALID");
  const { json, isNew } = presence.put(
    channel,
    member,
    body.length === 0 ? undefined : readState(body),
    ttlMs,
  );
  sendBody(res, isNew ? 201 : 200, json, { "Cache-Control": "no-store" });
}

/** `DELETE /presence/{channel}?member=M`: ends what `PUT` began, and the grace of a connection that broke, on all nodes. */
export async function serveDeleteMember(
  { presence, nodes }: Services,
  res: ServerResponse,
  name: string,
  query: URLSearchParams,
): Promise<void> {
  checkNames(query, ["member"]);
  const member = memberOf(query);
  const elsewhere = presence.elsewhere(name, member);
  const isEnded = presence.end(name, member);
  const wasThere = nodes !== undefined && (await endElsewhere(nodes, name, member, elsewhere));
  if (!isEnded && !wasThere) throw presence.unknown(name, member);
  res.writeHead(204).end();
}

/** The version of who is in a channel, as clients are told it. Throws as `Presence.check`. */
export function presenceVersion({ nodeId, presence }: Services, channel: string): string {
  // A process of its own has other versions: an old one must never fit by chance.
  return `${nodeId}.${presence.version(channel)}`;
}

function tagOf(services: Services, channel: string): string {
  return `"${presenceVersion(services, channel)}"`;
}

/** `If-None-Match` compares weakly (RFC 9110 §13.1.2). */
function isSame(header: string | undefined, tag: string): boolean {
  const tags = header?.split(",").map((each) => each.trim().replace(/^W\//, ""));
  return tags?.some((each) => each === tag || each === "*") === true;
}

/**
 * Waits until the channel's members change, the time is over or the server goes down; `false` where there is nothing more to
 * say, since the client is gone or has been told that it may not ask any more.
 */
async function change(
  { addresses, connections, newId, presence }: Services,
  res: ServerResponse,
  channel: string,
  waitMs: number,
  access: Access,
): Promise<boolean> {
  if (res.destroyed) return false;
  const address = addresses.of(res.req);
  const network = networkOf(address);
  connections.checkRoom(network, access);
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      end();
      clearTimeout(timer);
      connections.delete(entry);
      resolve();
    };
    const refuse = (error: TidingsError): void => {
      connections.ends(entry, error.code, error.message);
      if (!res.headersSent && !res.destroyed) sendProblem(res, error);
      finish();
    };
    const entry: OpenConnection = {
      id: newId(),
      transport: "long-poll",
      network,
      address,
      openedAtMs: Math.round(performance.now()),
      access,
      drain: finish,
      end: refuse,
      narrow: () => {
        if (!access.identity.grants.allows("presence", channel)) refuse(forbidden("presence", channel));
      },
      destroy: () => res.destroy(),
    };
    const end = presence.watch(channel, finish);
    const timer = setTimeout(finish, waitMs);
    connections.add(entry);
    res.on("close", finish);
  });
  return !res.destroyed && !res.headersSent;
}

function memberOf(query: URLSearchParams): string {
  const member = query.get("member");
  if (member === null) throw invalid("member", 'name the member, as in "?member=ada".');
  return member;
}

function readTtl(text: string | null, { presenceTtlMs, maxPresenceTtlMs }: Services["limits"]): number {
  if (text === null) return Math.min(presenceTtlMs, maxPresenceTtlMs);
  const ms = /^[0-9]{1,9}(?:\.[0-9]{1,3})?$/.test(text) ? Number(text) * 1000 : Number.NaN;
  if (ms > 0 && ms <= maxPresenceTtlMs) return ms;
  throw invalid("ttl", `"ttl" must be seconds above 0, and at most ${maxPresenceTtlMs / 1000}.`);
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function readState(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch (cause) {
    throw new TidingsError("PRESENCE_INVALID", "the member's state is not UTF-8.", { field: "state" }, cause);
  }
}
