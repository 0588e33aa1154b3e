import { spawnSync } from "node:child_process";
import { ownPort } from "@tidings/fault-proxy";
import { BrokerProcess } from "./broker-process.ts";
import { ask } from "./redis-command.ts";

export interface RedisServerOptions {
  /** As `redis.conf` has it, such as `{ appendonly: "yes" }`. Default: nothing is kept on disk. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether it speaks TLS alone; `settings` name its certificate. Default false. */
  readonly isTls?: boolean;
  /** Where nodes of a cluster talk to it. */
  readonly busPort?: number;
}

/** Whether `redis-server` is installed: what needs it is skipped by name elsewhere. With `REQUIRE_ALL` it has to be. */
export function hasRedis(): boolean {
  return isSet("REQUIRE_ALL") || isSet("CI") || spawnSync("redis-server", ["--version"]).status === 0;
}

/** A redis-server of a test's own: a process with a port and a folder that go with it. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #process: BrokerProcess;

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await ownPort(), await BrokerProcess.create("redis-server"), options);
    await server.start();
    return server;
  }

  private constructor(port: number, process: BrokerProcess, options: RedisServerOptions) {
    this.port = port;
    this.#process = process;
    this.#options = options;
  }

  get url(): `redis${string}://${string}` {
    return `redis${this.#options.isTls === true ? "s" : ""}://127.0.0.1:${this.port}`;
  }

  /** 0 where it is in no cluster. */
  get busPort(): number {
    return this.#options.busPort ?? 0;
  }

  /** Starts it, again after it was killed: on the same port, with what its folder has. `settings`: what is other this time. */
  async start(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const all = {
      ...(this.#options.isTls === true
        ? { port: "0", "tls-port": String(this.port) }
        : { port: String(this.port) }),
      bind: "127.0.0.1",
      dir: this.#process.folder,
      save: "",
      appendonly: "no",
      ...this.#options.settings,
      ...settings,
    };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
    await this.#process.start(args, "Ready to accept connections");
  }

  /** Sends its process a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** Ends it where it stands. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Resolves once it has said something with a word in it. */
  said(word: string): Promise<void> {
    return this.#process.said(word);
  }

  /** Sends one command by a connection of its own; answers as the protocol has it (RESP2). */
  async command(...words: readonly string[]): Promise<string> {
    return ask(this.port, words);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

function isSet(name: string): boolean {
  return !["", "0", "false", undefined].includes(process.env[name]);
}
