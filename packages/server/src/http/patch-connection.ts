import type { z } from "zod";
import { checkHolder, type Identity } from "../auth/index.ts";
import { errorFrame, formatCursor, quote, type ServerFrame, TidingsError } from "@tidings/protocol";
import { mostListed, parseLists, patchSchema, readEntry, readJoin, tooManyError } from "./channel-list.ts";
import { checkPosition, type ReadChannel } from "./query.ts";
import { renew } from "./renew.ts";
import type { Services } from "./services.ts";

/** What is to be changed, and for whom. */
export interface Patch {
  readonly id: string;
  readonly bytes: Buffer;
  /** Whether a channel that cannot be read is told in the stream, and the rest done. */
  readonly isLenient: boolean;
  readonly identity: Identity;
  /** Whom a new credential stands for that another node has looked at, in place of a `token` in the body. */
  readonly renewed?: Identity | undefined;
}

/** @throws {TidingsError} `BODY_INVALID`, `TOO_MANY_CHANNELS` and their like */
export function parsePatch(services: Services, { bytes, isLenient }: Patch): z.infer<typeof patchSchema> {
  const { limits } = services;
  const most = isLenient ? mostListed(limits) : limits.maxChannelsPerConnection;
  return parseLists(patchSchema, bytes, services, most);
}

/** Changes a connection of this node. Answers what the client is told. Throws what the client is told, too. */
export async function patchConnection(services: Services, asked: Patch): Promise<object> {
  const { id, isLenient, identity, renewed } = asked;
  const { limits } = services;
  const patch = parsePatch(services, asked);
  const entry = services.connections.get(id);
  const connection = entry?.connection;
  if (entry === undefined || connection === undefined) {
    throw new TidingsError(
      "CONNECTION_UNKNOWN",
      `no connection ${quote(id)} of /connect or a WebSocket is open on this node; connect again.`,
    );
  }
  services.auth?.sessions.check({ identity });
  checkHolder({ identity }, entry.access);
  if (renewed !== undefined) services.connections.renew(entry, renewed);
  else if (patch.token !== undefined) await renew(services, entry, patch.token);
  const refusal = (channel: string, cause: unknown): ServerFrame => {
    if (!isLenient) throw cause;
    const error = services.toError(cause);
    services.refusals.count(error.code, () => ({
      message: error.message,
      channel,
      connection: id,
      address: entry.address,
      identity,
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
  return {
    channels: Object.fromEntries(opened.flat()) as object,
    ...(members.length === 0 ? {} : { members: Object.fromEntries(members) as object }),
  };
}
