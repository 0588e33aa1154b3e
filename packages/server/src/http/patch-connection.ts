import { checkHolder } from "../auth/index.ts";
import { errorFrame, formatCursor, quote, TidingsError } from "@tidings/protocol";
import { checkSome } from "./authorize.ts";
import { readBody } from "./body.ts";
import { parseLists, patchSchema, readEntry, readJoin } from "./channel-list.ts";
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
  const patch = parseLists(patchSchema, bytes, services);
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
  const isLenient = LENIENT.test(String(req.headers["prefer"] ?? ""));
  const refuse = (channel: string, error: unknown): void => {
    if (!isLenient) throw error;
    connection.send(errorFrame(services.toError(error), { channel }));
  };
  const gone = new Set(patch.unsubscribe);
  const kept = connection.channels.filter((channel) => !gone.has(channel));
  const subscribe: ReadChannel[] = [];
  for (const each of patch.subscribe ?? []) {
    try {
      const read = readEntry(each, services, false);
      await entry.access.check("subscribe", read.channel);
      if (read.presence) await entry.access.check("presence", read.channel);
      if (entry.hasPosition === true)
        checkPosition([...kept, ...[...subscribe, read].map(({ channel }) => channel)], services);
      subscribe.push(read);
    } catch (error) {
      refuse(each.channel, error);
    }
  }
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
        refuse(channel, error);
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
