import type { Log } from "@tidings/core";
import { z } from "zod";
import type { Connections } from "../../http/connections.ts";
import type { Nodes } from "../../nodes/index.ts";
import type { Activity } from "../activity.ts";
import type { ChannelList, ChannelRow, ListQuery } from "../channel-list.ts";
import type { ConnectionDetail, ConnectionList, ConnectionRow } from "../connection-list.ts";
import { type EventQuery, type EventRow, listEvents } from "../event-list.ts";
import { CHANNEL_ORDERS, CONNECTION_ORDERS, type ChannelOrder, type ConnectionOrder } from "../names.ts";
import type { Sample } from "../sample.ts";
import { addNumbers, type ChannelNumbers } from "./numbers.ts";
import { type MergedPage, mergePages, type NodePage, type Skips } from "./pages.ts";

/** How many channels of each other node are looked at to put all in order. */
const MAX_FIRST = 1_000;
const MAX_ROWS = 200;

/** A node that gave no answer: what it would have told is not in what was asked for. */
export interface Missing {
  readonly node: string;
  readonly name: string;
  readonly why: string;
}

interface Answered {
  readonly node: string;
  readonly name: string;
  readonly value: unknown;
}

export interface WithMissing {
  /** Absent where all answered. */
  readonly missing?: readonly Missing[];
}

export interface NodeRow {
  readonly node: string;
  readonly name: string;
  readonly version: string;
  /** When it started, RFC 3339. */
  readonly since: string;
  /** Whether it is the one that answers. */
  readonly self: boolean;
  /** Its last; `null` before the first. */
  readonly sample: Sample | null;
}

export interface EverywhereSources {
  readonly nodeId: string;
  /** Absent where no other can be. */
  readonly nodes: Nodes | undefined;
  /** This one, where it is by itself. */
  readonly about: { readonly name: string; readonly version: string; readonly startedAtMs: number };
  readonly connections: Connections;
  readonly connectionList: ConnectionList;
  readonly channelList: ChannelList;
  readonly activity: Activity;
  /** The log of the node's own channels. */
  readonly log: Pick<Log, "read" | "offsetBeforeTime">;
  readonly lastSample: () => Sample | undefined;
}

const search = z.string().max(255);
const limit = z.number().int().min(1).max(MAX_ROWS);
const skip = z.number().int().nonnegative();
const connectionsAsked = z.object({
  search,
  limit,
  skip,
  sort: z.enum(CONNECTION_ORDERS),
  channel: z.string().optional(),
});
const eventsAsked = z.object({
  search,
  limit,
  skip,
  kind: z.string().optional(),
  code: z.string().optional(),
  sinceMs: z.number(),
});
const firstAsked = z.object({
  search,
  sort: z.enum(CHANNEL_ORDERS),
  limit: z.number().int().min(1).max(MAX_FIRST),
});
const channelsAsked = z.object({ channels: z.array(z.string()).max(MAX_ROWS) });
const connectionAsked = z.object({ id: z.string(), reason: z.string().optional() });

// What other nodes answer is shown as it is: another version may know more of it.
const listed = z.object({ rows: z.array(z.looseObject({})), count: z.number() });
const number = z.number().nullable();
const numbers = z.array(
  z.tuple([
    z.string(),
    z.object({
      messagesPerSecond: number,
      bytesPerSecond: number,
      readers: z.number(),
      lag: z.number(),
      slowest: z.string().optional(),
    }),
  ]),
);

/** What an administrator is told of all nodes of a log: each is asked, and those that give no answer are named. */
export class Everywhere {
  readonly #sources: EverywhereSources;

  constructor(sources: EverywhereSources) {
    this.#sources = sources;
    const { nodes, connections, connectionList, channelList, activity, log, lastSample } = sources;
    nodes?.on("connections", (params) => {
      const { channel, ...query } = connectionsAsked.parse(params);
      return connectionList.list(query, channel);
    });
    nodes?.on("events", (params) => listEvents(log, eventsAsked.parse(params)));
    nodes?.on("connection", (params) => connectionList.one(connectionAsked.parse(params).id));
    nodes?.on("disconnect", (params) => {
      const { id, reason } = connectionAsked.parse(params);
      return connections.disconnect(id, reason);
    });
    nodes?.on("channels.first", (params) => {
      activity.want();
      return channelList.first(firstAsked.parse(params));
    });
    nodes?.on("channels.of", (params) => {
      activity.want();
      return channelList.numbersOf(channelsAsked.parse(params).channels);
    });
    nodes?.on("sample", () => lastSample());
  }

  async connections(
    query: Omit<ListQuery<ConnectionOrder>, "skip">,
    skips: Skips,
    channel?: string,
  ): Promise<MergedPage<ConnectionRow> & WithMissing> {
    const { connectionList } = this.#sources;
    const asked = { ...query, ...(channel === undefined ? {} : { channel }) };
    return this.#pages("connections", asked, skips, connectionValue(query.sort), (own) =>
      connectionList.list({ ...query, skip: own }, channel),
    );
  }

  /** The first of all nodes, of those that have anything of an order at all; `own` are this node's. */
  async top(
    sort: ConnectionOrder,
    own: readonly ConnectionRow[],
    most: number,
  ): Promise<MergedPage<ConnectionRow> & WithMissing> {
    const value = connectionValue(sort);
    const hasSome = (row: ConnectionRow): boolean => sort === "age" || value(row) > 0;
    const asked = { search: "", sort, limit: most };
    const { rows, ...others } = await this.#pages("connections", asked, new Map(), value, async () => ({
      rows: own,
      count: own.length,
    }));
    return { rows: rows.filter(hasSome), ...others };
  }

  async events(query: Omit<EventQuery, "skip">, skips: Skips): Promise<MergedPage<EventRow> & WithMissing> {
    const { log } = this.#sources;
    const newest = ({ time }: EventRow): number => Date.parse(time);
    return this.#pages("events", query, skips, newest, (own) => listEvents(log, { ...query, skip: own }));
  }

  async connection(
    id: string,
  ): Promise<{ readonly found?: ConnectionDetail & { readonly node: string } } & WithMissing> {
    const { connectionList, nodeId } = this.#sources;
    const own = await connectionList.one(id);
    if (own !== undefined) return { found: { ...own, node: nodeId } };
    const { answers, missing } = await this.#ask("connection", { id });
    for (const { node, value } of answers)
      if (value !== null) return { found: { ...(value as ConnectionDetail), node } };
    return withMissing({}, missing);
  }

  /** Sends a connection away, wherever it is. */
  async disconnect(id: string, reason?: string): Promise<{ readonly isDone: boolean } & WithMissing> {
    if (this.#sources.connections.disconnect(id, reason)) return { isDone: true };
    const { answers, missing } = await this.#ask("disconnect", {
      id,
      ...(reason === undefined ? {} : { reason }),
    });
    return withMissing({ isDone: answers.some(({ value }) => value === true) }, missing);
  }

  /** All nodes have the same channels, and each its own readers and publishers. */
  async channels(
    query: ListQuery<ChannelOrder | "name">,
  ): Promise<{ readonly rows: readonly ChannelRow[]; readonly count: number } & WithMissing> {
    const { channelList } = this.#sources;
    const { sort } = query;
    const first =
      sort === "name" || sort === "bytes" ? undefined : await this.first(sort, query.search, MAX_FIRST);
    const { rows, count } = await channelList.list(query, first?.numbers);
    const { answers, missing } = await this.#ask("channels.of", {
      channels: rows.map(({ channel }) => channel),
    });
    const elsewhere = sumOf(answers);
    return withMissing({ rows: rows.map((row) => withNumbers(row, elsewhere)), count }, [
      ...missing,
      ...(first?.missing ?? []),
    ]);
  }

  /** What other nodes have of the channels that are first there in an order. */
  async first(
    sort: ChannelOrder,
    wanted: string,
    most: number,
  ): Promise<{
    readonly numbers: ReadonlyMap<string, ChannelNumbers>;
    readonly missing: readonly Missing[];
  }> {
    const { answers, missing } = await this.#ask("channels.first", { search: wanted, sort, limit: most });
    return { numbers: sumOf(answers), missing };
  }

  async nodes(): Promise<{ readonly nodes: readonly NodeRow[] } & WithMissing> {
    const { nodes, nodeId, about, lastSample } = this.#sources;
    const { answers, missing } = await this.#ask("sample", {});
    const samples = new Map<string, Sample | null>(
      answers.map(({ node, value }) => [node, value as Sample | null]),
    );
    samples.set(nodeId, lastSample() ?? null);
    const all = nodes?.all ?? [{ node: nodeId, about }];
    const rows = all.map(({ node, about: { name, version, startedAtMs } }) => ({
      node,
      name,
      version,
      since: new Date(startedAtMs).toISOString(),
      self: node === nodeId,
      sample: samples.get(node) ?? null,
    }));
    return withMissing({ nodes: rows }, missing);
  }

  async #pages<Row extends object>(
    method: string,
    query: { readonly limit: number },
    skips: Skips,
    valueOf: (row: Row) => number,
    own: (skip: number) => Promise<{ readonly rows: readonly Row[]; readonly count: number }>,
  ): Promise<MergedPage<Row> & WithMissing> {
    const { nodeId: self } = this.#sources;
    const skipOf = (node: string): number => skips.get(node) ?? 0;
    const [mine, { answers, missing }] = await Promise.all([
      own(skipOf(self)),
      this.#ask(method, (node) => ({ ...query, skip: skipOf(node) })),
    ]);
    const pages: NodePage<Row>[] = [{ node: self, ...mine }];
    for (const { node, name, value } of answers) {
      const read = listed.safeParse(value).data;
      if (read === undefined) missing.push({ node, name, why: "is of another version" });
      else pages.push({ node, rows: read.rows as unknown as readonly Row[], count: read.count });
    }
    return withMissing(mergePages(pages, { limit: query.limit, skips, self, valueOf }), missing);
  }

  /** Asks all others. */
  async #ask(
    method: string,
    params: object | ((node: string) => object),
  ): Promise<{ readonly answers: readonly Answered[]; readonly missing: Missing[] }> {
    const { nodes } = this.#sources;
    if (nodes === undefined) return { answers: [], missing: [] };
    const each = await Promise.all(
      nodes.all.slice(1).map(async ({ node, about }) => {
        const [answer] = await nodes.ask(method, typeof params === "function" ? params(node) : params, [
          node,
        ]);
        // It may be lost until it is missing, and then nobody knows its name any more.
        return answer === undefined ? undefined : { ...answer, name: about.name };
      }),
    );
    const answers: Answered[] = [];
    const missing: Missing[] = [];
    for (const answer of each) {
      if (answer === undefined) continue;
      if ("missing" in answer) missing.push({ node: answer.node, name: answer.name, why: answer.missing });
      else answers.push(answer);
    }
    return { answers, missing };
  }
}

/** By what lists of connections are ordered, as a row shows it. */
function connectionValue(sort: ConnectionOrder): (row: ConnectionRow) => number {
  switch (sort) {
    case "lag":
      return ({ lag }) => lag;
    case "age":
      return ({ since }) => -Date.parse(since);
    case "bytes":
      return ({ bytes }) => bytes;
    case "rate":
      return ({ bytesPerSecond }) => bytesPerSecond ?? 0;
  }
}

export function withNumbers(row: ChannelRow, elsewhere: ReadonlyMap<string, ChannelNumbers>): ChannelRow {
  const more = elsewhere.get(row.channel);
  return more === undefined ? row : { ...row, ...addNumbers(row, more) };
}

function sumOf(answers: readonly { readonly value: unknown }[]): ReadonlyMap<string, ChannelNumbers> {
  const sum = new Map<string, ChannelNumbers>();
  for (const { value } of answers)
    for (const [channel, more] of numbers.safeParse(value).data ?? [])
      sum.set(channel, addNumbers(sum.get(channel), more));
  return sum;
}

/** A node that was asked twice is missing once. */
function withMissing<Answer extends object>(
  answer: Answer,
  missing: readonly Missing[],
): Answer & WithMissing {
  const each = new Map(missing.map((one) => [one.node, one]));
  return each.size === 0 ? answer : { ...answer, missing: [...each.values()] };
}
