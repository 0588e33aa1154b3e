import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectClient, type Tidings } from "@tidings/client";
import type { LabResults, LabState } from "../../../../src/cli/lab/shapes.ts";
import { Running } from "../../support/tidings.ts";

/** What the commands answer; a fault with its code. */
type Answer = LabState & { readonly code?: string; readonly detail?: string };

/** `tidings lab`, as it is started on a command line, in a temporary folder of its own. */
export class LabUnderTest implements AsyncDisposable {
  readonly running: Running;
  readonly url: string;
  readonly #folder: string;
  readonly #client: Tidings;

  static async start(): Promise<LabUnderTest> {
    const folder = await mkdtemp(join(tmpdir(), "tidings-lab-test-"));
    const running = new Running(["lab", "--port", "0"], { env: { TMPDIR: folder } });
    await running.until(({ stdout }) => stdout.includes("Ctrl+C"));
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(running.stdout)?.[0] ?? "";
    return new LabUnderTest(running, url, folder);
  }

  private constructor(running: Running, url: string, folder: string) {
    this.running = running;
    this.url = url;
    this.#folder = folder;
    this.#client = connectClient(url);
  }

  async command(name: string, input?: unknown): Promise<Answer> {
    const response = await fetch(`${this.url}/commands/${name}`, {
      method: "POST",
      ...(input === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(input) }),
    });
    return (await response.json()) as Answer;
  }

  /** Waits for results of which this holds. */
  async until(holds: (results: LabResults) => boolean): Promise<LabResults> {
    const options = { last: 1 };
    for await (const { data } of this.#client
      .channel<{ results: LabResults }>("lab/results")
      .messages(options))
      if (holds(data)) return data;
    throw new Error("the results ended before that.");
  }

  /** The processes that it has started. */
  async pids(): Promise<readonly number[]> {
    const { target, processes } = (await this.command("lab.state")).results;
    return [target.pid, processes.load?.pid, processes.paths?.pid].filter((pid) => pid !== undefined);
  }

  /** What it has left in the temporary folder. */
  async leftovers(): Promise<readonly string[]> {
    return readdir(this.#folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.running[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

/** Resolves once none of these processes is there: those of a killed parent are nobody's to wait for. */
export async function ended(pids: readonly number[]): Promise<void> {
  while (pids.some(isThere)) await new Promise((resolve) => setTimeout(resolve, 5));
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
