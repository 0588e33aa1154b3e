import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";

import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { connect, type Message, type Tidings } from "@tidings/client";
import { type Platform, type PlatformOptions, startPlatform } from "../../server/index.ts";
import { BASE_PATH, channelOf } from "../../shared/channels.ts";
import { type Evaluation, hasEnded } from "../../shared/evaluation.ts";
import { NODE_ARGUMENTS } from "../../supervisor/node.ts";
import { endProcesses, startOf } from "../../supervisor/processes.ts";
import { type Claim, FILES } from "../../supervisor/run-file.ts";

export const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));
const MAIN = fileURLToPath(new URL("../../server/main.ts", import.meta.url));

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever the server answers: each test looks at what it asked for
  readonly body: any;
}

/** What a test does with a platform, wherever it runs. */
export class Caller {
  url = "";
  #client: Tidings | undefined;

  get client(): Tidings {
    this.#client ??= connect(this.url + BASE_PATH, { tuning: { backoffMs: 10, maxBackoffMs: 100 } });
    return this.#client;
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const response = await fetch(new URL(path, this.url), {
      method,
      headers: { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers },
      redirect: "manual",
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      body: isJson ? (JSON.parse(text) as unknown) : text,
    };
  }

  /** Starts one, and answers its id. */
  async start(kind: string, body: object = {}): Promise<string> {
    const { status, body: made } = await this.ask("POST", "/api/evaluations", { kind, ...body });
    if (status !== 201) throw new Error(`it was not made: ${JSON.stringify(made)}`);
    return (made as Evaluation).id;
  }

  async command(name: string, input: object): Promise<Answer> {
    return this.ask("POST", `${BASE_PATH}/commands/${name}`, input);
  }

  /** All messages of a channel, from its first on, until they are what is waited for. */
  async until(channel: string, isDone: (messages: readonly Message[]) => boolean): Promise<Message[]> {
    const messages: Message[] = [];
    for await (const message of this.client.channel(channel).messages({ since: "earliest", keep: false })) {
      messages.push(message);
      if (isDone(messages)) break;
    }
    return messages;
  }

  /** Resolves once an evaluation was told to be in a state. */
  async reaches(id: string, isThere: (state: Evaluation["state"]) => boolean): Promise<void> {
    await this.until(channelOf(id, "status"), (messages) => {
      const last = messages.at(-1);
      return last?.event === "status" && isThere((last.data as Evaluation).state);
    });
  }

  /** The evaluation, once it has ended and the platform is done with it. */
  async ended(id: string): Promise<Evaluation> {
    await this.reaches(id, hasEnded);
    return (await this.ask("GET", `/api/evaluations/${id}`)).body as Evaluation;
  }

  /** What a channel holds now, by pages. */
  async held(channel: string): Promise<readonly Message[]> {
    const messages: Message[] = [];
    for (let since = "earliest", isWhole = false; !isWhole;) {
      const { body } = await this.ask("GET", `${BASE_PATH}/channels/${channel}?since=${since}`);
      messages.push(...(body.messages as Message[]));
      since = body.cursor as string;
      isWhole = body.caughtUp as boolean;
    }
    return messages;
  }

  protected async closeClient(): Promise<void> {
    this.#client?.close();
  }
}

/** A platform in this process. */
export class HerePlatform extends Caller implements AsyncDisposable {
  readonly data: string;
  readonly #options: PlatformOptions;
  #platform: Platform;

  private constructor(data: string, options: PlatformOptions, platform: Platform) {
    super();
    this.data = data;
    this.#options = options;
    this.#platform = platform;
    this.url = platform.url;
  }

  static async start(options: Partial<PlatformOptions> = {}): Promise<HerePlatform> {
    const data = await mkdtemp(join(tmpdir(), "evals-"));
    const all = { port: 0, data, evaluations: [FIXTURES], drainMs: 0, ...options };
    return new HerePlatform(data, all, await startPlatform(all));
  }

  async restart(): Promise<void> {
    await this.#platform.close();
    this.#platform = await startPlatform({ ...this.#options, port: Number(new URL(this.url).port) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeClient();
    await this.#platform.close();
    await endRuns(this.data);
    await rm(this.data, { recursive: true, force: true });
  }
}

/** A platform in a process of its own, which may be killed. */
export class PlatformProcess extends Caller implements AsyncDisposable {
  readonly data: string;
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(data: string, flags: readonly string[]) {
    super();
    this.data = data;
    this.#arguments = flags;
  }

  static async start(...flags: string[]): Promise<PlatformProcess> {
    const platform = new PlatformProcess(await mkdtemp(join(tmpdir(), "evals-")), flags);
    await platform.begin();
    return platform;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Begins it, or begins it again where it was. */
  async begin(): Promise<void> {
    const port = this.url === "" ? "0" : new URL(this.url).port;
    const child = spawn(
      process.execPath,
      [
        ...NODE_ARGUMENTS,
        MAIN,
        "--json",
        "--port",
        port,
        "--data",
        this.data,
        "--evaluations",
        FIXTURES,
        ...this.#arguments,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    this.#child = child;
    const [line] = (await Promise.race([
      once(createInterface({ input: child.stdout as Readable }), "line"),
      once(child, "exit").then(() => Promise.reject(new Error("the server ended as it began"))),
    ])) as [string];
    this.url = (JSON.parse(line) as { url: string }).url;
  }

  /** Ends it, by default as nothing can prepare for. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeClient();
    await this.kill();
    await endRuns(this.data);
    await rm(this.data, { recursive: true, force: true });
  }
}

/** The supervisor that has a run. */
export async function supervisorOf(data: string, id: string): Promise<Claim> {
  return JSON.parse(await readFile(join(data, "runs", id, FILES.claim), "utf8")) as Claim;
}

/** Whether a process is there, and not only waiting for its parent to look. */
export async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) Z /.test(stat);
}

/** Nothing that a test began is left behind: supervisors, and what they supervise. */
async function endRuns(data: string): Promise<void> {
  for (const id of await readdir(join(data, "runs"))) {
    const claim = await supervisorOf(data, id).catch(() => undefined);
    if (claim?.start !== undefined && claim.start !== null && startOf(claim.pid) === claim.start)
      process.kill(claim.pid, "SIGKILL");
    await endProcesses(id);
  }
}
