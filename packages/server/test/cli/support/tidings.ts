import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The command line as it is built. */
export const MAIN: string = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

export interface StartOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running `tidings` command. */
export class Running implements AsyncDisposable {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  stdout = "";
  stderr = "";
  #wake: () => void = () => undefined;

  constructor(args: readonly string[], { cwd, env = {} }: StartOptions = {}) {
    // Nothing of the machine's own settings, so that tests are the same everywhere.
    const clean = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(?:TIDINGS_|NO_COLOR|FORCE_COLOR)/.test(name)),
    );
    this.process = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...clean, ...env } });
    this.process.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
      this.#wake();
    });
    this.process.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
      this.#wake();
    });
    // A command that ends before it has read its input is one of the cases.
    this.process.stdin.on("error", () => undefined);
    this.ended = once(this.process, "close").then(([code, signal]) => {
      this.#wake();
      return {
        code: code as number | null,
        signal: signal as NodeJS.Signals | null,
        stdout: this.stdout,
        stderr: this.stderr,
      };
    });
  }

  /** Waits until what it wrote satisfies this; rejects when it ends without. */
  async until(isThere: (running: this) => boolean): Promise<void> {
    while (!isThere(this)) {
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        await this.ended;
        if (isThere(this)) return;
        throw new Error(
          `the command ended before that\n--- stdout\n${this.stdout}\n--- stderr\n${this.stderr}`,
        );
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Lines of standard output, each a JSON object. */
  get objects(): readonly Record<string, unknown>[] {
    return objectsIn(this.stdout.slice(0, this.stdout.lastIndexOf("\n") + 1));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill("SIGKILL");
    await this.ended;
  }
}

/** Runs a command to its end. */
export async function tidings(
  args: readonly string[],
  options: StartOptions & { readonly stdin?: string | Buffer } = {},
): Promise<Ended> {
  await using running = new Running(args, options);
  running.process.stdin.end(options.stdin ?? "");
  return await running.ended;
}

export function objectsIn(text: string): readonly Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** A server, started by `tidings serve`, that can be killed and started again on the same port and data. */
export interface Served extends AsyncDisposable {
  readonly url: string;
  /** `TIDINGS_URL`, for the other commands. */
  readonly env: Readonly<Record<string, string>>;
  readonly process: Running;
  /** Without a word, as a power cut would. */
  kill(): Promise<void>;
  startAgain(): Promise<void>;
}

export async function serve(...flags: readonly string[]): Promise<Served> {
  return serveWith({}, ...flags);
}

/** The same with an environment of its own. */
export async function serveWith(
  env: Readonly<Record<string, string>>,
  ...flags: readonly string[]
): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), "tidings-cli-"));
  const start = async (port: string): Promise<Running> => {
    const running = new Running(
      ["serve", "--port", port, "--data", "./data", "--log-format", "json", "--drain", "0", ...flags],
      { cwd: folder, env },
    );
    await running.until(({ stdout }) => stdout.includes('"listening"'));
    return running;
  };
  let running = await start("0");
  const url = /"url":"([^"]+)"/.exec(running.stdout)?.[1] ?? "";
  const kill = async (): Promise<void> => {
    running.process.kill("SIGKILL");
    await running.ended;
  };
  return {
    url,
    env: { TIDINGS_URL: url },
    get process() {
      return running;
    },
    kill,
    async startAgain() {
      running = await start(new URL(url).port);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** All messages of a channel, as a page gives them. */
export async function messagesOf(
  served: { readonly url: string },
  channel: string,
): Promise<readonly Record<string, unknown>[]> {
  const messages: Record<string, unknown>[] = [];
  for (let since = "earliest"; ;) {
    const response = await fetch(`${served.url}/channels/${channel}?since=${since}`);
    const page = (await response.json()) as {
      messages: Record<string, unknown>[];
      cursor: string;
      caughtUp: boolean;
    };
    messages.push(...page.messages);
    if (page.caughtUp) return messages;
    since = page.cursor;
  }
}
