import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Logger } from "pino";
import { LAB_BOUNDS } from "./bounds.ts";
import { readMetrics } from "./metrics.ts";
import { endOf } from "./processes/child.ts";
import type { TargetFigures } from "./shapes.ts";

const MAIN = new URL("./processes/target-main.js", import.meta.url);
/** How long it may take to start, in milliseconds. */
const START_MS = 20_000;
const WARNING = 40;
/** Of the server that is measured: all readers, and a browser's. */
const MAX_CONNECTIONS = 2 * LAB_BOUNDS.maxAllReaders;
/** What a run's channel keeps. Above all that a run can publish in the time that faults last, and bounded, as it is on disk. */
const RETENTION = {
  maxMessages: LAB_BOUNDS.maxRate * (LAB_BOUNDS.maxRunMs / 1_000),
  maxBytes: 268_435_456,
  maxAgeMs: 2 * LAB_BOUNDS.maxRunMs,
};

export interface TargetOptions {
  /** A folder of its own. */
  readonly folder: string;
  readonly port: number;
  /** Whose pages may read from it. */
  readonly origins: readonly string[];
  readonly logger: Logger;
  /** It ended, and nobody had asked it to. */
  readonly onEnded: (how: string) => void;
}

/** The server that is measured: `tidings serve` on a durable log, a process of its own that can be killed. */
export class Target {
  readonly url: string;
  readonly #options: TargetOptions;
  #process: ChildProcess | undefined;
  #state: TargetFigures["state"] = "starting";
  #starts = 0;
  #figures: Partial<TargetFigures> = {};
  #cpu: { readonly atMs: number; readonly seconds: number } | undefined;

  constructor(options: TargetOptions) {
    this.#options = options;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  get figures(): TargetFigures {
    const { pid } = this.#process ?? {};
    return {
      ...(pid === undefined ? {} : { pid }),
      ...this.#figures,
      state: this.#state,
      restarts: Math.max(0, this.#starts - 1),
    };
  }

  /**
   * Resolves once it listens; at once where it does.
   *
   * @throws {Error} where it ends before, or takes too long
   */
  async start(): Promise<void> {
    if (this.#process !== undefined) return;
    this.#state = "starting";
    this.#starts++;
    const child = fork(MAIN, this.#flags(), {
      execArgv: [],
      cwd: this.#options.folder,
      env: cleanEnvironment(),
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    this.#process = child;
    child.on("error", () => undefined);
    const ended = endOf(child);
    const isListening = Promise.withResolvers<void>();
    createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> }).on("line", (line) => {
      if (line.includes('"msg":"listening"')) isListening.resolve();
      else this.#tell(line);
    });
    void ended.then((how) => {
      isListening.reject(new Error(`the server that is measured ended as it started (${how}).`));
      if (this.#process !== child) return;
      this.#process = undefined;
      const wasUp = this.#state === "up";
      this.#state = "ended";
      this.#figures = {};
      if (wasUp) this.#options.onEnded(how);
    });
    const late = setTimeout(
      () => isListening.reject(new Error("the server that is measured does not start.")),
      START_MS,
    );
    try {
      await isListening.promise;
    } catch (error) {
      await this.#end();
      throw error;
    } finally {
      clearTimeout(late);
    }
    this.#cpu = undefined;
    this.#state = "up";
  }

  /** With SIGKILL, as a crash or a power cut would end it. */
  async kill(): Promise<void> {
    await this.#end();
    this.#state = "killed";
    this.#figures = {};
  }

  /** Asks it how it is; what cannot be known is left out. */
  async measure(): Promise<void> {
    if (this.#state !== "up") return;
    try {
      const response = await fetch(`${this.url}/metrics`, { signal: AbortSignal.timeout(1_000) });
      const metrics = readMetrics(await response.text());
      // Killed meanwhile.
      if (this.#state === "up") this.#figures = this.#figuresOf(metrics);
    } catch {
      // It may be killed at any moment, and is told to be then.
    }
  }

  #figuresOf(metrics: ReturnType<typeof readMetrics>): Partial<TargetFigures> {
    const { cpuSeconds, rssBytes, sockets, connections } = metrics;
    const atMs = performance.now();
    const before = this.#cpu;
    this.#cpu = { atMs, seconds: cpuSeconds };
    return {
      rssBytes,
      sockets,
      connections,
      ...(before === undefined
        ? {}
        : {
            cpuPercent: Number(((100_000 * (cpuSeconds - before.seconds)) / (atMs - before.atMs)).toFixed(1)),
          }),
    };
  }

  async #end(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    child.kill("SIGKILL");
    await endOf(child);
  }

  #flags(): string[] {
    const { folder, port, origins } = this.#options;
    return [
      folder,
      ...["--host", "127.0.0.1", "--port", String(port)],
      ...["--log", "lmdb", "--data", join(folder, "data"), "--drain", "0"],
      // Payloads of one letter would come as nothing: what is measured is what transports add.
      ...["--compression", "off", "--log-format", "json", "--log-level", "info"],
      // All readers come from one address.
      ...["--limit", "maxConnectionsPerAddress=Infinity", "--limit", "maxConnectsPerSecond=Infinity"],
      ...["--limit", `maxConnections=${MAX_CONNECTIONS}`],
      ...origins.flatMap((origin) => ["--cors-origin", origin]),
    ];
  }

  #tell(line: string): void {
    try {
      const { level, msg } = JSON.parse(line) as { readonly level: number; readonly msg: string };
      if (level >= WARNING) this.#options.logger.warn({ by: "the server that is measured" }, msg);
    } catch {
      // Cut off by a kill.
    }
  }
}

/** Without the settings of whoever starts the lab: they are for a server of theirs. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("TIDINGS_"));
  const policies = [{ pattern: "lab/**", retention: RETENTION }];
  return { ...Object.fromEntries(others), TIDINGS_POLICIES: JSON.stringify(policies) };
}
