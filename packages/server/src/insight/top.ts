import type { Log } from "@tidings/core";
import type { Services } from "../http/services.ts";
import type { Activity } from "./activity.ts";
import type { ChannelList } from "./channel-list.ts";
import type { ConnectionList } from "./connection-list.ts";
import { type Everywhere, withNumbers } from "./everywhere/index.ts";
import type { Inventory } from "./inventory.ts";
import { Lags } from "./lags.ts";
import {
  CHANNEL_ORDERS,
  type ChannelOrder,
  CONNECTION_ORDERS,
  type ConnectionOrder,
  topChannel,
} from "./names.ts";

/** How many stand in each list. */
const LIST_LENGTH = 50;
/** How many of each other node are looked at for it. */
const LOOKED_AT = 200;

/** What a list is made from. */
export interface TopSources {
  readonly services: Services;
  readonly activity: Activity;
  readonly inventory: Inventory;
  readonly channels: ChannelList;
  readonly connections: ConnectionList;
  /** What other nodes have of them. */
  readonly everywhere: Everywhere;
  /** Where lists go. */
  readonly log: Pick<Log, "append">;
}

/** Lists of the first, made each second of those that are read, and of no others. */
export class Top {
  readonly #sources: TopSources;
  /** One is made at a time: where that takes longer than a second, they come less often. */
  #isBusy = false;

  constructor(sources: TopSources) {
    this.#sources = sources;
  }

  /** To be called about once a second. */
  async tick(): Promise<void> {
    if (this.#isBusy) return;
    const { services, activity, inventory } = this.#sources;
    const { hub } = services;
    const channelOrders = CHANNEL_ORDERS.filter((order) => hub.readersOf(topChannel("channels", order)) > 0);
    const orders = CONNECTION_ORDERS.filter((order) => hub.readersOf(topChannel("connections", order)) > 0);
    if (channelOrders.length + orders.length === 0) return;
    this.#isBusy = true;
    try {
      if (channelOrders.length > 0) activity.want();
      if (channelOrders.includes("bytes")) await inventory.want(0);
      const lags = await Lags.look(services);
      for (const order of channelOrders)
        await this.#tell(topChannel("channels", order), await this.#channels(order, lags));
      for (const order of orders)
        await this.#tell(topChannel("connections", order), await this.#connections(order, lags));
    } finally {
      this.#isBusy = false;
    }
  }

  async #channels(order: ChannelOrder, lags: Lags): Promise<object> {
    const { channels, everywhere } = this.#sources;
    const { numbers, missing } = await everywhere.first(order, "", LOOKED_AT);
    const rows = await channels.top(order, LIST_LENGTH, lags, numbers);
    return {
      channels: rows.map((row) => withNumbers(row, numbers)),
      ...(missing.length > 0 ? { missing } : {}),
    };
  }

  async #connections(order: ConnectionOrder, lags: Lags): Promise<object> {
    const { connections, everywhere } = this.#sources;
    const own = await connections.top(order, LIST_LENGTH, lags);
    const { rows, missing } = await everywhere.top(order, own, LIST_LENGTH);
    return { connections: rows, ...(missing === undefined ? {} : { missing }) };
  }

  async #tell(channel: string, list: object): Promise<void> {
    const data = Buffer.from(JSON.stringify(list));
    await this.#sources.log.append(channel, [{ event: "list", kind: "json", data }]);
  }
}
