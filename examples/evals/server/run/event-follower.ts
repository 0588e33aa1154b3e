import { join } from "node:path";
import type { Logger } from "pino";
import type { PointsMessage } from "../../shared/channels.ts";
import type { Evaluation, Exit, State } from "../../shared/evaluation.ts";
import type { ExitReason, KeptEvent } from "../../shared/events.ts";
import type { Manifest } from "../../shared/manifest.ts";
import { FILES } from "../../supervisor/run-file.ts";
import type { Alerts } from "./alerts.ts";
import { storeFile } from "./artifacts.ts";
import type { Growth } from "./growth.ts";
import { LinesReader } from "./lines-reader.ts";
import type { Teller } from "./teller.ts";
import type { Told } from "./told.ts";

const PART_BYTES = 65_536;
/** Points of metrics in one message. */
const MAX_POINTS = 500;
/** The whole log, once it is whole, is an artifact of this name. */
const LOG_ARTIFACT = "log.txt";

type Of<Type extends KeptEvent["type"]> = Extract<KeptEvent, { type: Type }>;

export interface EventFollowerOptions {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly teller: Teller;
  readonly told: Told;
  readonly growth: Growth;
  readonly alerts: Alerts;
  readonly logger: Logger;
  readonly evaluation: () => Evaluation;
  /** What the evaluation is from here on. */
  readonly change: (change: Partial<Evaluation>) => void;
  /** Once the whole log was told. */
  readonly logIsTold: () => Promise<void>;
  /** It has ended: this is kept before anybody is told. */
  readonly ended: (change: Partial<Evaluation>) => void;
}

/** Brings what a run's `events.ndjson` says to its channels, and to what is known of the evaluation. */
export class EventFollower {
  readonly #options: EventFollowerOptions;
  #progress: { readonly data: object; readonly position: number } | undefined;
  #points: PointsMessage["points"] = [];
  #pointsPosition = 0;
  #hasEnded = false;

  constructor(options: EventFollowerOptions) {
    this.#options = options;
  }

  /** Whether the events say how it ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Follows until it has ended, or there will be nothing more. From the first event on: what is known of it is made of all. */
  async follow(signal: AbortSignal): Promise<void> {
    const { folder, growth } = this.#options;
    const reader = await LinesReader.open(join(folder, FILES.events), 0, PART_BYTES);
    try {
      while (!this.#hasEnded) {
        signal.throwIfAborted();
        const before = reader.position;
        const part = await reader.next(growth.sizes.events);
        if (part !== undefined) await this.#takePart(part.text, before);
        else if (growth.isFinal) return;
        else await growth.changed();
      }
    } finally {
      await reader.close();
    }
  }

  async #takePart(text: string, before: number): Promise<void> {
    const { growth } = this.#options;
    let position = before;
    for (const line of text.split("\n")) {
      position += Buffer.byteLength(line) + 1;
      await this.#take(JSON.parse(line) as KeptEvent, position);
    }
    await this.#flush();
    growth.told = position;
    // What was only known again until here is told from here on.
    this.#options.change({});
    growth.wake();
  }

  async #take(event: KeptEvent, position: number): Promise<void> {
    const { told, alerts, change, evaluation } = this.#options;
    switch (event.type) {
      case "started":
        change({ startedAt: event.time });
        return this.#moveTo("running", event.time, position);
      case "progress":
        return this.#takeProgress(event, position);
      case "metric":
        return this.#takeMetric(event, position);
      case "result":
        return change({ result: event.data });
      case "artifact":
        return this.#tellFile(event, position);
      case "alert":
        return alerts.add({ ...this.#alertOf(event), at: event.time }, { position });
      case "paused":
        await told.event("debug", "paused", { at: event.at, state: event.state }, position);
        return this.#moveTo("paused", event.time, position);
      case "resumed":
        await told.event("debug", "resumed", {}, position);
        return this.#moveTo("running", event.time, position);
      case "input":
        return told.event("debug", "input", { text: event.text, by: event.by }, position);
      case "inspected":
        return told.event("debug", "inspected", { at: event.at, state: event.state }, position);
      case "changed": {
        const { name, value, by, change: id } = event;
        const from = evaluation().parameters[name];
        const parameters = { ...evaluation().parameters, [name]: value };
        change({ parameters });
        const changed = { name, from, to: value, by, change: id };
        return this.#tellStatus("parameters", { parameters, changed }, position);
      }
      case "exit":
        return this.#end(event, position);
      default:
        return event satisfies never;
    }
  }

  #takeProgress({ done, total, note }: Of<"progress">, position: number): void {
    const data = { done, total, ...(note === undefined ? {} : { note }) };
    this.#progress = { data, position };
    this.#options.change({ progress: data });
  }

  async #takeMetric({ name, step, value }: Of<"metric">, position: number): Promise<void> {
    if (this.#options.told.has("metric", position)) return;
    this.#points.push({ name, step, value });
    this.#pointsPosition = position;
    if (this.#points.length >= MAX_POINTS) await this.#flushPoints();
  }

  async #moveTo(state: State, at: string, position: number): Promise<void> {
    this.#options.change({ state });
    await this.#tellStatus("status", { state, at }, position);
  }

  async #tellStatus(event: string, data: object, position: number): Promise<void> {
    await this.#flushProgress();
    await this.#options.told.event("status", event, data, position);
  }

  async #flush(): Promise<void> {
    await this.#flushProgress();
    await this.#flushPoints();
  }

  /** Only the newest of those that came together. */
  async #flushProgress(): Promise<void> {
    const progress = this.#progress;
    this.#progress = undefined;
    if (progress !== undefined)
      await this.#options.told.event("status", "progress", progress.data, progress.position);
  }

  async #flushPoints(): Promise<void> {
    if (this.#points.length === 0) return;
    const points = this.#points;
    this.#points = [];
    await this.#options.told.event("metric", "points", { points }, this.#pointsPosition);
  }

  #alertOf({ severity, rule, text }: Of<"alert">) {
    const title = this.#options.manifest.rules.find(({ name }) => name === rule)?.title ?? rule;
    return { severity, rule, title, text };
  }

  async #tellFile({ name, path, mediaType, time }: Of<"artifact">, position: number): Promise<void> {
    await this.#tellArtifact(join(FILES.work, path), { name, mediaType, time }, position);
  }

  async #tellArtifact(
    path: string,
    { time, ...about }: { readonly name: string; readonly mediaType: string; readonly time: string },
    position: number,
  ): Promise<void> {
    const { folder, teller, told, logger } = this.#options;
    if (told.has("artifact", position)) return;
    try {
      const stored = await storeFile(teller.tidings, join(folder, path), about);
      await told.event("artifact", "artifact", { ...stored, at: time }, position);
    } catch (error) {
      // The evaluation took its file away again: there is nothing to tell.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      logger.warn({ path }, "an artifact's file is gone");
    }
  }

  /** Everything is told before that it has ended: who is told that has seen all of it. */
  async #end(event: Of<"exit">, position: number): Promise<void> {
    const { code, signal, reason, detail, endedAt } = event;
    await this.#flush();
    await this.#options.logIsTold();
    await this.#tellArtifact(
      FILES.log,
      { name: LOG_ARTIFACT, mediaType: "text/plain; charset=utf-8", time: endedAt },
      position,
    );
    const state = stateOf(reason, code);
    const exit: Exit = { code, signal };
    this.#hasEnded = true;
    this.#options.ended({ state, endedAt, exit, reason: detail });
    await this.#tellStatus("status", { state, at: endedAt, reason: detail, exit }, position);
  }
}

function stateOf(reason: ExitReason, code: number | null): State {
  if (reason === "exited") return code === 0 ? "succeeded" : "failed";
  return reason === "crashed" ? "failed" : reason;
}
