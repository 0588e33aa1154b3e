import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A program of this folder in a process of its own, which ends with whoever started it. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  /** The first line that it printed. */
  readonly said: string;

  private constructor(process: ChildProcess, said: string) {
    this.#process = process;
    this.said = said;
  }

  static async start(name: string, ...args: readonly string[]): Promise<Child> {
    const child = fork(fileURLToPath(new URL(`${name}.ts`, import.meta.url)), args, {
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    let said = "";
    for await (const chunk of child.stdout ?? []) {
      said += String(chunk);
      if (said.includes("\n")) break;
    }
    if (!said.includes("\n")) throw new Error(`${name} ended and said ${JSON.stringify(said)}`);
    return new Child(child, said.trim());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await exited;
  }
}
