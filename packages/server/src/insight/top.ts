import type { Log } from "@tidings/core";
import type { Services } from "../http/services.ts";
import type { Activity } from "./activity.ts";
import type { ChannelList } from "./channel-list.ts";
import type { ConnectionList } from "./connection-list.ts";
import type { Inventory } from "./inventory.ts";
import { Lags } from "./lags.ts";
import { CHANNEL_ORDERS, CONNECTION_ORDERS, topChannel } from "./names.ts";

/** How many stand in each list. */
const LIST_LENGTH = 50;

/** What a list is made from. */
export interface TopSources {
  readonly services: Services;
  readonly activity: Activity;
  readonly inventory: Inventory;
  readonly channels: ChannelList;
  readonly connections: ConnectionList;
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
    const { services, activity, inventory, channels, connections } = this.#sources;
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
        await this.#tell(topChannel("channels", order), {
          channels: await channels.top(order, LIST_LENGTH, lags),
        });
      for (const order of orders)
        await this.#tell(topChannel("connections", order), {
          connections: await connections.top(order, LIST_LENGTH, lags),
        });
    } finally {
      this.#isBusy = false;
    }
  }

  async #tell(channel: string, list: object): Promise<void> {
    const data = Buffer.from(JSON.stringify(list));
    await this.#sources.log.append(channel, [{ event: "list", kind: "json", data }]);
  }
}
