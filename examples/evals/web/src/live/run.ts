import type { Channel, ChannelSchema, EventsOf } from "@tidings/client";
import { batch, computed, effect, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { onceAFrame } from "@tidings/ui";
import {
  AlertEvents,
  type AlertMessage,
  ArtifactEvents,
  type ArtifactMessage,
  channelOf,
  DebugEvents,
  MetricEvents,
  type PausedMessage,
  QueueEvents,
  type RunChannel,
  StatusEvents,
} from "../../../shared/channels.ts";
import { type Evaluation, hasEnded } from "../../../shared/evaluation.ts";
import { MetricStore } from "../logic/metric-store.ts";
import { applyStatus, type Happening, happeningOf, MAX_HAPPENINGS } from "../logic/run-state.ts";
import { ApiError, fetchRun } from "./api.ts";
import { onBack, tidings } from "./client.ts";
import { summaryOf } from "./list.ts";
import { LogModel } from "./log.ts";
import { PeopleModel } from "./people.ts";

/** Alerts and artifacts of a run that are held; the oldest go first. */
const MAX_HELD = 2_000;

export type DebugEntry =
  | { readonly type: "input"; readonly text: string; readonly by: string; readonly time: string }
  | {
      readonly type: "paused" | "inspected";
      readonly at: string;
      readonly state: unknown;
      readonly time: string;
    }
  | { readonly type: "resumed"; readonly time: string };

/** A change of a parameter that was asked for, by the id it was given. */
export interface Confirmed {
  readonly change: string;
  readonly time: string;
}

interface Told {
  readonly event: string;
  readonly data: unknown;
  readonly time: string;
}

/** All that a page of one run shows. It reads until it is disposed. */
export class RunModel implements Disposable {
  readonly id: string;
  readonly run: Signal<Evaluation | undefined>;
  /** Why there is nothing to show: `EVALUATION_UNKNOWN` where there is no such run. */
  readonly fault: Signal<ApiError | undefined> = signal(undefined);
  readonly happenings: Signal<readonly Happening[]> = signal([]);
  readonly alerts: Signal<readonly AlertMessage[]> = signal([]);
  /** The newest of each name. */
  readonly artifacts: Signal<readonly ArtifactMessage[]> = signal([]);
  readonly queue: Signal<{ readonly position: number; readonly of: number } | undefined> = signal(undefined);
  readonly metrics: MetricStore = new MetricStore();
  /** Changes whenever points came. */
  readonly metricVersion: Signal<number> = signal(0);
  readonly debug: Signal<readonly DebugEntry[]> = signal([]);
  /** Where it is paused, as far as it is. */
  readonly pausedAt: Signal<PausedMessage | undefined> = signal(undefined);
  readonly confirmed: Signal<Confirmed | undefined> = signal(undefined);
  readonly log: LogModel;
  readonly people: PeopleModel;
  readonly hasEnded: ReadonlySignal<boolean>;
  readonly #ends: (() => void)[] = [];
  #told: Told[] | undefined = [];
  #isRead = false;

  constructor(id: string) {
    this.id = id;
    // What the list knows is shown at once, before the first answer.
    this.run = signal(summaryOf(id)?.peek());
    this.hasEnded = computed(() => this.run.value !== undefined && hasEnded(this.run.value.state));
    this.log = new LogModel(id);
    this.people = new PeopleModel(id);
    this.#readStatus();
    this.#readAlerts();
    this.#readArtifacts();
    this.#readMetrics();
    this.#readDebug();
    this.#readQueue();
    this.#ends.push(
      onBack(() => void this.load()),
      effect(() => {
        // Counted by the server, and told with the list: the log of a run that nobody sees live grows too.
        const summary = summaryOf(id)?.value;
        if (summary === undefined) return;
        const { lines, logBytes } = summary;
        this.log.announce(lines);
        const run = this.run.peek();
        if (run !== undefined && run.logBytes !== logBytes) this.run.value = { ...run, lines, logBytes };
      }),
      effect(() => {
        if (this.hasEnded.value) void this.load(); // for its result
      }),
    );
    void this.load();
  }

  async load(): Promise<void> {
    try {
      const found = await fetchRun(this.id);
      batch(() => {
        this.fault.value = undefined;
        this.log.announce(found.lines);
        const before = this.run.peek();
        // Once the status is read it is ahead of an answer; the result comes with the answer alone.
        this.run.value =
          this.#isRead && before !== undefined ? { ...found, ...withoutResult(before) } : found;
        if (found.result !== undefined) this.run.value = { ...this.run.value, result: found.result };
      });
      this.#replay();
    } catch (error) {
      this.fault.value = error instanceof ApiError ? error : new ApiError("UNEXPECTED", String(error));
    }
  }

  /** Shows a line of the log. */
  showLine(line: number): void {
    this.log.isFollowing.value = false;
    this.log.selected.value = { from: line, to: line };
    this.log.jump.value = line;
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
    this.log[Symbol.dispose]();
    this.people[Symbol.dispose]();
  }

  #open<const S extends ChannelSchema>(name: RunChannel, schema: S): Channel<EventsOf<S>> {
    return tidings.channel(channelOf(this.id, name), { since: "earliest", schema });
  }

  #readStatus(): void {
    const channel = this.#open("status", StatusEvents);
    this.#ends.push(
      channel.on("*", (data, { event, time }) => {
        if (this.#told !== undefined) this.#told.push({ event, data, time });
        else this.#apply([{ event, data, time }]);
      }),
      channel.on("caught-up", () => {
        this.#isRead = true;
        this.#replay();
      }),
    );
  }

  /** History is applied at once, when all of it and the run are here: nobody is to see it pass by. */
  #replay(): void {
    if (!this.#isRead || this.#told === undefined || this.run.value === undefined) return;
    const told = this.#told;
    this.#told = undefined;
    this.#apply(told);
  }

  #apply(told: readonly Told[]): void {
    batch(() => {
      const happenings = told.flatMap(({ event, data, time }) => happeningOf(event, data, time) ?? []);
      if (happenings.length > 0)
        this.happenings.value = [...this.happenings.value, ...happenings].slice(-MAX_HAPPENINGS);
      for (const { event, data, time } of told) {
        if (this.run.value !== undefined) this.run.value = applyStatus(this.run.value, event, data, time);
        const change =
          event === "parameters" ? (data as { changed?: { change: string } }).changed?.change : undefined;
        if (change !== undefined) this.confirmed.value = { change, time };
      }
    });
  }

  #readAlerts(): void {
    const held: AlertMessage[] = [];
    const flush = onceAFrame(() => (this.alerts.value = held.toReversed()));
    this.#ends.push(
      this.#open("alert", AlertEvents).on("alert", (alert) => {
        held.push(alert);
        if (held.length > MAX_HELD) held.shift();
        flush();
      }),
    );
  }

  #readArtifacts(): void {
    this.#ends.push(
      this.#open("artifact", ArtifactEvents).on("artifact", (artifact) => {
        const others = this.artifacts.value.filter(({ name }) => name !== artifact.name);
        this.artifacts.value = [...others, artifact].slice(-MAX_HELD);
      }),
    );
  }

  #readMetrics(): void {
    const flush = onceAFrame(() => this.metricVersion.value++);
    this.#ends.push(
      this.#open("metric", MetricEvents).on("points", ({ points }) => {
        for (const point of points) this.metrics.add(point);
        flush();
      }),
    );
  }

  #readDebug(): void {
    const channel = this.#open("debug", DebugEvents);
    const add = (entry: DebugEntry): void => {
      this.debug.value = [...this.debug.value, entry].slice(-MAX_HAPPENINGS);
    };
    this.#ends.push(
      channel.on("paused", (paused, { time }) => {
        this.pausedAt.value = paused;
        add({ type: "paused", ...paused, time });
      }),
      channel.on("resumed", (_, { time }) => {
        this.pausedAt.value = undefined;
        add({ type: "resumed", time });
      }),
      channel.on("input", ({ text, by }, { time }) => add({ type: "input", text, by, time })),
      channel.on("inspected", (inspected, { time }) => add({ type: "inspected", ...inspected, time })),
    );
  }

  #readQueue(): void {
    const channel = this.#open("queue", QueueEvents);
    this.#ends.push(
      channel.on("position", (place) => (this.queue.value = place)),
      channel.on("left", () => (this.queue.value = undefined)),
    );
  }
}

function withoutResult({ result: _, ...rest }: Evaluation): Omit<Evaluation, "result"> {
  return rest;
}
