import { randomUUID } from "node:crypto";
import { type FaultKind, type StartInput, withinBounds } from "./bounds.ts";
import type { LoadReport } from "./load/load.ts";
import { Child } from "./processes/child.ts";
import type { LoadCalls } from "./processes/load-main.ts";
import type { RunFigures, TransportFigures, Wire } from "./shapes.ts";
import type { LabTransport } from "./transports.ts";

const LOAD = new URL("./processes/load-main.js", import.meta.url);
/** As in `npm run bench`: just-in-time compilers, and the windows of TCP, get a second at this rate, whatever is measured after it. */
const WARM_RATE = 100;
const WARM_MS = 1_000;
/** How long readers may take for it, in milliseconds: a short poll takes 2 seconds. */
const WARM_SETTLE_MS = 4_000;
/** How long readers may take at the end for what they have not got yet, in milliseconds. */
const SETTLE_MS = 10_000;

export interface RunOptions extends StartInput {
  /** When it is due to end, in milliseconds; whoever started it ends it. */
  readonly maxRunMs: number;
  readonly publishUrl: string;
  /** Where the lab's readers connect, by transport. */
  readonly urls: Readonly<Record<string, string>>;
  /** What has passed through the readers' ports so far. */
  readonly wires: () => Promise<Readonly<Record<string, Wire>>>;
  readonly onChange: () => void;
}

/** One measurement: its process of readers and publisher, from the first connection to the last message. */
export class Run {
  readonly #options: RunOptions;
  readonly #load: Child<LoadCalls> = new Child(LOAD);
  readonly #id = randomUUID().slice(0, 8);
  readonly #startedAtMs = Date.now();
  #phase: RunFigures["phase"] = "opening";
  #countedFromMs: number | null = null;
  #reason: string | undefined;
  /** When counting began: what passed before is not of the measurement. */
  #base: Readonly<Record<string, Wire>> = {};
  #wires: Readonly<Record<string, Wire>> = {};
  #report: LoadReport | undefined;
  #ending: Promise<void> | undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    void this.#load.ended.then((how) => this.#fail(`the process of the readers ended (${how}).`));
    this.#begin().catch((error: Error) => this.#fail(error.message));
  }

  get isOver(): boolean {
    return this.#phase === "done" || this.#phase === "failed";
  }

  get channel(): string {
    return `lab/${this.#id}`;
  }

  get figures(): RunFigures {
    const { rate, size, readers, transports } = this.#options;
    return {
      id: this.#id,
      channel: this.channel,
      phase: this.#phase,
      rate,
      size,
      readers,
      transports,
      startedAtMs: this.#startedAtMs,
      countedFromMs: this.#countedFromMs,
      endsAtMs: this.#startedAtMs + this.#options.maxRunMs,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      published: this.#report?.published ?? 0,
      acknowledged: this.#report?.acknowledged ?? 0,
      skipped: this.#report?.skipped ?? 0,
    };
  }

  get transports(): Readonly<Partial<Record<LabTransport, TransportFigures>>> {
    const all = Object.entries(this.#report?.readings ?? {}).map(([name, reading]) => {
      const wire = since(this.#wires[name], this.#base[name]);
      const { payloadBytes } = reading;
      const added = wire.upBytes + wire.downBytes - payloadBytes;
      const overheadPercent = payloadBytes === 0 ? null : Number(((100 * added) / payloadBytes).toFixed(1));
      return [name, { ...reading, ...wire, overheadPercent } satisfies TransportFigures];
    });
    return Object.fromEntries(all) as Partial<Record<LabTransport, TransportFigures>>;
  }

  get usage(): LoadReport["usage"] | null {
    return this.isOver ? null : (this.#report?.usage ?? null);
  }

  /** A fault is at work from now on, or is about to be lifted. */
  async mark(kind: FaultKind, isOn: boolean, transports: readonly LabTransport[]): Promise<void> {
    if (!this.isOver) await this.#load.call("mark", kind, isOn, transports).catch(ignore);
  }

  /** Asks the readers what they have got. */
  async measure(): Promise<void> {
    if (this.isOver || this.#phase === "opening") return;
    try {
      [this.#report, this.#wires] = await Promise.all([this.#load.call("report"), this.#options.wires()]);
    } catch {
      // It has ended, and is told to have.
    }
  }

  /** Publishes no more, waits for what readers have yet to get, and ends. Called again it waits for the same end. */
  async end(reason: string): Promise<void> {
    if (this.isOver) return;
    this.#ending ??= this.#settle(reason);
    await this.#ending;
  }

  async kill(): Promise<void> {
    if (!this.isOver) this.#phase = "done";
    await this.#load.kill();
  }

  async #begin(): Promise<void> {
    const { publishUrl, urls, size, readers, transports, rate } = this.#options;
    const each = transports.map((name) => ({ name, url: urls[name] ?? "" }));
    await this.#load.call("open", { publishUrl, channel: this.channel, size, readers, transports: each });
    if (!this.#enter("opening", "warming")) return;
    await this.#load.call("publish", withinBounds({ ...this.#options, rate: WARM_RATE }));
    await new Promise((resolve) => setTimeout(resolve, WARM_MS));
    if (this.#phase !== "warming") return;
    // What is counted begins with nothing on its way: bytes and payloads are of the same messages.
    await this.#load.call("settle", WARM_SETTLE_MS);
    if (this.#phase !== "warming") return;
    [, this.#base] = await Promise.all([this.#load.call("forget"), this.#options.wires()]);
    await this.#load.call("publish", rate);
    this.#countedFromMs = Date.now();
    this.#enter("warming", "running");
  }

  #enter(from: RunFigures["phase"], to: RunFigures["phase"]): boolean {
    if (this.#phase !== from) return false;
    this.#phase = to;
    this.#options.onChange();
    return true;
  }

  async #settle(reason: string): Promise<void> {
    this.#reason = reason;
    const wasOpen = this.#phase !== "opening";
    this.#phase = "settling";
    try {
      // Nothing is measured any more, and pauses between tries grow to half a minute.
      if (wasOpen) await this.#load.call("hurry");
      if (wasOpen) await this.#load.call("settle", SETTLE_MS);
      await this.measure();
      this.#phase = "done";
    } catch {
      // It has ended: failed, as was told.
    }
    await this.kill();
    this.#options.onChange();
  }

  #fail(reason: string): void {
    if (this.isOver) return;
    this.#phase = "failed";
    this.#reason = reason;
    void this.#load.kill();
    this.#options.onChange();
  }
}

function ignore(): void {}

const NOTHING: Wire = { upBytes: 0, downBytes: 0, requests: 0, connections: { open: 0, opened: 0 } };

function since(now: Wire = NOTHING, base: Wire = NOTHING): Wire {
  return {
    upBytes: now.upBytes - base.upBytes,
    downBytes: now.downBytes - base.downBytes,
    requests: now.requests - base.requests,
    connections: {
      open: now.connections.open,
      opened: now.connections.opened - base.connections.opened,
    },
  };
}
