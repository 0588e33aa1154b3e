import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownPort } from "@tidings/fault-proxy";
import { BrokerProcess } from "./broker-process.ts";
import { ask } from "./redis-command.ts";
import type { RedisServer } from "./redis-server.ts";

/** Of one among several: how they find each other without waiting to be told. */
interface Member {
  readonly port: number;
  readonly id: string;
}

/** One sentinel that watches one master, called `mymaster`, and has a replica take over half a second after it is gone. */
export class RedisSentinel implements AsyncDisposable {
  readonly port: number;
  readonly #process: BrokerProcess;

  /** One that decides by itself. */
  static async start(master: RedisServer): Promise<RedisSentinel> {
    const [sentinel] = await RedisSentinel.startSeveral(1, master);
    return sentinel as RedisSentinel;
  }

  /** So many, most of whom have to agree. They know the replicas that are named, and find others by themselves. */
  static async startSeveral(
    count: number,
    master: RedisServer,
    replicas: readonly RedisServer[] = [],
  ): Promise<readonly RedisSentinel[]> {
    const members: Member[] = [];
    while (members.length < count)
      members.push({ port: await ownPort(), id: randomBytes(20).toString("hex") });
    const quorum = Math.floor(count / 2) + 1;
    const common = [
      `sentinel monitor mymaster 127.0.0.1 ${master.port} ${quorum}`,
      "sentinel down-after-milliseconds mymaster 500",
      "sentinel failover-timeout mymaster 2000",
      ...replicas.map(({ port }) => `sentinel known-replica mymaster 127.0.0.1 ${port}`),
    ];
    return Promise.all(
      members.map((own) => {
        const others = members.filter((each) => each !== own);
        const known = others.map(
          ({ port, id }) => `sentinel known-sentinel mymaster 127.0.0.1 ${port} ${id}`,
        );
        return RedisSentinel.#startOne(own, [...common, ...known]);
      }),
    );
  }

  static async #startOne({ port, id }: Member, lines: readonly string[]): Promise<RedisSentinel> {
    const sentinel = new RedisSentinel(port, await BrokerProcess.create("redis-server"));
    const { folder } = sentinel.#process;
    // It writes down there what it finds out.
    const file = join(folder, "sentinel.conf");
    const own = [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`, `sentinel myid ${id}`];
    await writeFile(file, `${[...own, ...lines].join("\n")}\n`);
    await sentinel.#process.start([file, "--sentinel"], "+monitor");
    return sentinel;
  }

  private constructor(port: number, process: BrokerProcess) {
    this.port = port;
    this.#process = process;
  }

  get url(): `redis+sentinel://${string}` {
    return `redis+sentinel://127.0.0.1:${this.port}/mymaster`;
  }

  /** How often it has said so far that another server is the master. */
  get failovers(): number {
    return this.#process.times("+switch-master");
  }

  /** The port of the server that it takes for the master. */
  async masterPort(): Promise<number> {
    const reply = await ask(this.port, ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"]);
    return Number(reply.split("\r\n")[4]);
  }

  /** Has a replica take over, whatever the others say. Resolves before it has. */
  async failOver(): Promise<void> {
    await ask(this.port, ["SENTINEL", "FAILOVER", "mymaster"]);
  }

  /** Resolves once what it says of itself has a word in it. */
  said(word: string): Promise<void> {
    return this.#process.said(word);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
