import { setTimeout as delay } from "node:timers/promises";
import { RedisSentinel } from "./redis-sentinel.ts";
import { RedisServer } from "./redis-server.ts";

/** Redis tells nobody outside when it is whole again: it is asked, after so many milliseconds each time. */
const ASK_MS = 50;

/** A master with one replica, and three sentinels that have the replica take over when the master is gone. */
export class SentinelGroup implements AsyncDisposable {
  readonly #servers: readonly [RedisServer, RedisServer];
  readonly #sentinels: readonly RedisSentinel[];
  /** The one that is the master, as far as is known here. */
  #master: RedisServer;

  /** @param settings of both servers, as `redis.conf` has them. */
  static async start(settings: Readonly<Record<string, string>> = {}): Promise<SentinelGroup> {
    const master = await RedisServer.start({ settings: { ...settings, "repl-diskless-sync-delay": "0" } });
    const replica = await RedisServer.start({
      settings: { ...settings, "repl-diskless-sync-delay": "0", replicaof: `127.0.0.1 ${master.port}` },
    });
    const sentinels = await RedisSentinel.startSeveral(3, master, [replica]);
    const group = new SentinelGroup([master, replica], sentinels);
    await group.whole();
    return group;
  }

  private constructor(servers: readonly [RedisServer, RedisServer], sentinels: readonly RedisSentinel[]) {
    this.#servers = servers;
    this.#sentinels = sentinels;
    [this.#master] = servers;
  }

  get url(): `redis+sentinel://${string}` {
    return `redis+sentinel://${this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}/mymaster`;
  }

  get master(): RedisServer {
    return this.#master;
  }

  get replica(): RedisServer {
    const [first, second] = this.#servers;
    return this.#master === first ? second : first;
  }

  /** How often the replica has taken over so far. */
  get failovers(): number {
    return Math.max(...this.#sentinels.map(({ failovers }) => failovers));
  }

  /** Resolves once the replica has all that the master had when this was called. */
  async settled(): Promise<void> {
    let had: { readonly master: RedisServer; readonly offset: number } | undefined;
    for (;;) {
      // It may be another one by now, where sentinels got no time to look.
      const master = await this.#agreed();
      if (had?.master !== master) {
        const offset = await offsetOf(master, "master_repl_offset");
        had = offset === undefined ? undefined : { master, offset };
      }
      const has = await offsetOf(this.replica, "slave_repl_offset");
      if (had !== undefined && has !== undefined && has >= had.offset) return;
      await delay(ASK_MS);
    }
  }

  /** From now on nothing reaches the replica. Sentinels put up with it for some seconds. */
  async detachReplica(): Promise<void> {
    // To where nobody is.
    await this.replica.command("REPLICAOF", "127.0.0.1", "1");
  }

  /** Has the replica take over while the master is well. Resolves before it has. */
  async failOver(): Promise<void> {
    await this.#sentinels[0]?.failOver();
  }

  /** Brings the master that was killed back as the replica of the server that has taken over. */
  async bringBack(): Promise<void> {
    const killed = this.#master;
    while ((await this.#agreed()) === killed) await delay(ASK_MS);
    await killed.start({ replicaof: `127.0.0.1 ${this.#master.port}` });
    await this.whole();
  }

  /** Resolves once all sentinels name the same master, and the other server is its replica and has what it has. */
  async whole(): Promise<void> {
    for (;;) {
      const master = await this.#agreed();
      const role = await this.replica.command("ROLE").catch(() => "");
      if (/slave\r\n.*connected\r\n/s.test(role) && role.includes(`:${master.port}\r\n`)) break;
      await delay(ASK_MS);
    }
    await this.settled();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The sentinels first: they would have somebody take over.
    for (const each of [...this.#sentinels, ...this.#servers]) await each[Symbol.asyncDispose]();
  }

  /** The master, as soon as all sentinels name the same. */
  async #agreed(): Promise<RedisServer> {
    for (;;) {
      const ports = new Set(
        await Promise.all(this.#sentinels.map((each) => each.masterPort().catch(() => 0))),
      );
      const [port] = ports;
      const found = this.#servers.find((server) => server.port === port);
      if (ports.size === 1 && found !== undefined) return (this.#master = found);
      await delay(ASK_MS);
    }
  }
}

/** `undefined` where it does not say: it is not that now, or a sentinel has ended the connection, as it does with a new role. */
async function offsetOf(server: RedisServer, field: string): Promise<number | undefined> {
  const info = await server.command("INFO", "replication").catch(() => "");
  const [, offset] = new RegExp(`${field}:(\\d+)`).exec(info) ?? [];
  return offset === undefined ? undefined : Number(offset);
}
