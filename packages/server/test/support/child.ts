import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A Node process that runs a script and prints lines. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcessByStdio<null, Readable, null>;
  readonly #lines: AsyncIterator<string>;
  readonly exited: Promise<number | null>;

  /** `script` is an ES module's text, which Node knows by its imports. */
  constructor(script: string, flags: readonly string[] = [], args: readonly string[] = []) {
    // Its own flags only: those of the test runner are not for it.
    const env = { ...process.env, NODE_OPTIONS: "" };
    this.#process = spawn(process.execPath, [...flags, "-e", script, ...args], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.exited = new Promise((resolve) => this.#process.once("exit", resolve));
  }

  /** The next line; fails where there is none. */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error("the process ended before it printed another line");
    return value;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.exited;
  }
}
