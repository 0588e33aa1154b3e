import { type Signal, signal } from "@preact/signals";
import { tidings } from "../../live/client.ts";
import type { ChannelRow, ConnectionRow, EventRow } from "../../live/shapes.ts";

/** How many events are shown. */
const MAX_EVENTS = 6;
/** Of those that are read at first, of which some are shown. */
const LAST_EVENTS = 100;

export interface Trouble {
  /** The newest. */
  readonly event: EventRow;
  readonly count: number;
}

/** Each second, while the overview is open: the connections that are furthest behind, the worst first. */
export const behind: Signal<readonly ConnectionRow[] | undefined> = signal(undefined);
/** The channels on which most is published. */
export const busiest: Signal<readonly ChannelRow[] | undefined> = signal(undefined);
/** What was refused or went wrong, of one kind and address, and how often; the newest first. */
export const troubles: Signal<readonly Trouble[] | undefined> = signal(undefined);

/** Reads the lists while the page is seen, until what it answers is called: the server makes them only while somebody reads them. */
export function readTops(): () => void {
  let stop: (() => void) | undefined;
  const look = (): void => {
    if (document.hidden) {
      stop?.();
      stop = undefined;
    } else stop ??= read();
  };
  look();
  document.addEventListener("visibilitychange", look);
  return () => {
    document.removeEventListener("visibilitychange", look);
    stop?.();
    behind.value = undefined;
    busiest.value = undefined;
    troubles.value = undefined;
  };
}

function read(): () => void {
  const lag = tidings.channel<{ list: { connections: readonly ConnectionRow[] } }>(
    "$tidings/top/connections/lag",
    { last: 1 },
  );
  lag.on(
    "list",
    ({ connections }) => (behind.value = connections.filter(({ lag, state }) => lag > 0 || state !== "live")),
  );
  const rate = tidings.channel<{ list: { channels: readonly ChannelRow[] } }>("$tidings/top/channels/rate", {
    last: 1,
  });
  rate.on("list", ({ channels }) => (busiest.value = channels));
  const events = tidings.channel("$tidings/events", { last: LAST_EVENTS });
  let found: readonly Trouble[] = [];
  let isCaughtUp = false;
  events.on("*", (data, { event, time, cursor }) => {
    const row = { ...(data as object), kind: event, time, cursor: cursor ?? "" } as EventRow;
    if (!isTrouble(row)) return;
    const same = found.find((trouble) => isAlike(trouble.event, row));
    const others = found.filter((trouble) => trouble !== same);
    found = [{ event: row, count: (same?.count ?? 0) + 1 }, ...others].slice(0, MAX_EVENTS);
    if (isCaughtUp) troubles.value = found;
  });
  events.on("caught-up", () => {
    isCaughtUp = true;
    troubles.value = found;
  });
  return () => {
    for (const channel of [lag, rate, events]) channel.close();
  };
}

function isAlike(one: EventRow, other: EventRow): boolean {
  const { kind, code, reason, address } = one;
  return kind === other.kind && code === other.code && reason === other.reason && address === other.address;
}

/** Connections come and go; that they do is no trouble. */
function isTrouble({ kind, reason, channel }: EventRow): boolean {
  // This page's own: what a server tells of itself begins anew when it does.
  if (kind === "gap" && channel?.startsWith("$tidings/") === true) return false;
  if (kind === "disconnected") return reason !== "client-closed" && reason !== "drained" && reason !== "lost";
  return true;
}
