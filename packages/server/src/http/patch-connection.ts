import { checkHolder } from "../auth/index.ts";
import { errorFrame, formatCursor, quote, type ServerFrame, TidingsError } from "@tidings/protocol";
import { checkSome } from "./authorize.ts";
import { readBody } from "./body.ts";
import { mostListed, parseLists, patchSchema, readEntry, readJoin, tooManyError } from "./channel-list.ts";
import { sendJson } from "./problem.ts";
import { checkPosition, type ReadChannel } from "./query.ts";
import { renew } from "./renew.ts";
import type { Exchange } from "./router.ts";
import type { Services } from "./services.ts";

const MAX_PATCH_BYTES = 262_144;
/** RFC 7240 §4.4. */
const LENIENT = /(?:^|[,;\s])handling\s*=\s*"?lenient\b/i;

/**
 * `PATCH /connections/{id}`: adds and removes channels of a live connection. First those that go, then those that
 * come; what cannot be done is a problem, and what was done before it stays done. With `Prefer: handling=lenient` a
 * channel that cannot be read is told in the stream, as it is on `POST /connect`, and the rest is done.
 */
export async function servePatch(
  services: Services,
  { req, res, name: id, access }: Exchange,
): Promise<void> {
  checkSome(access);
  const bytes = await readBody(req, MAX_PATCH_BYTES, "BATCH_TOO_LARGE");
  const { limits } = services;
  const isLenient = LENIENT.test(String(req.headers["prefer"] ?? ""));
  const most = isLenient ? mostListed(limits) : limits.maxChannelsPerConnection;
  const patch = parseLists(patchSchema, bytes, services, most);
  // Looked for once the body is there: it may end while the body comes.
  const entry = services.connections.get(id);
  const connection = entry?.connection;
  if (entry === undefined || connection === undefined) {
    throw new TidingsError(
      "CONNECTION_UNKNOWN",
      `no connection ${quote(id)} of /connect or a WebSocket is open on this node; connect again.`,
    );
  }
  services.auth?.sessions.check(access);
  checkHolder(access, entry.access);
  if (patch.token !== undefined) await renew(services, entry, patch.token);
  const refusal = (channel: string, cause: unknown): ServerFrame => {
    if (!isLenient) throw cause;
    const error = services.toError(cause);
    services.refusals.count(error.code, () => ({
      message: error.message,
      channel,
      connection: id,
      address: entry.address,
      identity: access.identity,
    }));
    return errorFrame(error, { channel });
  };
  const gone = new Set(patch.unsubscribe);
  const kept = connection.channels.filter((channel) => !gone.has(channel));
  let positionBytes = entry.hasPosition === true ? checkPosition(kept, services) : undefined;
  const subscribe: ReadChannel[] = [];
  const refused: ServerFrame[] = [];
  for (const each of patch.subscribe ?? []) {
    try {
      const read = readEntry(each, services, false);
      // Ahead of whether it may be read: the application, which may be asked that, is asked of no more than can be.
      if (kept.length + subscribe.length >= limits.maxChannelsPerConnection) throw tooManyError(limits);
      const bytes =
        positionBytes === undefined ? undefined : checkPosition([read.channel], services, positionBytes);
      await entry.access.check("subscribe", read.channel);
      if (read.presence) await entry.access.check("presence", read.channel);
      positionBytes = bytes;
      subscribe.push(read);
    } catch (error) {
      refused.push(refusal(each.channel, error));
    }
  }
  connection.sendAll(refused);
  const joins = (patch.join ?? []).map(readJoin);
  for (const { channel } of joins) await entry.access.check("presence", channel);
  for (const channel of patch.unsubscribe ?? []) {
    if (connection.unsubscribe(channel) === undefined && !isLenient) {
      throw new TidingsError("NOT_SUBSCRIBED", `the connection does not read channel ${quote(channel)}.`);
    }
  }
  for (const channel of patch.leave ?? []) connection.attendance.leave(channel);
  const members = joins.map(({ channel, member, state }) => [
    channel,
    connection.attendance.join(channel, member, state),
  ]);
  const opened = await Promise.all(
    subscribe.map(async (each) => {
      const { channel } = each;
      try {
        return [[channel, formatCursor(await connection.subscribe(each))] as const];
      } catch (error) {
        connection.send(refusal(channel, error));
        return [];
      }
    }),
  );
  sendJson(
    res,
    200,
    {
      channels: Object.fromEntries(opened.flat()) as object,
      ...(members.length === 0 ? {} : { members: Object.fromEntries(members) as object }),
    },
    isLenient ? { "Preference-Applied": "handling=lenient" } : {},
  );
}
