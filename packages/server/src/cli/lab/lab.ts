import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownPort } from "@tidings/fault-proxy";
import type { Logger } from "pino";
import { CommandError } from "../../commands/index.ts";
import { type FaultInput, type FaultKind, LAB_BOUNDS, type StartInput } from "./bounds.ts";
import { Child } from "./processes/child.ts";
import type { PathsCalls } from "./processes/paths-main.ts";
import { Run } from "./run.ts";
import type { LabResults, LabState, Usage, Wire } from "./shapes.ts";
import { Target } from "./target.ts";
import { LAB_TRANSPORTS, type LabTransport, READER_TRANSPORTS } from "./transports.ts";

const PATHS = new URL("./processes/paths-main.js", import.meta.url);
/** Between two results, in milliseconds. */
const RESULTS_MS = 500;
/** The server is asked with each so manieth. */
const MEASURE_EVERY = 2;
const MAX_NOTES = 20;
/** The fault proxy is started again so often; one that ends more often is not there to be measured through. */
const MAX_PATHS_RESTARTS = 5;
const ALL = LAB_TRANSPORTS.map(({ name }) => name);

/** Ports of the fault proxy: a browser's clients have their own, so that what they take is not counted with the readers'. */
export interface LabPorts {
  readonly target: number;
  readonly readers: Readonly<Record<string, number>>;
  readonly browser: Readonly<Record<string, number>>;
}

/** Chosen before anything listens: whoever serves the page has to name them in its `Content-Security-Policy`. */
export async function choosePorts(): Promise<LabPorts> {
  const ports = async (names: readonly { readonly name: string }[]): Promise<Record<string, number>> =>
    Object.fromEntries(await Promise.all(names.map(async ({ name }) => [name, await ownPort()] as const)));
  return {
    target: await ownPort(),
    readers: await ports(READER_TRANSPORTS),
    browser: await ports(LAB_TRANSPORTS),
  };
}

type LabTimes = Pick<
  Readonly<Record<keyof typeof LAB_BOUNDS, number>>,
  "maxRunMs" | "unwatchedMs" | "maxKilledMs"
>;

export interface LabOptions {
  /** Default those of `LAB_BOUNDS`. */
  readonly times?: LabTimes;
  readonly ports: LabPorts;
  /** Of the pages that may read from the paths. */
  readonly origins: readonly string[];
  readonly logger: Logger;
  /** How many read the results now. */
  readonly watchers: () => Promise<number>;
  readonly onResults: (results: LabResults) => void;
}

/** The lab: a server that can be killed, the paths to it that can be broken, and at most one run of readers. */
export class Lab implements AsyncDisposable {
  readonly #options: LabOptions;
  readonly #folder: string;
  readonly #target: Target;
  #paths: Child<PathsCalls>;
  #pathsRestarts = 0;
  #pathsUsage: Usage | null = null;
  #wires: Readonly<Record<string, Wire>> = {};
  #run: Run | undefined;
  readonly #faults = new Map<FaultKind, { transports: readonly LabTransport[]; readonly onAtMs: number }>();
  #notes: LabResults["notes"] = [];
  /** What is asked for is done one after the other. */
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #watchedAtMs = performance.now();
  #restart: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @throws {Error} where the server or the fault proxy cannot be started */
  static async open(options: LabOptions): Promise<Lab> {
    const lab = new Lab(options, await mkdtemp(join(tmpdir(), "tidings-lab-")));
    try {
      await Promise.all([lab.#target.start(), lab.#openPaths()]);
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
    lab.#schedule();
    return lab;
  }

  private constructor(options: LabOptions, folder: string) {
    const { ports, origins, logger } = options;
    this.#options = options;
    this.#folder = folder;
    // Also where the second Ctrl+C ends the process in the middle of its end.
    process.on("exit", this.#removeFolder);
    this.#target = new Target({
      folder,
      port: ports.target,
      origins,
      logger,
      onEnded: (how) => {
        this.#isGone();
        this.#note(`the server that is measured ended by itself (${how}); lift kill to start it again.`);
      },
    });
    this.#paths = new Child(PATHS);
  }

  get state(): LabState {
    const { browser } = this.#options.ports;
    return {
      nowMs: performance.timeOrigin + performance.now(),
      urls: Object.fromEntries(Object.entries(browser).map(([name, port]) => [name, urlOf(port)])),
      transports: LAB_TRANSPORTS,
      bounds: LAB_BOUNDS,
      results: this.results,
    };
  }

  get results(): LabResults {
    const run = this.#run;
    return {
      atMs: Date.now(),
      run: run?.figures ?? null,
      transports: run?.transports ?? {},
      browser: wiresOf(this.#wires, "browser"),
      faults: [...this.#faults].map(([kind, fault]) => ({ kind, ...fault })),
      target: this.#target.figures,
      processes: { load: run?.usage ?? null, paths: this.#pathsUsage },
      notes: this.#notes,
    };
  }

  get #bounds(): LabTimes {
    return this.#options.times ?? LAB_BOUNDS;
  }

  get #unwatchedMs(): number {
    return performance.now() - this.#watchedAtMs;
  }

  /** Whoever asks for something is there. */
  watched(): void {
    this.#watchedAtMs = performance.now();
  }

  /** @throws {CommandError} `LAB_RUNNING` */
  async start(input: StartInput): Promise<LabState> {
    return this.#inTurn(async () => {
      if (this.#run?.isOver === false) {
        throw new CommandError(
          "LAB_RUNNING",
          "a run is going on; end it with lab.stop, and start the next one then.",
          { status: 409, retryable: true },
        );
      }
      const before = this.#run;
      if (this.#target.figures.state !== "up") await this.#lift("kill", ALL);
      if (before !== undefined) await this.#forget(before.channel);
      const { readers } = this.#options.ports;
      this.#run = new Run({
        ...input,
        maxRunMs: this.#bounds.maxRunMs,
        publishUrl: this.#target.url,
        urls: Object.fromEntries(Object.entries(readers).map(([name, port]) => [name, urlOf(port)])),
        wires: async () => wiresOf((await this.#paths.call("report")).wires, "readers"),
        onChange: () => this.#tell(),
      });
      return this.state;
    });
  }

  /** Ends the run, with all faults lifted so that readers can get what they have not; resolves once it has. */
  async stop(reason = "lab.stop was called."): Promise<LabState> {
    return this.#inTurn(async () => {
      const run = this.#run;
      if (run?.isOver === false) {
        for (const kind of [...this.#faults.keys()]) await this.#lift(kind, ALL);
        await run.end(reason);
      }
      return this.state;
    });
  }

  /** Throws a fault, or lifts it; what is so already stays so. Resolves once it is at work, or over. */
  async fault({ kind, on, transports = ALL }: FaultInput): Promise<LabState> {
    return this.#inTurn(async () => {
      if (on) await this.#throw(kind, transports);
      else await this.#lift(kind, transports);
      this.#tell();
      return this.state;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#restart);
    await Promise.all([this.#run?.kill(), this.#paths.kill(), this.#target.kill()]);
    this.#removeFolder();
    process.off("exit", this.#removeFolder);
  }

  readonly #removeFolder = (): void => rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });

  async #throw(kind: FaultKind, transports: readonly LabTransport[]): Promise<void> {
    const before = this.#faults.get(kind)?.transports ?? [];
    const added = transports.filter((name) => !before.includes(name));
    if (added.length === 0) return;
    if (kind === "kill") {
      await this.#target.kill();
      this.#isGone();
    } else {
      await this.#paths.call("fault", kind, true, portNames(added));
      this.#keep(kind, [...before, ...added]);
    }
    await this.#run?.mark(kind, true, added);
  }

  async #lift(kind: FaultKind, transports: readonly LabTransport[]): Promise<void> {
    const before = this.#faults.get(kind)?.transports ?? [];
    const ended = transports.filter((name) => before.includes(name));
    if (ended.length === 0) return;
    await this.#run?.mark(kind, false, ended);
    if (kind === "kill") {
      clearTimeout(this.#restart);
      await this.#target.start();
    } else await this.#paths.call("fault", kind, false, portNames(ended));
    this.#keep(
      kind,
      before.filter((name) => !ended.includes(name)),
    );
  }

  #keep(kind: FaultKind, transports: readonly LabTransport[]): void {
    const fault = this.#faults.get(kind);
    if (transports.length === 0) this.#faults.delete(kind);
    else if (fault === undefined) this.#faults.set(kind, { transports, onAtMs: Date.now() });
    else fault.transports = transports;
  }

  /** The server is not there; nobody who went away with it switched on may leave it so. */
  #isGone(): void {
    this.#keep("kill", ALL);
    clearTimeout(this.#restart);
    this.#restart = setTimeout(() => {
      this.fault({ kind: "kill", on: false }).catch((error: Error) => this.#note(error.message));
    }, this.#bounds.maxKilledMs);
  }

  async #openPaths(): Promise<void> {
    const paths = this.#paths;
    const { readers, browser } = this.#options.ports;
    const ports = Object.fromEntries([
      ...Object.entries(readers).map(([name, port]) => [`readers/${name}`, port] as const),
      ...Object.entries(browser).map(([name, port]) => [`browser/${name}`, port] as const),
    ]);
    void paths.ended.then((how) => this.#openPathsAgain(paths, how));
    await paths.call("open", { target: this.#target.url, ports });
  }

  /** Its process ended by itself: what it counted is gone, and so is the run; the ports are there again. */
  #openPathsAgain(ended: Child<PathsCalls>, how: string): void {
    if (this.#isClosed || this.#paths !== ended) return;
    const isLast = ++this.#pathsRestarts > MAX_PATHS_RESTARTS;
    this.#note(
      isLast
        ? `the fault proxy ended by itself (${how}) once too often; start the lab again.`
        : `the fault proxy ended by itself (${how}), and was started again without faults.`,
    );
    if (isLast) return;
    for (const kind of [...this.#faults.keys()]) if (kind !== "kill") this.#faults.delete(kind);
    this.#paths = new Child(PATHS);
    this.#openPaths().catch((error: Error) => this.#note(error.message));
    this.stop("the fault proxy ended.").catch((error: Error) => this.#note(error.message));
  }

  /** A run's messages are of no use once the next begins. */
  async #forget(channel: string): Promise<void> {
    const url = `${this.#target.url}/channels/${channel}`;
    await fetch(url, { method: "DELETE", signal: AbortSignal.timeout(5_000) }).catch(() => undefined);
  }

  #note(text: string): void {
    this.#notes = [...this.#notes, { atMs: Date.now(), text }].slice(-MAX_NOTES);
    this.#options.logger.warn(text);
    this.#tell();
  }

  #tell(): void {
    if (!this.#isClosed) this.#options.onResults(this.results);
  }

  async #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.#queue.then(act);
    this.#queue = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      if (error instanceof CommandError) throw error;
      // Nothing of it is secret, and whoever asked is who can do something.
      const { message } = error as Error;
      this.#note(message);
      throw new CommandError("LAB_FAILED", message, { status: 503, retryable: true, cause: error });
    }
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#tick()
        .catch((error: Error) => this.#note(error.message))
        .finally(() => {
          if (!this.#isClosed) this.#schedule();
        });
    }, RESULTS_MS);
  }

  async #tick(): Promise<void> {
    const isRunning = this.#run?.isOver === false;
    // A lab that is left open costs nothing.
    if (!isRunning && this.#unwatchedMs >= this.#bounds.unwatchedMs) return;
    const isDue = ++this.#ticks % MEASURE_EVERY === 0;
    await Promise.all([this.#run?.measure(), this.#look(), isDue ? this.#target.measure() : undefined]);
    if (!isRunning) return;
    this.#tell();
    if (isDue) await this.#endWhereDue();
  }

  async #look(): Promise<void> {
    const report = await this.#paths.call("report").catch(() => undefined);
    if (report === undefined) return;
    this.#wires = report.wires;
    this.#pathsUsage = report.usage;
  }

  async #endWhereDue(): Promise<void> {
    const { figures } = this.#run as Run;
    if (figures.phase === "settling") return;
    if ((await this.#options.watchers()) > 0) this.watched();
    const { maxRunMs, unwatchedMs } = this.#bounds;
    const reason =
      Date.now() >= figures.endsAtMs
        ? `it went on for ${maxRunMs / 60_000} minutes.`
        : this.#unwatchedMs >= unwatchedMs
          ? `nobody has read lab/results for ${unwatchedMs / 1_000} seconds.`
          : undefined;
    if (reason !== undefined) this.stop(reason).catch((error: Error) => this.#note(error.message));
  }
}

/** On loopback. */
function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** A transport's ports, of readers and browser alike: what befalls one befalls the other. */
function portNames(transports: readonly LabTransport[]): readonly string[] {
  return transports.flatMap((name) => [`readers/${name}`, `browser/${name}`]);
}

function wiresOf(
  wires: Readonly<Record<string, Wire>>,
  side: "readers" | "browser",
): Readonly<Record<string, Wire>> {
  const own = Object.entries(wires).filter(([name]) => name.startsWith(`${side}/`));
  return Object.fromEntries(own.map(([name, wire]) => [name.slice(side.length + 1), wire]));
}
