import { existsSync } from "node:fs";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { channelOf, LIST_CHANNEL, type Summary } from "../../shared/channels.ts";
import { type Evaluation, hasEnded, type QueuePlace } from "../../shared/evaluation.ts";
import type { KeptEvent } from "../../shared/events.ts";
import type { Manifest } from "../../shared/manifest.ts";
import type { Ask } from "../../supervisor/messages.ts";
import { endProcesses } from "../../supervisor/processes.ts";
import { FILES, type RunFile } from "../../supervisor/run-file.ts";
import type { Database, Stored } from "../database.ts";
import { Fault } from "../fault.ts";
import { Rules } from "../rules.ts";
import { type AllAlerts, Alerts } from "./alerts.ts";
import { claimOf, isAlive } from "./claim.ts";
import { EventFollower } from "./event-follower.ts";
import { Growth } from "./growth.ts";
import { Link } from "./link.ts";
import { LogFollower } from "./log-follower.ts";
import { type Marks, readMarks } from "./marks.ts";
import { startSupervisor } from "./spawn.ts";
import type { Teller } from "./teller.ts";
import { Told } from "./told.ts";

/** Between two notices of what changes all the time (progress, lines) on the list, in milliseconds. */
const SUMMARY_MS = 500;
/** Before a run is followed again after a fault of the server's own, in milliseconds. */
const RETRY_MS = 1_000;
/** Before a supervisor that lives but does not answer is asked again, in milliseconds. */
const RECONNECT_MS = 100;

export interface RunContext {
  readonly db: Database;
  readonly teller: Teller;
  readonly logger: Logger;
  readonly allAlerts: AllAlerts;
  readonly signal: AbortSignal;
  /** How long an evaluation may take to answer, in milliseconds. */
  readonly askMs: number;
  readonly folderOf: (id: string) => string;
  readonly socketOf: (id: string) => string;
  readonly onEnded: (run: Run) => void;
}

/** One evaluation that has not ended: what is known of it, and what is told of it. */
export class Run {
  readonly seq: number;
  readonly id: string;
  readonly manifest: Manifest;
  readonly folder: string;
  readonly #context: RunContext;
  readonly #growth = new Growth();
  readonly #told: Told;
  readonly #marks: Marks;
  #evaluation: Evaluation;
  #known: Evaluation | undefined;
  #link: Link | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes of the events that a server before this one had read. */
  #replayUntil = 0;
  #publishing: Promise<void> = Promise.resolve();
  readonly #over = Promise.withResolvers<void>();

  /** Of one that is known: reads how far its channels were told. */
  static async open(stored: Stored, context: RunContext): Promise<Run> {
    return new Run(stored, context, await readMarks(context.teller, stored.evaluation.id));
  }

  private constructor({ seq, evaluation, manifest }: Stored, context: RunContext, marks: Marks) {
    this.seq = seq;
    this.id = evaluation.id;
    this.manifest = manifest;
    this.folder = context.folderOf(evaluation.id);
    this.#context = context;
    this.#marks = marks;
    this.#told = new Told(evaluation.id, context.teller, marks);
    this.#evaluation = evaluation;
  }

  /** As it was last known, while a server that has begun anew reads again how it came there. */
  get evaluation(): Evaluation {
    return this.#isReplaying ? (this.#known ?? this.#evaluation) : this.#evaluation;
  }

  get #isReplaying(): boolean {
    return this.#growth.told < this.#replayUntil;
  }

  /** As the list has it. */
  get summary(): Summary {
    const { result: _, ...summary } = this.evaluation;
    return summary;
  }

  /** Keeps a change at once, and tells it: on `status` with `event`, and on the list. */
  async change(change: Partial<Evaluation>, event: string, data: object): Promise<void> {
    this.#evaluation = { ...this.#evaluation, ...change };
    this.#context.db.save(this.#evaluation);
    await this.#told.note("status", event, data);
    await this.#publish();
  }

  /** Tells on one of its channels what is in no file. */
  async note(...[channel, event, data]: Parameters<Told["note"]>): Promise<void> {
    await this.#told.note(channel, event, data);
  }

  /** Where it stands in the queue; `undefined` once it begins. Told where it is another one than before. */
  async place(place: QueuePlace | undefined): Promise<void> {
    const { queue: before, ...rest } = this.#evaluation;
    if (before?.position === place?.position && before?.of === place?.of) return;
    this.#evaluation = place === undefined ? rest : { ...rest, queue: place };
    this.#changedSoon();
    if (place === undefined) await this.#told.note("queue", "left", {});
    else await this.#told.note("queue", "position", place);
  }

  /** Begins it, and follows it to its end. */
  async begin(command: readonly string[]): Promise<void> {
    const { socketOf } = this.#context;
    const { parameters, limits } = this.#evaluation;
    const placed = this.place(undefined);
    await Promise.all([
      placed,
      this.change({ state: "starting" }, "status", { state: "starting", at: new Date().toISOString() }),
    ]);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const file: RunFile = {
      id: this.id,
      command: [...command],
      parameters,
      limits,
      socket: socketOf(this.id),
    };
    await writeFile(join(this.folder, FILES.run), JSON.stringify(file), { mode: 0o600 });
    try {
      await startSupervisor(this.folder);
    } catch (error) {
      return this.#lost(`its supervisor did not start: ${(error as Error).message}`);
    }
    await this.#follow();
  }

  /** Takes up one that a server before this one began. */
  async resume(): Promise<void> {
    const claim = await claimOf(this.folder).catch(() => undefined);
    const isFound = claim !== undefined && claim.start !== null;
    const { state, endedAt = "", reason = "" } = this.#evaluation;
    if (hasEnded(state) && !isFound) {
      await this.#tellEnd({ state, at: endedAt, reason });
      return this.#close();
    }
    const isOver = hasEnded(state) || existsSync(join(this.folder, FILES.exit));
    if (!isOver) {
      const found = isFound && isAlive(claim);
      await this.note("status", "restored", { found, at: new Date().toISOString() });
    }
    if (!isFound) return this.#lost("the server was restarted before it had begun");
    await this.#follow();
  }

  /** Whether a supervisor may have been started: before that it can wait again. */
  get wasPrepared(): boolean {
    return existsSync(join(this.folder, FILES.run));
  }

  /** Resolves once it has ended, and everybody was told. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Ends one that has not begun. */
  async cancel(reason: string): Promise<void> {
    const at = new Date().toISOString();
    const { queue: _, ...rest } = this.#evaluation;
    this.#evaluation = rest;
    this.#end({ state: "stopped", endedAt: at, reason });
    await this.#told.note("queue", "left", {});
    await this.#told.note("status", "status", { state: "stopped", at, reason });
    await this.#close();
  }

  /** Asks the evaluation, and resolves with its answer once what came of it is told. */
  async ask(ask: Ask): Promise<unknown> {
    const { askMs } = this.#context;
    const growth = this.#growth;
    await growth.until(() => this.#link !== undefined || growth.isFinal);
    const link = this.#link;
    if (link === undefined || hasEnded(this.#evaluation.state))
      throw new Fault("NOT_RUNNING", `evaluation ${this.id} does not run any more.`);
    const answer = await link.ask(ask, askMs);
    // The supervisor says how long its files are before it answers.
    const { events } = growth.sizes;
    await growth.until(() => growth.told >= events || growth.isFinal);
    return answer;
  }

  /** Resolves once all that is under way is told; then nothing is told any more. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#link?.close();
    this.#growth.wake();
    await this.#publishing.catch(() => undefined);
  }

  async #follow(): Promise<void> {
    const { signal, logger } = this.#context;
    for (;;) {
      try {
        return await this.#followOnce();
      } catch (error) {
        if (signal.aborted) return;
        logger.error({ err: error, evaluation: this.id }, "a run could not be followed; trying again");
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #followOnce(): Promise<void> {
    const { teller, logger, signal, allAlerts } = this.#context;
    const growth = this.#growth;
    const change = (changed: Partial<Evaluation>): void => {
      const isUrgent = "state" in changed || "parameters" in changed;
      this.#evaluation = { ...this.#evaluation, ...changed };
      this.#changedSoon(isUrgent);
    };
    const all = new AbortController();
    const both = AbortSignal.any([signal, all.signal]);
    both.addEventListener("abort", () => growth.wake(), { once: true });
    // What the channels have is only to be known again: nobody is told what it was on the way.
    this.#replayUntil = Math.max(...Object.values(this.#marks.events));
    growth.told = 0;
    const alerts = new Alerts(this.id, teller, this.#marks, allAlerts, (counts) =>
      change({ alerts: counts }),
    );
    const log = new LogFollower({
      id: this.id,
      path: join(this.folder, FILES.log),
      teller,
      marks: this.#marks,
      growth,
      alerts,
      rules: new Rules(this.manifest.rules),
      onRead: (lines, logBytes) => change({ lines, logBytes }),
    });
    const events = new EventFollower({
      folder: this.folder,
      manifest: this.manifest,
      teller,
      told: this.#told,
      growth,
      alerts,
      logger,
      evaluation: () => this.#evaluation,
      change,
      logIsTold: async () => {
        await growth.until(() => both.aborted || log.position >= growth.sizes.log);
        both.throwIfAborted();
      },
      ended: (changed) => this.#end(changed),
    });
    // What is known of it is made anew of its events, from how it began.
    this.#known = this.#evaluation;
    this.#evaluation = await this.#atBegin(alerts.counts);
    const tasks = [events.follow(both), log.follow(both), this.#watch(both)];
    try {
      await Promise.all(tasks);
    } finally {
      all.abort();
      this.#link?.close();
      await Promise.allSettled(tasks);
    }
    if (events.hasEnded) await this.#close();
    else if (!signal.aborted) await this.#lost("its supervisor was ended, and the evaluation with it");
  }

  /** As it was when it began: parameters as they were given, and nothing that its events tell. */
  async #atBegin(alerts: Evaluation["alerts"]): Promise<Evaluation> {
    const file = JSON.parse(await readFile(join(this.folder, FILES.run), "utf8")) as RunFile;
    const { result: _, progress: __, startedAt: ___, queue: ____, ...rest } = this.#evaluation;
    const { position, lines } = this.#marks.log;
    return { ...rest, state: "starting", parameters: file.parameters, alerts, lines, logBytes: position };
  }

  /** Keeps the supervisor's connection, until there is no supervisor any more. */
  async #watch(signal: AbortSignal): Promise<void> {
    const growth = this.#growth;
    const claim = await claimOf(this.folder);
    while (!signal.aborted) {
      try {
        this.#link = await Link.open(this.#context.socketOf(this.id), (sizes) => growth.grow(sizes));
        if (signal.aborted) this.#link.close();
        growth.wake();
        await this.#link.closed;
      } catch {
        // No one listens: it has ended, or is about to.
      }
      this.#link = undefined;
      if (signal.aborted) return;
      // In this order: a supervisor that is gone, or has said how it ended, writes no more.
      const isGone = existsSync(join(this.folder, FILES.exit)) || !isAlive(claim);
      growth.grow(await this.#sizes());
      if (isGone) {
        growth.isFinal = true;
        return growth.wake();
      }
      await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #sizes(): Promise<{ log: number; events: number }> {
    const size = async (name: string): Promise<number> => (await stat(join(this.folder, name))).size;
    return { log: await size(FILES.log), events: await size(FILES.events) };
  }

  async #lost(reason: string): Promise<void> {
    await endProcesses(this.id, await this.#process());
    const at = new Date().toISOString();
    this.#end({ state: "lost", endedAt: at, reason });
    await this.#tellEnd({ state: "lost", at, reason });
    await this.#close();
  }

  /** Tells how it ended, where a server that was killed had not. */
  async #tellEnd(data: {
    readonly state: string;
    readonly at: string;
    readonly reason: string;
  }): Promise<void> {
    const newest = await this.#context.teller.newest(channelOf(this.id, "status"));
    if (newest?.["state"] !== data.state) await this.#told.note("status", "status", data);
  }

  /** The evaluation's own process, as its supervisor noted it. */
  async #process(): Promise<{ readonly pid: number; readonly start: string | undefined } | undefined> {
    const text = await readFile(join(this.folder, FILES.events), "utf8").catch(() => "");
    const line = text.slice(0, text.indexOf("\n") + 1);
    if (line === "") return undefined;
    const event = JSON.parse(line) as KeptEvent;
    return event.type === "started" ? { pid: event.pid, start: event.start } : undefined;
  }

  /** Keeps how it ended: should the server be killed before that is told, the next one tells it. */
  #end(change: Partial<Evaluation>): void {
    this.#replayUntil = 0;
    this.#evaluation = { ...this.#evaluation, ...change };
    this.#context.db.save(this.#evaluation);
  }

  async #close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#publish();
    this.#context.db.told(this.id);
    this.#growth.isFinal = true;
    this.#growth.wake();
    this.#context.onEnded(this);
    this.#over.resolve();
  }

  #changedSoon(isUrgent = false): void {
    if (this.#isReplaying) return;
    if (isUrgent) clearTimeout(this.#timer);
    else if (this.#timer !== undefined) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#context.signal.aborted || hasEnded(this.#evaluation.state)) return;
        this.#context.db.save(this.#evaluation);
        this.#publish().catch((error: unknown) => {
          if (!this.#context.signal.aborted)
            this.#context.logger.error({ err: error }, "the list was not told");
        });
      },
      isUrgent ? 0 : SUMMARY_MS,
    );
  }

  /** Tells the list what it is now, one after the other. */
  async #publish(): Promise<void> {
    const mine = this.#publishing.then(async () => {
      await this.#context.teller.tell(LIST_CHANNEL, "evaluation", this.summary, { key: this.id });
    });
    this.#publishing = mine.catch(() => undefined);
    return mine;
  }
}
