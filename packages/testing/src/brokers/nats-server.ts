import { spawnSync } from "node:child_process";
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownPort } from "@tidings/fault-proxy";
import { BrokerProcess } from "./broker-process.ts";

export interface NatsServerOptions {
  /** Lines of `nats-server.conf` beside port, address and folder. Default: none. */
  readonly config?: string;
  /** What goes before the host in its URL, such as `user:password@`. Default: nothing. */
  readonly credentials?: string;
  /** Of one that is in a cluster: its name there, where it talks to the others, and where they are. Default: in none. */
  readonly member?: { readonly name: string; readonly routePort: number; readonly routes: readonly number[] };
  /** Whether it speaks TLS; `config` names its certificate. Default false. */
  readonly isTls?: boolean;
  /** What the configuration has of JetStream beside its folder; `null`: it has none. Default nothing. */
  readonly jetStream?: string | null;
}

/** Whether `nats-server` is installed: what needs it is skipped by name elsewhere. With `REQUIRE_ALL` it has to be. */
export function hasNats(): boolean {
  return isSet("REQUIRE_ALL") || isSet("CI") || spawnSync("nats-server", ["--version"]).status === 0;
}

/** A nats-server with JetStream of a test's own: a process with a port and a folder that go with it. */
export class NatsServer implements AsyncDisposable {
  readonly port: number;
  readonly #options: NatsServerOptions;
  readonly #process: BrokerProcess;

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(await ownPort(), await BrokerProcess.create("nats-server"), options);
    await server.start();
    return server;
  }

  private constructor(port: number, process: BrokerProcess, options: NatsServerOptions) {
    this.port = port;
    this.#process = process;
    this.#options = options;
  }

  get url(): `nats://${string}` | `tls://${string}` {
    const { isTls, credentials = "" } = this.#options;
    return `${isTls === true ? "tls" : "nats"}://${credentials}127.0.0.1:${this.port}`;
  }

  /** In its cluster; empty where it is in none. */
  get name(): string {
    return this.#options.member?.name ?? "";
  }

  /** Starts it, again after it was killed: on the same port, with what its folder has. */
  async start(): Promise<void> {
    const path = join(this.#process.folder, "nats-server.conf");
    const { config = "", jetStream = "" } = this.#options;
    const store = jetStream === null ? "" : `jetstream { store_dir: "${this.#store}", ${jetStream} }`;
    const { member } = this.#options;
    const routes = member?.routes.map((port) => `"nats://127.0.0.1:${port}"`).join(", ");
    const cluster =
      member === undefined
        ? ""
        : `server_name: ${member.name}\ncluster { name: test, listen: "127.0.0.1:${member.routePort}", routes: [${routes}] }`;
    await writeFile(path, `listen: "127.0.0.1:${this.port}"\n${store}\n${cluster}\n${config}\n`);
    await this.#process.start(["-c", path], "Server is ready");
  }

  /** Of one that was killed: keeps what its disk has aside, so that it can be put back as it is now. */
  async save(): Promise<{ readonly restore: () => Promise<void> }> {
    const saved = join(this.#process.folder, "saved");
    await cp(this.#store, saved, { recursive: true });
    return {
      restore: async () => {
        await rm(this.#store, { recursive: true });
        await cp(saved, this.#store, { recursive: true });
      },
    };
  }

  /** Sends its process a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal);
  }

  /** Ends it where it stands. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  get #store(): string {
    return join(this.#process.folder, "store");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#process[Symbol.asyncDispose]();
  }
}

function isSet(name: string): boolean {
  return !["", "0", "false", undefined].includes(process.env[name]);
}
