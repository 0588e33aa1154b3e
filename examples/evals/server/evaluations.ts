import { createHash, randomInt } from "node:crypto";
import { rm } from "node:fs/promises";
import type { InferOutput } from "valibot";
import { channelOf, LIST_CHANNEL, RUN_CHANNELS } from "../shared/channels.ts";
import {
  type AgainSchema,
  type CommentSchema,
  type CreateSchema,
  type Evaluation,
  type EvaluationPage,
  hasEnded,
  type Overview,
  type PatchSchema,
  type StopSchema,
} from "../shared/evaluation.ts";
import type { Kind, ParameterValue } from "../shared/manifest.ts";
import { checkParameters } from "../shared/parameters.ts";
import type { Ask } from "../supervisor/messages.ts";
import type { ListQuery, Stored } from "./database.ts";
import { Fault, invalid } from "./fault.ts";
import { kindOf, type LoadedKind } from "./kinds.ts";
import { byTurn } from "./queue.ts";
import { Run, type RunContext } from "./run/run.ts";

const ID_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const ID_LENGTH = 8;
const HOUR_MS = 3_600_000;

export interface EvaluationsOptions extends Omit<RunContext, "onEnded"> {
  readonly kinds: ReadonlyMap<string, LoadedKind>;
  /** Runs at a time. */
  readonly parallel: number;
  readonly maxQueued: number;
  readonly maxEvaluations: number;
}

/** All evaluations: made, queued, begun, changed and ended here, whoever asks for it. */
export class Evaluations {
  readonly #options: EvaluationsOptions;
  readonly #context: RunContext;
  /** Those that have not ended. */
  readonly #runs = new Map<string, Run>();
  /** The next one first. */
  #queue: readonly Run[] = [];
  #isStopped = false;

  constructor(options: EvaluationsOptions) {
    this.#options = options;
    this.#context = { ...options, onEnded: (run) => this.#ended(run) };
  }

  get kinds(): readonly Kind[] {
    return [...this.#options.kinds.values()].map(kindOf);
  }

  /** Takes up what a server before this one left: what runs is followed, what waits waits on. */
  async restore(): Promise<void> {
    const { db, teller } = this.#options;
    const stored = db.unfinished();
    const runs = await Promise.all(stored.map(async (each) => Run.open(each, this.#context)));
    for (const run of runs) this.#runs.set(run.id, run);
    for (const run of runs) {
      const { state, createdAt: at } = run.evaluation;
      if (state === "starting" && !run.wasPrepared)
        await run.change({ state: "queued" }, "status", { state: "queued", at: new Date().toISOString() });
      else if (state !== "queued") this.#background(run, run.resume());
      else if ((await teller.newest(channelOf(run.id, "status"))) === undefined)
        await run.change({}, "status", { state, at });
    }
    this.#turn();
  }

  /** Makes an evaluation, which begins when its turn comes. With a key that was used before, answers with that one. */
  async create(
    body: InferOutput<typeof CreateSchema>,
    key?: string,
  ): Promise<{ readonly evaluation: Evaluation; readonly isNew: boolean }> {
    const { db } = this.#options;
    const fingerprint = createHash("sha256").update(canonical(body)).digest("hex");
    const before = key === undefined ? undefined : db.request(key);
    if (before !== undefined) {
      if (before.fingerprint !== fingerprint) {
        throw new Fault(
          "IDEMPOTENCY_KEY_REUSED",
          `another request was sent with this Idempotency-Key, and made ${before.id}; use a new key for each evaluation.`,
        );
      }
      return { evaluation: this.get(before.id), isNew: false };
    }
    const stored = db.insert(
      this.#new(body),
      this.#kind(body.kind).manifest,
      key === undefined ? undefined : { key, fingerprint },
    );
    const run = await Run.open(stored, this.#context);
    this.#runs.set(run.id, run);
    const { state, createdAt: at } = run.evaluation;
    await run.change({}, "status", { state, at });
    this.#turn();
    return { evaluation: run.evaluation, isNew: true };
  }

  /** Makes the same one anew, once for each key. */
  async again(
    id: string,
    { createdBy, priority }: InferOutput<typeof AgainSchema>,
    key?: string,
  ): ReturnType<Evaluations["create"]> {
    const { kind, parameters, limits, priority: before } = this.get(id);
    const body = { kind, parameters: { ...parameters }, limits, createdBy, priority: priority ?? before };
    return this.create(body, key);
  }

  /** @throws {Fault} `EVALUATION_UNKNOWN` */
  get(id: string): Evaluation {
    return this.#runs.get(id)?.evaluation ?? this.#stored(id).evaluation;
  }

  /** Newest first, as they are now. */
  list(query: ListQuery): EvaluationPage {
    const { evaluations, ...rest } = this.#options.db.list(query);
    return { evaluations: evaluations.map((each) => this.#runs.get(each.id)?.summary ?? each), ...rest };
  }

  /** Ends one, wherever it is; once it has ended nothing is changed. Answers before its process has ended. */
  async stop(id: string, { reason, by }: InferOutput<typeof StopSchema>): Promise<Evaluation> {
    const run = this.#runs.get(id);
    if (run === undefined || hasEnded(run.evaluation.state)) return this.get(id);
    const detail = `stopped by ${by}${reason === undefined ? "" : `: ${reason}`}`;
    if (run.evaluation.state === "queued") {
      await run.cancel(detail);
      return run.evaluation;
    }
    try {
      await run.ask({ type: "stop", detail });
    } catch (error) {
      // It was faster.
      if (!(error instanceof Fault && error.code === "NOT_RUNNING")) throw error;
    }
    return this.get(id);
  }

  /**
   * Changes the priority of one that waits, and parameters: any of one that waits, `live` ones of one that runs, which
   * has then confirmed each of them.
   */
  async patch(id: string, patch: InferOutput<typeof PatchSchema>): Promise<Evaluation> {
    const { priority, parameters, by, change } = patch;
    const run = this.#going(id);
    if (priority !== undefined && run.evaluation.state !== "queued") {
      throw new Fault(
        "NOT_QUEUED",
        `evaluation ${id} has begun: a priority is for those that wait. Leave it out.`,
      );
    }
    const values = this.#changed(run, parameters ?? {});
    if (run.evaluation.state === "queued") {
      if (Object.keys(values).length > 0) {
        const all = { ...run.evaluation.parameters, ...values };
        await run.change({ parameters: all }, "parameters", { parameters: all });
      }
      if (priority !== undefined) {
        await run.change({ priority }, "priority", { priority, by });
        this.#turn();
      }
    } else {
      for (const [name, value] of Object.entries(values))
        await run.ask({ type: "set", name, value, by, change: change ?? `${by}` });
    }
    return run.evaluation;
  }

  /** Sets a live parameter, and resolves once the evaluation has confirmed it. */
  async set(
    id: string,
    { name, value, by, change }: { name: string; value: ParameterValue; by: string; change: string },
  ): Promise<void> {
    const run = this.#going(id);
    this.#changed(run, { [name]: value });
    await run.ask({ type: "set", name, value, by, change });
  }

  /** Asks one that runs, for a debugging session. */
  async ask(id: string, ask: Ask): Promise<unknown> {
    const run = this.#going(id);
    if (run.evaluation.state === "queued")
      throw new Fault("NOT_RUNNING", `evaluation ${id} waits in the queue, and has not begun.`);
    if (!run.manifest.debug && ask.type !== "input")
      throw new Fault("NOT_DEBUGGABLE", `evaluations of ${run.evaluation.kind} have no checkpoints.`);
    return run.ask(ask);
  }

  async comment(id: string, { by, text }: InferOutput<typeof CommentSchema>): Promise<void> {
    this.get(id);
    await this.#options.teller.tell(channelOf(id, "talk"), "comment", { by, text });
  }

  /** Deletes one that has ended: its files, and what its channels hold. Done in part, it can be done again. */
  async delete(id: string): Promise<void> {
    const { db, teller, folderOf } = this.#options;
    const { state } = this.get(id);
    if (!hasEnded(state))
      throw new Fault("NOT_ENDED", `evaluation ${id} is ${state}; stop it first, and wait for its end.`);
    // A moment after it was told to have ended the last of it is still on its way.
    await this.#runs.get(id)?.over;
    await rm(folderOf(id), { recursive: true, force: true });
    for (const name of RUN_CHANNELS) await teller.tidings.truncate(channelOf(id, name));
    await teller.tidings.delete(LIST_CHANNEL, id, { event: "evaluation" });
    db.delete(id);
  }

  overview(): Overview {
    const { db, parallel, kinds } = this.#options;
    const now = Date.now();
    return {
      counts: db.counts(),
      parallel,
      throughput: { lastHour: db.endedSince(now - HOUR_MS), lastDay: db.endedSince(now - 24 * HOUR_MS) },
      durations: [...kinds.keys()].flatMap((kind) => {
        const all = db.durations(kind);
        return all.length === 0 ? [] : [{ kind, count: all.length, ...summaryOf(all) }];
      }),
      alerts: db.alerts(),
    };
  }

  /** Nothing is begun any more. What runs goes on without this server. */
  async stopTurns(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#runs.values()].map(async (run) => run.close()));
  }

  #new(body: InferOutput<typeof CreateSchema>): Evaluation {
    if (this.#isStopped) throw new Fault("DRAINING", "the server is being stopped; try again later.");
    const { kind, priority, createdBy, limits } = body;
    const { manifest, limits: usual } = this.#kind(kind);
    const { values, errors } = checkParameters(manifest.parameters, body.parameters);
    if (errors.length > 0) throw invalid(errors);
    const { maxQueued, maxEvaluations, db } = this.#options;
    if (this.#queue.length >= maxQueued) {
      const text = `${maxQueued} evaluations wait, as many as may; try again later, or stop some.`;
      throw new Fault("QUEUE_FULL", text);
    }
    if (db.count() >= maxEvaluations) {
      const text = `${maxEvaluations} evaluations are kept, as many as may be; delete some that have ended.`;
      throw new Fault("TOO_MANY_EVALUATIONS", text);
    }
    return {
      id: `${kind}-${Array.from({ length: ID_LENGTH }, () => ID_CHARACTERS[randomInt(ID_CHARACTERS.length)]).join("")}`,
      kind,
      title: manifest.title,
      state: "queued",
      priority,
      parameters: values,
      limits: {
        timeoutMs: limits.timeoutMs ?? usual.timeoutMs,
        maxMemoryBytes: limits.maxMemoryBytes ?? usual.maxMemoryBytes,
        maxLogBytes: limits.maxLogBytes ?? usual.maxLogBytes,
      },
      createdBy,
      createdAt: new Date().toISOString(),
      alerts: { info: 0, warning: 0, critical: 0 },
      lines: 0,
      logBytes: 0,
      debug: manifest.debug,
    };
  }

  #kind(name: string): LoadedKind {
    const kind = this.#options.kinds.get(name);
    if (kind !== undefined) return kind;
    const known = [...this.#options.kinds.keys()].join(", ");
    throw new Fault("KIND_UNKNOWN", `there is no evaluation "${name.slice(0, 100)}"; there are: ${known}.`, [
      { path: "kind", message: `must be one of ${known}` },
    ]);
  }

  #stored(id: string): Stored {
    const stored = this.#options.db.get(id);
    if (stored !== undefined) return stored;
    throw new Fault(
      "EVALUATION_UNKNOWN",
      `there is no evaluation "${id.slice(0, 100)}"; it may have been deleted.`,
    );
  }

  #going(id: string): Run {
    const run = this.#runs.get(id);
    if (run !== undefined && !hasEnded(run.evaluation.state)) return run;
    const { state } = this.get(id);
    throw new Fault(
      "ALREADY_ENDED",
      `evaluation ${id} has ended: it is ${state}. Start it again to change it.`,
    );
  }

  /** Parameters that may be changed now, checked. */
  #changed(run: Run, given: Readonly<Record<string, unknown>>): Record<string, ParameterValue> {
    const { parameters } = run.manifest;
    const { values, errors } = checkParameters(parameters, given, { isChange: true });
    if (errors.length > 0) throw invalid(errors);
    if (run.evaluation.state === "queued") return values;
    const fixed = Object.keys(values).filter((name) => parameters[name]?.live !== true);
    if (fixed.length === 0) return values;
    throw new Fault(
      "NOT_LIVE",
      `${fixed.join(", ")} cannot be changed while it runs; start another one with other parameters.`,
      fixed.map((name) => ({ path: `parameters.${name}`, message: "is not live" })),
    );
  }

  /** Begins what may begin, and tells those that wait where they stand. */
  #turn(): void {
    if (this.#isStopped) return;
    const runs = [...this.#runs.values()];
    // One whose end is still being told has its place yet: each one that ends lets one begin.
    const going = runs.filter(({ evaluation: { state } }) => state !== "queued");
    const waiting = runs
      .filter(({ evaluation: { state } }) => state === "queued")
      .map((run) => ({ run, seq: run.seq, priority: run.evaluation.priority }))
      .toSorted(byTurn)
      .map(({ run }) => run);
    const next = waiting.slice(0, Math.max(0, this.#options.parallel - going.length));
    this.#queue = waiting.slice(next.length);
    for (const run of next) this.#background(run, run.begin(this.#commandOf(run)));
    for (const [at, run] of this.#queue.entries())
      this.#background(run, run.place({ position: at + 1, of: this.#queue.length }));
  }

  /** That of the kind as it is now; one that is there no more cannot be started, which is told when it is tried. */
  #commandOf({ evaluation: { kind }, manifest }: Run): readonly string[] {
    return this.#options.kinds.get(kind)?.command ?? manifest.command;
  }

  #ended(run: Run): void {
    this.#runs.delete(run.id);
    this.#turn();
  }

  #background(run: Run, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#options.signal.aborted)
        this.#options.logger.error(
          { err: error, evaluation: run.id },
          "a run met a fault of the server's own",
        );
    });
  }
}

/** Of sorted durations. */
function summaryOf(all: readonly number[]): { meanMs: number; medianMs: number; p95Ms: number } {
  const at = (share: number): number => all[Math.min(all.length - 1, Math.floor(share * all.length))] ?? 0;
  const sum = all.reduce((before, ms) => before + ms, 0);
  return { meanMs: Math.round(sum / all.length), medianMs: at(0.5), p95Ms: at(0.95) };
}

/** JSON in which the order of names says nothing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}
