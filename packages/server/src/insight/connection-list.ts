import { formatCursor } from "@tidings/protocol";
import type { OpenConnection } from "../http/connections.ts";
import type { Services } from "../http/services.ts";
import { Best } from "./best.ts";
import type { Listed, ListQuery } from "./channel-list.ts";
import { Heads, Lags } from "./lags.ts";
import type { ConnectionOrder } from "./names.ts";
import { Slices } from "./slices.ts";
import { type Who, whoIs } from "./who.ts";

/**
 * `live`: it has everything. `waiting`: it is behind, and takes nothing of what is there for it: its network or its client is slow.
 * `reading`: it is behind, and reads on from the log.
 */
type ConnectionState = "live" | "waiting" | "reading";

/** One connection as an operator sees it. */
export interface ConnectionRow {
  readonly connection: string;
  readonly transport: OpenConnection["transport"];
  readonly address: string;
  readonly who: Who;
  /** When it was opened, RFC 3339. */
  readonly since: string;
  /** How many channels it reads. */
  readonly channels: number;
  /** How many of them are not live at this moment. */
  readonly behind: number;
  /** How far its slowest reader is behind, in offsets, and on which channel. */
  readonly lag: number;
  readonly slowest?: string;
  readonly state: ConnectionState;
  /** Since when it is behind, or takes nothing; RFC 3339. */
  readonly stateSince?: string;
  /** Written to its socket so far. */
  readonly bytes: number;
  /** `null` while it is not known yet. */
  readonly bytesPerSecond: number | null;
  /** Written, and not taken by the system yet. */
  readonly bufferedBytes: number;
}

/** What is told of one alone. */
export interface ConnectionDetail extends ConnectionRow {
  readonly reads: readonly {
    readonly channel: string;
    readonly cursor?: string;
    readonly live: boolean;
    readonly lag: number;
  }[];
}

/** Rates are over at least so long, in milliseconds. */
const MIN_SPAN_MS = 900;

interface Measured {
  readonly bytes: number;
  readonly atMs: number;
  readonly bytesPerSecond: number | null;
}

/** Connections in an order, found and counted in small parts. */
export class ConnectionList {
  readonly #services: Services;
  /** What was written when it was last looked at: rates are known of those that were looked at twice. */
  readonly #measured = new WeakMap<OpenConnection, Measured>();

  constructor(services: Services) {
    this.#services = services;
  }

  /** With a `channel`, those that read it. */
  async list(query: ListQuery<ConnectionOrder>, channel?: string): Promise<Listed<ConnectionRow>> {
    const lags = await Lags.look(this.#services);
    const best = await this.#best(query, lags, channel);
    const rows = best.take().slice(query.skip);
    return { rows: rows.map((each) => this.#row(each, lags)), count: best.count };
  }

  /** The first of an order, of those that have anything of it at all. */
  async top(sort: ConnectionOrder, limit: number, lags: Lags): Promise<readonly ConnectionRow[]> {
    const hasSome = (value: number): boolean => sort === "age" || value > 0;
    const best = await this.#best({ search: "", sort, limit, skip: 0 }, lags, undefined, hasSome);
    return best.take().map((each) => this.#row(each, lags));
  }

  async one(id: string): Promise<ConnectionDetail | undefined> {
    const { connections, hub, log } = this.#services;
    const connection = connections.get(id);
    if (connection === undefined) return undefined;
    const heads = new Heads(hub, log);
    const slices = new Slices();
    const reads: ConnectionDetail["reads"][number][] = [];
    for (const reader of [...(connection.reads?.readers ?? [])]) {
      if (slices.isOver) await slices.next();
      const { channel, cursor, state } = reader;
      const at = cursor === undefined ? {} : { cursor: formatCursor(cursor) };
      reads.push({ channel, ...at, live: state === "live", lag: await heads.lagOf(reader) });
    }
    for (const channel of connection.polls ?? []) reads.push({ channel, live: true, lag: 0 });
    const lags = await Lags.look(this.#services);
    return { ...this.#row(connection, lags), reads };
  }

  async #best(
    { search, sort, limit, skip }: ListQuery<ConnectionOrder>,
    lags: Lags,
    channel?: string,
    isWanted: (value: number) => boolean = () => true,
  ): Promise<Best<OpenConnection>> {
    const best = new Best<OpenConnection>(limit + skip);
    const slices = new Slices();
    const wanted = search.toLowerCase();
    for (const connection of this.#services.connections.all()) {
      if (slices.isOver) await slices.next();
      if (wanted !== "" && !isFound(connection, wanted)) continue;
      if (channel !== undefined && !doesRead(connection, channel)) continue;
      const value = this.#value(sort, connection, lags);
      if (isWanted(value)) best.add(connection, value);
    }
    return best;
  }

  #value(sort: ConnectionOrder, connection: OpenConnection, lags: Lags): number {
    switch (sort) {
      case "lag":
        return lags.byConnection.get(connection.id)?.lag ?? 0;
      case "age":
        return -connection.openedAtMs;
      case "bytes":
        return connection.wire?.bytesWritten ?? 0;
      case "rate":
        return this.#measure(connection).bytesPerSecond ?? 0;
    }
  }

  #measure(connection: OpenConnection): Measured {
    const atMs = performance.now();
    const before = this.#measured.get(connection);
    if (before !== undefined && atMs - before.atMs < MIN_SPAN_MS) return before;
    const bytes = connection.wire?.bytesWritten ?? 0;
    const bytesPerSecond =
      before === undefined ? null : Math.round((bytes - before.bytes) / ((atMs - before.atMs) / 1_000));
    const measured = { bytes, atMs, bytesPerSecond };
    this.#measured.set(connection, measured);
    return measured;
  }

  #row(connection: OpenConnection, lags: Lags): ConnectionRow {
    const { id, transport, address, access, reads, polls, wire, openedAtMs } = connection;
    const lagging = reads?.lagging;
    const behind = lags.byConnection.get(id);
    const waits = lagging?.waitsSinceMs;
    const state = lagging === undefined ? "live" : waits === undefined ? "reading" : "waiting";
    const stateSinceMs = waits ?? lagging?.sinceMs;
    return {
      connection: id,
      transport,
      address,
      who: whoIs(access.identity),
      since: new Date(performance.timeOrigin + openedAtMs).toISOString(),
      channels: reads?.size ?? polls?.length ?? 0,
      behind: reads?.behind ?? 0,
      lag: behind?.lag ?? 0,
      ...(behind === undefined ? {} : { slowest: behind.channel }),
      state,
      ...(stateSinceMs === undefined ? {} : { stateSince: new Date(stateSinceMs).toISOString() }),
      bytes: wire?.bytesWritten ?? 0,
      bytesPerSecond: this.#measure(connection).bytesPerSecond,
      bufferedBytes: wire?.writableLength ?? 0,
    };
  }
}

function isFound({ id, transport, address, access }: OpenConnection, wanted: string): boolean {
  const { subject = "", id: credential = "" } = access.identity;
  return [id, transport, address, subject, credential].some((text) => text.toLowerCase().includes(wanted));
}

function doesRead({ reads, polls }: OpenConnection, channel: string): boolean {
  return reads?.has(channel) ?? polls?.includes(channel) ?? false;
}
