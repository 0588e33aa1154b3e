import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { EvaluationEvent } from "../../kit/wire.ts";

type Type = EvaluationEvent["type"];
type Of<Kind extends Type> = Extract<EvaluationEvent, { readonly type: Kind }>;

/** What a test may send: anything, also what is no command. */
export interface Sent {
  readonly id?: string;
  readonly type?: unknown;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** An evaluation in a process of its own, with a host that speaks to it by fd 3 and 4, and a folder for its run. */
export class Host implements AsyncDisposable {
  readonly events: EvaluationEvent[] = [];
  /** Lines of stdout and stderr, with their levels. */
  readonly lines: string[] = [];
  readonly directory: string;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #ended = false;
  #ids = 0;

  static async start(program: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Host> {
    return new Host(program, parameters, await mkdtemp(join(tmpdir(), "evaluation-test-")));
  }

  private constructor(program: string, parameters: Readonly<Record<string, unknown>>, directory: string) {
    this.directory = directory;
    this.#child = spawn(process.execPath, [...process.execArgv, program], {
      cwd: directory,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      env: {
        ...process.env,
        EVAL_ID: "test-1",
        EVAL_RUN_DIR: directory,
        EVAL_PARAMETERS: JSON.stringify(parameters),
      },
    });
    for (const fd of [1, 2]) this.#read(fd, (line) => this.lines.push(line));
    this.#read(3, (line) => this.events.push(JSON.parse(line) as EvaluationEvent));
    // A command that comes after the end finds nobody; the test sees that by its reply, which does not come.
    (this.#child.stdio[4] as Writable).on("error", () => {});
    this.exited = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => {
        this.#ended = true;
        resolve({ code, signal });
        for (const check of this.#waiting) check();
      });
    });
  }

  #read(fd: number, each: (line: string) => void): void {
    createInterface({ input: this.#child.stdio[fd] as Readable }).on("line", (line) => {
      each(line);
      for (const check of [...this.#waiting]) check();
    });
  }

  /** Resolves once `look` finds something; fails when the process ends before. */
  until<Found>(what: string, look: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = look();
        if (found === undefined && !this.#ended) return;
        this.#waiting.delete(check);
        if (found === undefined) {
          reject(new Error(`${what} did not come; the last lines are:\n${this.lines.slice(-12).join("\n")}`));
        } else resolve(found);
      };
      this.#waiting.add(check);
      check();
    });
  }

  all<Kind extends Type>(type: Kind): Of<Kind>[] {
    return this.events.filter((event): event is Of<Kind> => event.type === type);
  }

  /** The next event of `type` that `fits`, of those after the first `after` events. */
  event<Kind extends Type>(
    type: Kind,
    fits: (event: Of<Kind>) => boolean = () => true,
    after = 0,
  ): Promise<Of<Kind>> {
    return this.until(type, () =>
      this.events
        .slice(after)
        .find((event): event is Of<Kind> => event.type === type && fits(event as Of<Kind>)),
    );
  }

  /** Sends a command, and resolves with its reply. */
  command(command: Sent): Promise<Of<"reply">> {
    this.#ids += 1;
    const id = command.id ?? `c${this.#ids}`;
    this.write(`${JSON.stringify({ ...command, id })}\n`);
    return this.event("reply", (reply) => reply.id === id);
  }

  write(text: string): void {
    (this.#child.stdio[4] as Writable).write(text);
  }

  /** The platform goes away. */
  hangUp(): void {
    this.#child.stdio[4]?.destroy();
  }

  stop(): void {
    this.#child.kill("SIGTERM");
  }

  artifact(name: string): Promise<Buffer> {
    return readFile(join(this.directory, "artifacts", name));
  }

  get result(): unknown {
    return this.all("result").at(-1)?.data;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The program of one of the evaluations that ship with the example. */
export function shipped(name: string): string {
  return join(import.meta.dirname, "../../evaluations", name, "main.ts");
}

export const folder = dirname(import.meta.filename);
