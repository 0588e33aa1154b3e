import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** What a process answers, by name; input and answers are JSON. */
export type Calls<C> = { readonly [Name in keyof C]: (...input: never[]) => unknown };

export interface CallMessage {
  readonly id: number;
  readonly name: string;
  readonly input: readonly unknown[];
}

/** What it answers a call with. */
export interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** A process of the lab's, which answers calls and ends with this one. */
export class Child<C extends Calls<C>> {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<
    number,
    {
      readonly resolve: (value: unknown) => void;
      readonly reject: (error: Error) => void;
    }
  >();
  #ids = 0;
  /** Resolves with how it ended: `exit code 1`, `SIGKILL`. */
  readonly ended: Promise<string>;

  /** @param script a compiled module, such as `new URL("./main.js", import.meta.url)` */
  constructor(script: URL) {
    this.#process = fork(script, { execArgv: [], stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#process.on("message", (reply: Reply) => {
      const waiting = this.#waiting.get(reply.id);
      this.#waiting.delete(reply.id);
      if (reply.error === undefined) waiting?.resolve(reply.value);
      else waiting?.reject(new Error(reply.error));
    });
    // Such as a call that it did not live to take: told by its end.
    this.#process.on("error", () => undefined);
    this.ended = endOf(this.#process).then((how) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the process ended (${how}).`));
      this.#waiting.clear();
      return how;
    });
  }

  /** @throws {Error} what the call threw there; or that the process has ended */
  async call<Name extends keyof C & string>(
    name: Name,
    ...input: Parameters<C[Name]>
  ): Promise<Awaited<ReturnType<C[Name]>>> {
    const id = ++this.#ids;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    if (this.#process.connected) this.#process.send({ id, name, input } satisfies CallMessage);
    else this.#waiting.get(id)?.reject(new Error("the process has ended."));
    return (await answer) as Awaited<ReturnType<C[Name]>>;
  }

  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.ended;
  }
}

/** Resolves with how a process ended, or why there is none. */
export async function endOf(child: ChildProcess): Promise<string> {
  if (child.exitCode !== null || child.signalCode !== null) return howOf(child.exitCode, child.signalCode);
  try {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    return howOf(code, signal);
  } catch (error) {
    return (error as Error).message;
  }
}

function howOf(code: number | null, signal: NodeJS.Signals | null): string {
  return signal ?? `exit code ${code}`;
}
