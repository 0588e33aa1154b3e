import type { Hub, Log, PublishWatch } from "@tidings/core";
import type { Services } from "../http/services.ts";
import { Activity } from "./activity.ts";
import { ChannelList } from "./channel-list.ts";
import { ConnectionList } from "./connection-list.ts";
import { Deliveries } from "./deliveries.ts";
import { Disk } from "./disk.ts";
import { Everywhere, type EverywhereSources } from "./everywhere/index.ts";
import { Events } from "./events.ts";
import { Inventory } from "./inventory.ts";
import { Values } from "./quantiles.ts";
import { Sampler } from "./sampler.ts";
import { Top } from "./top.ts";

const TICK_MS = 1_000;

/** A log that has a file. */
export interface Durable {
  readonly folder: string;
  readonly usedBytes: () => number;
}

interface Begun {
  readonly inventory: Inventory;
  readonly everywhere: Everywhere;
}

/** What a node tells of itself: samples, lists and events, in channels that live in its memory. */
export class Insight {
  readonly events: Events;
  readonly activity: Activity = new Activity(() => performance.now());
  /** How long commits of the log took. */
  readonly commits: Values = new Values();
  /** The log of the node's own channels. */
  readonly #log: Log;
  #deliveries: Deliveries | undefined;
  #begun: Begun | undefined;
  #end: () => void = () => undefined;

  constructor(log: Log, nowMs: () => number) {
    this.#log = log;
    this.events = new Events(log, nowMs);
  }

  /** What looks on while messages are published. */
  watch(hub: Hub): PublishWatch {
    this.#deliveries = new Deliveries(hub, this.activity);
    return this.#deliveries;
  }

  /** Begins to look, once all that it looks at is there. */
  begin(services: Services, about: EverywhereSources["about"], durable: Durable | undefined): void {
    const { activity, commits } = this;
    const log = this.#log;
    const inventory = new Inventory(services.log);
    const channels = new ChannelList(services, activity, inventory);
    const connections = new ConnectionList(services);
    const deliveries = this.#deliveries ?? new Deliveries(services.hub, activity);
    const sampler = new Sampler({
      services,
      deliveries,
      commits,
      log,
      durable: durable && { disk: new Disk(durable.folder), usedBytes: durable.usedBytes },
    });
    const everywhere = new Everywhere({
      nodeId: services.nodeId,
      nodes: services.nodes,
      about,
      connections: services.connections,
      connectionList: connections,
      channelList: channels,
      activity,
      log,
      lastSample: () => sampler.last,
    });
    const top = new Top({ services, activity, inventory, channels, connections, everywhere, log });
    const timer = setInterval(() => {
      activity.tick();
      inventory.tick();
      this.events.tick();
      sampler.tick();
      // The log is in trouble, which others are told; the next list is another one.
      top.tick().catch(() => undefined);
    }, TICK_MS);
    timer.unref();
    this.#begun = { inventory, everywhere };
    this.#end = () => {
      clearInterval(timer);
      sampler.close();
      inventory.close();
    };
  }

  /** Lists, of all nodes of the log. */
  get everywhere(): Everywhere {
    return this.#parts.everywhere;
  }

  get inventory(): Inventory {
    return this.#parts.inventory;
  }

  close(): void {
    this.#end();
  }

  get #parts(): Begun {
    if (this.#begun === undefined) throw new Error("nothing is looked at yet");
    return this.#begun;
  }
}
