import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { MAIN } from "./tidings.ts";

/** Whether `script` (util-linux) is here, which gives a program a terminal. */
export const hasTerminal: boolean = spawnSync("script", ["--version"]).status === 0;

// oxlint-disable-next-line no-control-regex -- once it has asked, readline puts the cursor behind the question
const ASKED = /\] \u001b\[\d+G$/;

/** A running `tidings` command that a person types into. */
export class Terminal implements AsyncDisposable {
  readonly ended: Promise<number>;
  output = "";
  readonly #process: ChildProcessWithoutNullStreams;
  /** How much of the output was there when the last answer was typed. */
  #answered = 0;
  #wake: () => void = () => undefined;

  constructor(...args: readonly string[]) {
    const command = [process.execPath, MAIN, ...args].join(" ");
    this.#process = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      env: { ...process.env, NO_COLOR: "1", TERM: "xterm" },
    });
    this.#process.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
      this.#wake();
    });
    this.ended = once(this.#process, "close").then(([code]) => {
      this.#wake();
      return code as number;
    });
  }

  /** Waits for a question, and types what answers it. */
  async type(text: string): Promise<void> {
    while (!ASKED.test(this.output.slice(this.#answered))) {
      if (this.#process.exitCode !== null) throw new Error(`it ended before that:\n${this.output}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    this.#answered = this.output.length;
    this.#process.stdin.write(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended;
  }
}
