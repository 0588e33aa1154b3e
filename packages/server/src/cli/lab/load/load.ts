import { monitorEventLoopDelay } from "node:perf_hooks";
import { httpFetch } from "@tidings/client/node";
import type { FaultKind } from "../bounds.ts";
import { UsageMeter } from "../processes/usage.ts";
import type { LoadUsage, Reading } from "../shapes.ts";
import type { LabTransport } from "../transports.ts";
import { Group } from "./group.ts";
import { nowMs } from "./payload.ts";
import { Publisher } from "./publisher.ts";

/** So many readers are opened at once, in a turn: a listen queue is not endless. */
const OPENING = 32;
/** How long readers are waited for that cannot be opened, as behind a fault, in milliseconds. */
const OPEN_MS = 5_000;
/** How often it is looked whether readers have everything, in milliseconds. */
const LOOK_MS = 20;

export interface LoadPlan {
  /** Of the server itself. */
  readonly publishUrl: string;
  readonly channel: string;
  readonly size: number;
  readonly readers: number;
  readonly transports: readonly { readonly name: LabTransport; readonly url: string }[];
}

export interface LoadReport {
  readonly published: number;
  readonly acknowledged: number;
  readonly skipped: number;
  readonly failed: number;
  readonly readings: Readonly<Partial<Record<LabTransport, Reading>>>;
  readonly usage: LoadUsage;
}

/** One run's readers and its publisher. */
export class Load {
  readonly #plan: LoadPlan;
  readonly #groups: readonly Group[];
  readonly #publisher: Publisher;
  readonly #usage = new UsageMeter();
  readonly #delay = monitorEventLoopDelay({ resolution: 10 });

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    // Readers share one process here, which those of applications do not: each waits for the CPU of all before it.
    this.#groups = plan.transports.map(({ name }) => new Group(name, plan.size, nowMs, { fetch: httpFetch }));
    this.#publisher = new Publisher(plan.publishUrl, plan.channel, plan.size);
    this.#delay.enable();
  }

  /** Resolves once all readers are live, or will not be for a while. */
  async open(): Promise<void> {
    const { readers, transports, channel } = this.#plan;
    const all = readers * transports.length;
    let live = 0;
    const isLive = Promise.withResolvers<void>();
    const late = setTimeout(isLive.resolve, OPEN_MS);
    for (let at = 0; at < all; at++) {
      const which = at % transports.length;
      const url = transports[which]?.url ?? "";
      this.#groups[which]?.open(url, channel, () => {
        if (++live === all) isLive.resolve();
      });
      if (at % OPENING === OPENING - 1) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await isLive.promise;
    clearTimeout(late);
  }

  /** At this rate from now on, in messages a second. */
  publish(rate: number): void {
    this.#publisher.start(rate);
  }

  forget(): void {
    for (const group of this.#groups) group.forget();
  }

  mark(kind: FaultKind, isOn: boolean, transports: readonly LabTransport[]): void {
    for (const group of this.#groups) if (transports.includes(group.name)) group.mark(kind, isOn);
  }

  report(): LoadReport {
    const { published, acknowledged, skipped, failed } = this.#publisher;
    // The histogram counts from when a timer was due that comes every 10 ms: that is not a delay.
    const delayMs = Math.max(0, this.#delay.percentile(99) / 1e6 - 10);
    this.#delay.reset();
    return {
      published,
      acknowledged,
      skipped,
      failed,
      readings: Object.fromEntries(this.#groups.map((group) => [group.name, group.report(published)])),
      usage: { ...this.#usage.read(), eventLoopP99Ms: Number(delayMs.toFixed(1)) },
    };
  }

  /** Readers that wait for their next try have it now. */
  hurry(): void {
    for (const group of this.#groups) group.hurry();
  }

  /** Publishes no more; resolves once every reader has everything, or the time is over. */
  async settle(withinMs: number): Promise<void> {
    this.#publisher.stop();
    const untilMs = performance.now() + withinMs;
    const isOver = (): boolean => {
      const { published, acknowledged, failed } = this.#publisher;
      return acknowledged + failed === published && this.#groups.every((group) => group.hasAll(published));
    };
    while (!isOver() && performance.now() < untilMs)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
