import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A process of a broker with a folder that goes with it. */
export class BrokerProcess implements AsyncDisposable {
  readonly folder: string;
  readonly #program: string;
  #child: ChildProcess | undefined;
  #said = "";
  readonly #waiting = new Set<() => void>();

  static async create(program: string): Promise<BrokerProcess> {
    return new BrokerProcess(program, await mkdtemp(join(tmpdir(), `tidings-${program}-`)));
  }

  private constructor(program: string, folder: string) {
    this.#program = program;
    this.folder = folder;
  }

  /** Starts it, again after it was killed; waits until it says that it is ready. */
  async start(args: readonly string[], ready: string): Promise<void> {
    const child = spawn(this.#program, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    // Not to outlive a test run that was stopped.
    const stop = (): void => void child.kill("SIGKILL");
    process.once("exit", stop);
    child.once("exit", () => process.off("exit", stop));
    this.#said = "";
    for (const output of [child.stdout, child.stderr])
      output.on("data", (bytes) => {
        this.#said += String(bytes);
        for (const check of this.#waiting) check();
      });
    const ended = once(child, "exit").then(() => {
      throw new Error(`${this.#program} did not start: ${this.#said}`);
    });
    // Once it runs, its end is no fault.
    ended.catch(() => undefined);
    await Promise.race([this.said(ready), ended]);
  }

  /** Resolves once it has said something with a word in it. */
  said(word: string): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!this.#said.includes(word)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  /** How often a word was in what it has said since it was started. */
  times(word: string): number {
    return this.#said.split(word).length - 1;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** Ends it where it stands. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGCONT");
    child.kill("SIGKILL");
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }
}
