import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { ExitReason, Instruction, Reply } from "../shared/events.ts";
import { EventsFile } from "./events-file.ts";
import { LogFile } from "./log-file.ts";
import type { Answer } from "./control.ts";
import type { Request } from "./messages.ts";
import { NODE_ARGUMENTS } from "./node.ts";
import { endProcesses, groupMemory, signalGroup, startOf } from "./processes.ts";
import { FILES, type RunFile } from "./run-file.ts";

/** From SIGTERM to SIGKILL, in milliseconds: time to tidy up. */
const GRACE_MS = 5_000;
/** Between two looks at the memory, in milliseconds. */
const MEMORY_POLL_MS = 250;
/** How long what is still in the pipes may take after the process has ended, in milliseconds. */
const DRAIN_MS = 2_000;
/** Instructions that wait for their reply. */
const MAX_PENDING = 256;
/** Bytes of instructions that the evaluation has not read yet. */
const MAX_UNREAD_BYTES = 262_144;

/** How it came to an end, and why, where the supervisor had a hand in it. */
interface Ending {
  readonly reason: ExitReason;
  readonly detail: string;
}

interface Pending {
  readonly request: Exclude<Request, { type: "stop" }>;
  readonly answer: (answer: Answer) => void;
}

/** One evaluation: its process, its files, and its limits. */
export class Job {
  readonly log: LogFile;
  readonly events: EventsFile;
  readonly #run: RunFile;
  readonly #work: string;
  readonly #onGrown: () => void;
  readonly #pending = new Map<string, Pending>();
  readonly #timers: NodeJS.Timeout[] = [];
  #child: ChildProcess | undefined;
  #instructions: Writable | undefined;
  #ending: Ending | undefined;
  #isOver = false;
  #lastId = 0;

  constructor(folder: string, run: RunFile, onGrown: () => void) {
    this.#run = run;
    this.#onGrown = onGrown;
    this.#work = join(folder, FILES.work);
    mkdirSync(this.#work, { recursive: true });
    this.log = new LogFile(join(folder, FILES.log), run.limits.maxLogBytes);
    this.events = new EventsFile({
      path: join(folder, FILES.events),
      work: this.#work,
      onReply: (reply) => this.#replied(reply),
      onFault: (text) => this.log.say("warn", text),
    });
  }

  /** Runs the evaluation to its end; then nothing of it is left but its files. */
  async run(): Promise<Ending & { readonly code: number | null; readonly signal: string | null }> {
    const { id, command, parameters, limits } = this.#run;
    const [name = "", ...args] = command;
    const child = spawn(
      name === "node" ? process.execPath : name,
      name === "node" ? [...NODE_ARGUMENTS, ...args] : args,
      {
        cwd: this.#work,
        // The leader of a process group of its own, which is what is signalled and measured.
        detached: true,
        stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
        env: {
          ...process.env,
          EVAL_ID: id,
          EVAL_RUN_DIR: this.#work,
          EVAL_PARAMETERS: JSON.stringify(parameters),
        },
      },
    );
    this.#child = child;
    this.#connect(child);
    const ended = new Promise<{ code: number | null; signal: string | null; error?: Error }>((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
      child.once("error", (error) => {
        if (child.pid === undefined) resolve({ code: null, signal: null, error });
      });
    });
    if (child.pid !== undefined) {
      this.events.add({ type: "started", pid: child.pid, start: startOf(child.pid) });
      this.#onGrown();
      this.#timers.push(
        setTimeout(() => {
          this.stop({ reason: "timed-out", detail: `it ran longer than ${limits.timeoutMs} ms` });
        }, limits.timeoutMs),
        setInterval(() => void this.#checkMemory(), MEMORY_POLL_MS),
      );
    }
    const { code, signal, error } = await ended;
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
    // What it started and left behind is not to outlive it, nor to hold its pipes.
    if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
    await endProcesses(id);
    await this.#drained(child);
    for (const { answer } of this.#pending.values())
      answer({ ok: false, code: "over", error: "the evaluation has ended" });
    this.#pending.clear();
    this.log.end();
    return { ...(this.#ending ?? endingOf(code, signal, error)), code, signal };
  }

  /** SIGTERM to the whole group, and SIGKILL after {@link GRACE_MS}. The first reason counts. */
  stop(ending: Ending): void {
    this.#end(ending, "SIGTERM");
    const pid = this.#child?.pid;
    if (pid !== undefined && !this.#isOver)
      this.#timers.push(setTimeout(() => signalGroup(pid, "SIGKILL"), GRACE_MS));
  }

  /** Hands an instruction on to the evaluation, and its reply to whoever asked. */
  instruct(request: Pending["request"], answer: (answer: Answer) => void): void {
    const stream = this.#instructions;
    if (this.#isOver || stream === undefined || !stream.writable)
      return answer({ ok: false, code: "over", error: "the evaluation hears no instructions any more" });
    if (this.#pending.size >= MAX_PENDING || stream.writableLength > MAX_UNREAD_BYTES) {
      const error = "the evaluation has not answered what it was told before";
      return answer({ ok: false, code: "busy", error });
    }
    this.#lastId += 1;
    const id = String(this.#lastId);
    this.#pending.set(id, { request, answer });
    stream.write(`${JSON.stringify(instructionOf(request, id))}\n`);
  }

  #connect(child: ChildProcess): void {
    const [, out, error, events, instructions] = child.stdio;
    this.#read(out as Readable, this.log.reader("info"));
    this.#read(error as Readable, this.log.reader("warn"));
    this.#read(events as Readable, { ...this.events.reader(), end: () => undefined });
    this.#instructions = instructions as Writable;
    // It closed its end, or is gone: told to whoever asks next.
    this.#instructions.on("error", () => undefined);
    // A socket pair both ways: what is not read would keep the end from being seen.
    (instructions as Readable).resume();
  }

  #read(stream: Readable, { push, end }: { push: (chunk: Buffer) => void; end: () => void }): void {
    stream.on("data", (chunk: Buffer) => {
      push(chunk);
      this.#onGrown();
    });
    stream.on("error", () => undefined);
    stream.once("close", end);
  }

  #replied(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    if (pending === undefined) return;
    this.#pending.delete(reply.id);
    if (!reply.ok) return pending.answer({ ok: false, code: "refused", error: reply.error });
    this.#note(pending.request, reply.data);
    pending.answer({ ok: true, data: reply.data });
  }

  /** What came of an instruction is kept with all else that happened: who reads the file misses nothing. */
  #note(request: Pending["request"], data: unknown): void {
    if (request.type === "set") {
      const { name, value, by, change } = request;
      this.events.add({ type: "changed", name, value, by, change });
    } else if (request.type === "input") {
      this.events.add({ type: "input", text: request.text, by: request.by });
    } else if (request.type === "inspect") {
      const { at, state = null } = (data ?? {}) as { at?: unknown; state?: unknown };
      this.events.add({ type: "inspected", at: typeof at === "string" ? at : "", state });
    }
  }

  async #checkMemory(): Promise<void> {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#isOver) return;
    const bytes = await groupMemory(pid).catch(() => 0);
    const { maxMemoryBytes } = this.#run.limits;
    if (bytes <= maxMemoryBytes) return;
    const detail = `it had ${bytes} bytes of memory, and may have ${maxMemoryBytes}`;
    // At once: while it tidies up it could take all there is.
    this.#end({ reason: "out-of-memory", detail }, "SIGKILL");
  }

  #end(ending: Ending, signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (this.#isOver || pid === undefined) return;
    this.#ending ??= ending;
    signalGroup(pid, signal);
  }

  /** What was written before the end is still in the pipes. */
  async #drained(child: ChildProcess): Promise<void> {
    const streams = child.stdio.filter((stream) => stream !== null && stream !== undefined);
    const open = streams.slice(0, 3).filter((stream) => !stream.closed);
    const closed = open.map(async (stream) => new Promise((resolve) => stream.once("close", resolve)));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, DRAIN_MS);
    await Promise.race([Promise.all(closed), promise]);
    clearTimeout(timer);
    for (const stream of streams) stream.destroy();
  }
}

function instructionOf(request: Pending["request"], id: string): Instruction {
  switch (request.type) {
    case "step":
      return { id, type: "step", count: request.count };
    case "input":
      return { id, type: "input", text: request.text };
    case "set":
      return { id, type: "set", name: request.name, value: request.value };
    case "pause":
    case "resume":
    case "inspect":
      return { id, type: request.type };
    default:
      return request satisfies never;
  }
}

function endingOf(code: number | null, signal: string | null, error: Error | undefined): Ending {
  if (error !== undefined) return { reason: "crashed", detail: `it could not be started: ${error.message}` };
  if (signal !== null) return { reason: "crashed", detail: `it was ended by ${signal}` };
  return { reason: "exited", detail: code === 0 ? "it is done" : `it ended with code ${code}` };
}
