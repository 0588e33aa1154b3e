import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPort } from "../own-port.ts";

export interface RedisServerOptions {
  /** As `redis.conf` has it, such as `{ appendonly: "yes" }`. Default: nothing is kept on disk. */
  readonly settings?: Readonly<Record<string, string>>;
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
  readonly #folder: string;
  readonly #options: RedisServerOptions;
  #process: ChildProcess | undefined;

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), "tidings-redis-"));
    const server = new RedisServer(await ownPort(), folder, options);
    await server.start();
    return server;
  }

  private constructor(port: number, folder: string, options: RedisServerOptions) {
    this.port = port;
    this.#folder = folder;
    this.#options = options;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** 0 where it is in no cluster. */
  get busPort(): number {
    return this.#options.busPort ?? 0;
  }

  /** Starts it, again after it was killed: on the same port, with what its folder has. */
  async start(): Promise<void> {
    const { settings = {} } = this.#options;
    const all = {
      port: String(this.port),
      bind: "127.0.0.1",
      dir: this.#folder,
      save: "",
      appendonly: "no",
      "enable-debug-command": "local",
      ...settings,
    };
    const line = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
    const child = spawn("redis-server", line, { stdio: ["ignore", "pipe", "inherit"] });
    this.#process = child;
    let said = "";
    for await (const chunk of child.stdout) {
      said += String(chunk);
      if (said.includes("Ready to accept connections")) break;
    }
    if (!said.includes("Ready to accept connections")) throw new Error(`redis-server did not start: ${said}`);
    child.stdout.resume();
  }

  /** Sends its process a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** Ends it where it stands. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    await exited;
  }

  /** Sends one command by a connection of its own; answers as the protocol has it (RESP2). */
  async command(...words: readonly string[]): Promise<string> {
    const socket = connect(this.port, "127.0.0.1");
    const line = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");
    socket.write(`*${words.length}\r\n${line}`);
    try {
      const [reply] = (await once(socket, "data")) as [Buffer];
      const text = reply.toString();
      if (text.startsWith("-")) throw new Error(text.trim());
      return text;
    } finally {
      socket.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function isSet(name: string): boolean {
  return !["", "0", "false", undefined].includes(process.env[name]);
}
