import type { Presence } from "../types.ts";
import type { Context } from "./context.ts";
import type { Feeds } from "./feeds.ts";
import { createPresence } from "./presence.ts";
import type { Requests } from "./requests.ts";

/** Presence by channel: one for all handles of it. */
export const createRooms = (
  context: Context,
  requests: Requests,
  listen: Feeds["presence"],
): ((channel: string) => Presence) => {
  const rooms = new Map<string, Presence>();
  return (channel) => {
    const room =
      rooms.get(channel) ??
      createPresence(channel, {
        ...context,
        requests,
        listen: (listener) => listen(channel, listener),
      });
    rooms.set(channel, room);
    return room;
  };
};
