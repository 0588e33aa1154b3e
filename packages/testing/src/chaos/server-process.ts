import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { ownPort } from "@tidings/fault-proxy";
import type { Servers } from "./servers.ts";

const CLI = fileURLToPath(new URL("../../../server/bin/tidings.js", import.meta.url));
/** Everything is kept, so that what was published can be compared with what is there. */
const CONFIG = {
  policies: [{ pattern: "**", retention: { maxMessages: null, maxBytes: null, maxAgeMs: null } }],
};

/** Between two looks whether it is ready, in milliseconds: nothing tells. */
const READY_MS = 50;
/** Of what it says of its own faults, so many are kept. */
const MAX_FAULTS = 20;
/** A server that is not ready for so long, in milliseconds, will not be. */
const UNREADY_MS = 60_000;

/** A real server in a process of its own, at one address and on one folder, through any number of its deaths. */
export class ServerProcess implements Servers {
  readonly url: string;
  /** What it logged with a stack, so that a run that found something can be understood. */
  readonly faults: string[] = [];
  readonly #folder: string;
  readonly #port: number;
  #child: ChildProcess | undefined;
  #up = Promise.withResolvers<void>();
  #isUp = false;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** `config`: what its configuration file says beside that. */
  static async create(config: Readonly<Record<string, unknown>> = {}): Promise<ServerProcess> {
    const folder = await mkdtemp(join(tmpdir(), "tidings-chaos-"));
    await writeFile(join(folder, "tidings.config.json"), JSON.stringify({ ...CONFIG, ...config }));
    return new ServerProcess(folder, await ownPort());
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether the server answers, as far as it was not ended by somebody else. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Its URL, as soon as the server answers; at once where it does. */
  async next(): Promise<string> {
    await this.#up.promise;
    return this.url;
  }

  /**
   * Resolves once `/readyz` says so: a message has travelled through the log and back.
   *
   * @throws {Error} when it has not said so for a minute.
   */
  async ready(): Promise<void> {
    const untilMs = performance.now() + UNREADY_MS;
    for (;;) {
      // Of several processes the one that was asked may just be gone.
      const response = await fetch(`${this.url}/readyz`).catch((error: unknown) => error as Error);
      const text = response instanceof Error ? response.message : await response.text();
      if (!(response instanceof Error) && response.status === 200) return;
      if (performance.now() > untilMs) throw new Error(`the server does not become ready: ${text}`);
      await pause(READY_MS);
    }
  }

  async start(): Promise<void> {
    const args = [
      "serve",
      "--config",
      join(this.#folder, "tidings.config.json"),
      "--data",
      join(this.#folder, "data"),
    ];
    const child = spawn(
      process.execPath,
      [CLI, ...args, "--port", String(this.#port), "--log-format", "json"],
      {
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    this.#child = child;
    let said = "";
    const answered = Promise.withResolvers<void>();
    for (const output of [child.stdout, child.stderr])
      createInterface({ input: output }).on("line", (line) => {
        if (said.length < 65_536) said += `${line}\n`;
        if (line.includes(this.url)) answered.resolve();
        if (line.includes('"stack":') && this.faults.length < MAX_FAULTS) this.faults.push(line);
      });
    child.once("exit", (code, signal) =>
      answered.reject(new Error(`the server ended (${code ?? signal}): ${said}`)),
    );
    await answered.promise;
    this.#isUp = true;
    this.#up.resolve();
  }

  /** As the kernel would, or a power cut: nothing in the process gets to run. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** As a deploy does: it sends its connections away, and ends by itself. */
  async drain(): Promise<void> {
    await this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    this.#isUp = false;
    this.#up = Promise.withResolvers<void>();
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
