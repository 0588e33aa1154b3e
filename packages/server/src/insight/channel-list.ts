import { formatCursor } from "@tidings/protocol";
import type { Services } from "../http/services.ts";
import type { Activity } from "./activity.ts";
import { Best } from "./best.ts";
import type { ChannelNumbers } from "./everywhere/index.ts";
import type { Inventory } from "./inventory.ts";
import { Lags } from "./lags.ts";
import type { ChannelOrder } from "./names.ts";
import { Slices } from "./slices.ts";

/** One channel as an operator sees it. */
export interface ChannelRow extends ChannelNumbers {
  readonly channel: string;
  /** Of the head. */
  readonly cursor: string;
  /** Held now. */
  readonly messages: number;
  readonly bytes: number;
  /** `null` for no bound. */
  readonly retention: {
    readonly maxMessages: number | null;
    readonly maxBytes: number | null;
    readonly maxAgeMs: number | null;
  };
  readonly compact: boolean;
}

export interface ListQuery<Order extends string> {
  /** Part of what is looked for, whatever its case; empty for all. */
  readonly search: string;
  readonly sort: Order;
  readonly limit: number;
  /** How many of the order are passed over. */
  readonly skip: number;
}

export interface Listed<Row> {
  readonly rows: readonly Row[];
  /** How many there are that the search finds. */
  readonly count: number;
}

/** Channels in an order, found and counted in small parts; complete rows are made only of those that are shown. */
export class ChannelList {
  readonly #services: Services;
  readonly #activity: Activity;
  readonly #inventory: Inventory;
  /** What held most when the log was last looked at. */
  #largest:
    | { readonly walks: number; readonly count: number; readonly channels: readonly string[] }
    | undefined;

  constructor(services: Services, activity: Activity, inventory: Inventory) {
    this.#services = services;
    this.#activity = activity;
    this.#inventory = inventory;
  }

  /**
   * Of all channels; those of the system where the search has a `$`. What other nodes have of them counts for the order,
   * and is not in the rows.
   */
  async list(
    { search, sort, limit, skip }: ListQuery<ChannelOrder | "name">,
    elsewhere?: ReadonlyMap<string, ChannelNumbers>,
  ): Promise<Listed<ChannelRow>> {
    const lags = await Lags.look(this.#services);
    const best = new Best<string>(limit + skip);
    const slices = new Slices();
    const wanted = search.toLowerCase();
    for (const { channel, bytes } of this.#inventory.held) {
      if (slices.isOver) await slices.next();
      if (!isShown(channel, wanted)) continue;
      // By name the one that is looked for stands before those that have its name in theirs.
      best.add(
        channel,
        sort === "name"
          ? Number(channel.toLowerCase() === wanted)
          : this.#value(sort, channel, lags, bytes, elsewhere),
      );
    }
    return { rows: await this.#rows(best.take().slice(skip), lags), count: best.count };
  }

  /** The first of an order, of those that have anything of it at all. */
  async top(
    order: ChannelOrder,
    limit: number,
    lags: Lags,
    elsewhere?: ReadonlyMap<string, ChannelNumbers>,
  ): Promise<readonly ChannelRow[]> {
    if (order !== "bytes") return this.#rows(await this.#first(order, limit, lags, "", elsewhere), lags);
    const { walks, held } = this.#inventory;
    // The same for as long as no other walk has come to its end: to look through 100,000 each second would be 1 % of a core.
    if (this.#largest?.walks !== walks || this.#largest.count !== held.length) {
      const count = held.length;
      this.#largest = { walks, count, channels: await this.#first(order, limit, lags) };
    }
    return this.#rows(this.#largest.channels, lags);
  }

  /** The first of an order with what this node has of them, for another one that adds up. */
  async first({
    search,
    sort,
    limit,
  }: Omit<ListQuery<ChannelOrder>, "skip">): Promise<readonly (readonly [string, ChannelNumbers])[]> {
    const lags = await Lags.look(this.#services);
    const channels = await this.#first(sort, limit, lags, search.toLowerCase());
    return channels.map((channel) => [channel, this.#numbers(channel, lags)]);
  }

  /** What this node has of some channels; those of which it has nothing are left out. */
  async numbersOf(channels: readonly string[]): Promise<readonly (readonly [string, ChannelNumbers])[]> {
    const lags = await Lags.look(this.#services);
    return channels
      .map((channel) => [channel, this.#numbers(channel, lags)] as const)
      .filter(([, { messagesPerSecond, readers, lag }]) => messagesPerSecond !== null || readers + lag > 0);
  }

  async #first(
    order: ChannelOrder,
    limit: number,
    lags: Lags,
    wanted: string = "",
    elsewhere?: ReadonlyMap<string, ChannelNumbers>,
  ): Promise<readonly string[]> {
    const best = new Best<string>(limit);
    const slices = new Slices();
    const seen = new Set<string>();
    for (const [channel, bytes] of this.#candidates(order, lags, elsewhere)) {
      if (slices.isOver) await slices.next();
      if (seen.has(channel) || !isShown(channel, wanted)) continue;
      seen.add(channel);
      const value = this.#value(order, channel, lags, bytes, elsewhere);
      if (value > 0) best.add(channel, value);
    }
    return best.take();
  }

  *#candidates(
    order: ChannelOrder,
    lags: Lags,
    elsewhere?: ReadonlyMap<string, ChannelNumbers>,
  ): Iterable<readonly [channel: string, bytes: number]> {
    for (const channel of elsewhere?.keys() ?? []) yield [channel, 0];
    switch (order) {
      case "rate":
        for (const channel of this.#activity.channels()) yield [channel, 0];
        return;
      case "lag":
        for (const channel of lags.byChannel.keys()) yield [channel, 0];
        return;
      case "readers":
        for (const channel of this.#services.hub.followed) yield [channel, 0];
        return;
      case "bytes":
        for (const { channel, bytes } of this.#inventory.held) yield [channel, bytes];
    }
  }

  #value(
    order: ChannelOrder,
    channel: string,
    lags: Lags,
    bytes: number,
    elsewhere?: ReadonlyMap<string, ChannelNumbers>,
  ): number {
    const more = elsewhere?.get(channel);
    switch (order) {
      case "rate":
        return (this.#activity.of(channel)?.messagesPerSecond ?? 0) + (more?.messagesPerSecond ?? 0);
      case "lag":
        return Math.max(lags.byChannel.get(channel)?.lag ?? 0, more?.lag ?? 0);
      case "readers":
        return this.#services.hub.readersOf(channel) + (more?.readers ?? 0);
      case "bytes":
        return bytes;
    }
  }

  async #rows(channels: readonly string[], lags: Lags): Promise<readonly ChannelRow[]> {
    const slices = new Slices();
    const rows: ChannelRow[] = [];
    for (const channel of channels) {
      if (slices.isOver) await slices.next();
      rows.push(await this.#row(channel, lags));
    }
    return rows;
  }

  async #row(channel: string, lags: Lags): Promise<ChannelRow> {
    const { log, policies } = this.#services;
    const { epoch, head, messages, bytes } = await log.describe(channel);
    const { retention, compact } = policies.of(channel);
    return {
      channel,
      ...this.#numbers(channel, lags),
      cursor: formatCursor({ epoch, offset: head }),
      messages,
      bytes,
      retention: {
        maxMessages: bounded(retention.maxMessages),
        maxBytes: bounded(retention.maxBytes),
        maxAgeMs: bounded(retention.maxAgeMs),
      },
      compact,
    };
  }

  #numbers(channel: string, lags: Lags): ChannelNumbers {
    const rate = this.#activity.of(channel);
    const slowest = lags.byChannel.get(channel);
    return {
      messagesPerSecond: rate?.messagesPerSecond ?? null,
      bytesPerSecond: rate?.bytesPerSecond ?? null,
      readers: this.#services.hub.readersOf(channel),
      lag: slowest?.lag ?? 0,
      ...(slowest === undefined ? {} : { slowest: slowest.connection }),
    };
  }
}

/** The system's own are shown to those who look for them. */
function isShown(channel: string, wanted: string): boolean {
  if (channel.startsWith("$") && !wanted.includes("$")) return false;
  return wanted === "" || channel.toLowerCase().includes(wanted);
}

function bounded(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
