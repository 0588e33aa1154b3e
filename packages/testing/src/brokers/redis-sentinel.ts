import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownPort } from "@tidings/fault-proxy";
import { BrokerProcess } from "./broker-process.ts";
import type { RedisServer } from "./redis-server.ts";

/** One sentinel that watches one master, called `mymaster`, and has its replica take over half a second after it is gone. */
export class RedisSentinel implements AsyncDisposable {
  readonly port: number;
  readonly #process: BrokerProcess;

  static async start(master: RedisServer): Promise<RedisSentinel> {
    const port = await ownPort();
    const sentinel = new RedisSentinel(port, await BrokerProcess.create("redis-server"));
    const { folder } = sentinel.#process;
    // It writes down there what it finds out.
    const file = join(folder, "sentinel.conf");
    const lines = [
      `port ${port}`,
      "bind 127.0.0.1",
      `dir ${folder}`,
      `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
      "sentinel down-after-milliseconds mymaster 500",
      "sentinel failover-timeout mymaster 3000",
    ];
    await writeFile(file, `${lines.join("\n")}\n`);
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

  /** Resolves once what it says of itself has a word in it. */
  said(word: string): Promise<void> {
    return this.#process.said(word);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}
