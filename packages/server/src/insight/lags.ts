import type { Reader } from "@tidings/core";
import type { Offset } from "@tidings/protocol";
import type { OpenConnection } from "../http/connections.ts";
import type { Services } from "../http/services.ts";
import { Slices } from "./slices.ts";

/** The slowest reader of a channel. */
export interface Slowest {
  readonly connection: string;
  /** How far it is behind the head, in offsets. */
  readonly lag: number;
}

/** A connection that is behind, and on which channel most. */
export interface Behind {
  readonly connection: OpenConnection;
  readonly channel: string;
  readonly lag: number;
}

/** How far readers are behind: only those are looked at that are, so that a quiet server pays next to nothing. */
export class Lags {
  readonly byChannel: ReadonlyMap<string, Slowest>;
  readonly byConnection: ReadonlyMap<string, Behind>;

  private constructor(byChannel: ReadonlyMap<string, Slowest>, byConnection: ReadonlyMap<string, Behind>) {
    this.byChannel = byChannel;
    this.byConnection = byConnection;
  }

  static async look({ connections, hub, log }: Pick<Services, "connections" | "hub" | "log">): Promise<Lags> {
    const heads = new Heads(hub, log);
    const byChannel = new Map<string, Slowest>();
    const byConnection = new Map<string, Behind>();
    const slices = new Slices();
    for (const connection of connections.all()) {
      if (slices.isOver) await slices.next();
      const lagging = connection.reads?.lagging;
      if (lagging === undefined) continue;
      for (const reader of [...lagging.readers]) {
        if (slices.isOver) await slices.next();
        const { channel } = reader;
        const lag = await heads.lagOf(reader);
        if (lag > (byChannel.get(channel)?.lag ?? -1))
          byChannel.set(channel, { connection: connection.id, lag });
        if (lag > (byConnection.get(connection.id)?.lag ?? -1))
          byConnection.set(connection.id, { connection, channel, lag });
      }
    }
    return new Lags(byChannel, byConnection);
  }
}

/** Where channels end; each is asked for once. */
export class Heads {
  readonly #hub: Services["hub"];
  readonly #log: Services["log"];
  readonly #known = new Map<string, Offset>();

  constructor(hub: Services["hub"], log: Services["log"]) {
    this.#hub = hub;
    this.#log = log;
  }

  /** How far a reader is behind its channel's head, in offsets; 0 for one whose beginning is not known yet. */
  async lagOf({ channel, cursor, state }: Reader): Promise<number> {
    if (cursor === undefined || state !== "catching-up") return 0;
    return Math.max(0, (await this.#of(channel)) - cursor.offset);
  }

  async #of(channel: string): Promise<Offset> {
    // One that is followed costs no look at the log.
    const known = this.#hub.newestOf(channel) ?? this.#known.get(channel);
    if (known !== undefined) return known;
    const { head } = await this.#log.describe(channel);
    this.#known.set(channel, head);
    return head;
  }
}
