import { mkdirSync, mkdtempSync, realpathSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Control, type Settle } from "./control.ts";
import { parameterFault, readParameters, readSpecs, type ParameterSpecs } from "./parameters.ts";
import { platform } from "./platform.ts";
import type { Command, EvaluationEvent, Severity } from "./wire.ts";

/** How long what is registered with `onStop` may take, in milliseconds; the platform kills the process at 5,000. */
export const STOP_TIMEOUT_MS = 4_000;

const ARTIFACT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

type LogLevel = "debug" | "info" | "warn" | "error";

/** A run, as the program that is the evaluation sees it. */
export interface Evaluation<Parameters> {
  /** Its id; `by-hand` when no platform started it. */
  readonly id: string;
  /** The run's own folder. */
  readonly directory: string;
  /** Checked against `evaluation.json`; a live one changes here when it is set. */
  readonly parameters: Readonly<Parameters>;
  /** Log lines, to stdout (`warn` and `error` to stderr). A text of several lines is as many log lines. */
  readonly log: Readonly<Record<LogLevel, (text: string) => void>>;
  /** Aborted when the evaluation is to stop: for what waits on something else, such as a child process. */
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number, note?: string) => void;
  /** One point of a metric. A value that is not finite is not sent (JSON has none), and logged as a warning. */
  readonly metric: (name: string, step: number, value: number) => void;
  /**
   * Keeps a file in the run's folder and tells of it. The same name again replaces it.
   * @throws {RangeError} when the name is not 1–100 characters of `A-Z a-z 0-9 . _ -`, a letter or digit first.
   */
  readonly artifact: (name: string, mediaType: string, content: string | Uint8Array) => void;
  readonly alert: (severity: Severity, rule: string, text: string) => void;
  /** What came out of it. Told again, the last one counts. */
  readonly result: (data: unknown) => void;
  /**
   * Where it can be paused, stepped and inspected, and hears commands: call it often. `at` names the place for a
   * person; `state` is called only when someone looks, and is JSON of at most 65,536 characters. After a stop it
   * does not return.
   */
  readonly checkpoint: (at: string, state: () => unknown) => Promise<void>;
  /** The pace: waits `ms`, less when a command comes. While stepping it does not wait. */
  readonly wait: (ms: number) => Promise<void>;
  /** What a person's input does; what it returns is the answer, what it throws says why it is refused. */
  readonly onInput: (handle: (text: string) => unknown) => void;
  /** Called before a live parameter changes; what it throws says why it does not. */
  readonly onSet: (handle: (name: keyof Parameters & string, value: unknown) => void) => void;
  /** What tidies up when it is stopped, within {@link STOP_TIMEOUT_MS}. */
  readonly onStop: (handle: () => void | Promise<void>) => void;
}

/**
 * Begins the evaluation of the program that was started: call it once, first.
 * @throws {TypeError} when a parameter is not what `evaluation.json`, beside the program, allows.
 */
export async function evaluation<Parameters extends object>(): Promise<Evaluation<Parameters>> {
  const specs = readSpecs(dirname(realpathSync(process.argv[1] ?? "")));
  const parameters = readParameters(specs, JSON.parse(process.env["EVAL_PARAMETERS"] ?? "{}"));
  const directory = process.env["EVAL_RUN_DIR"] ?? mkdtempSync(join(tmpdir(), "evaluation-"));
  const { emit, listen } = platform();
  const control = new Control(emit);
  const stopping = new AbortController();
  let input: ((text: string) => unknown) | undefined;
  let beforeSet: ((name: keyof Parameters & string, value: unknown) => void) | undefined;
  let tidyUp: (() => void | Promise<void>) | undefined;

  const stop = (): void => {
    if (stopping.signal.aborted) return;
    control.stop();
    stopping.abort();
    void endAfter(tidyUp);
  };
  const set = (name: string, value: unknown): unknown => {
    const fault = settableFault(specs, name, value);
    if (fault !== undefined) throw new Error(fault);
    beforeSet?.(name as keyof Parameters & string, value);
    parameters[name] = value;
    return { name, value };
  };
  const answerInput = (text: string): unknown => {
    if (input === undefined) throw new Error("this evaluation takes no input");
    return input(text);
  };
  process.on("SIGTERM", stop);
  process.on("exit", () => control.end());
  listen((command) => {
    const reply: Settle = (outcome) => emit({ type: "reply", id: command.id, ...outcome });
    carryOut(control, command, reply, answerInput, set);
    control.wake();
  }, stop);

  const log = logTo();
  return {
    id: process.env["EVAL_ID"] ?? "by-hand",
    directory,
    parameters: parameters as Parameters,
    log,
    signal: stopping.signal,
    progress: (done, total, note) =>
      emit({ type: "progress", done, total, ...(note === undefined ? {} : { note }) }),
    metric: (name, step, value) => {
      if (Number.isFinite(value)) emit({ type: "metric", name, step, value });
      else log.warn(`metric "${name}" at step ${step} is ${value}: not sent`);
    },
    artifact: (name, mediaType, content) => emit(keep(directory, name, mediaType, content)),
    alert: (severity, rule, text) => emit({ type: "alert", severity, rule, text }),
    result: (data) => emit({ type: "result", data }),
    checkpoint: (at, state) => control.checkpoint(at, state),
    wait: (ms) => control.wait(ms),
    onInput: (handle) => void (input = handle),
    onSet: (handle) => void (beforeSet = handle),
    onStop: (handle) => void (tidyUp = handle),
  };
}

function carryOut(
  control: Control,
  command: Command,
  reply: Settle,
  input: (text: string) => unknown,
  set: (name: string, value: unknown) => unknown,
): void {
  const answer = (work: () => unknown): void => {
    try {
      reply({ ok: true, data: work() ?? null });
    } catch (error) {
      reply({ ok: false, error: error instanceof Error ? error.message : String(error) });
    }
  };
  switch (command.type) {
    case "pause":
      return control.pause(reply);
    case "resume":
      return control.resume(reply);
    case "inspect":
      return control.inspect(reply);
    case "step":
      return control.step(command.count, reply);
    case "input":
      return answer(() => input(command.text));
    case "set":
      return answer(() => set(command.name, command.value));
  }
}

function settableFault(specs: ParameterSpecs, name: string, value: unknown): string | undefined {
  const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
  if (spec === undefined) return `there is no parameter "${name}"`;
  if (spec.live !== true) return `"${name}" cannot change while the evaluation runs`;
  return parameterFault(name, spec, value);
}

/** Ends the process as SIGTERM would have, after what tidies up. */
async function endAfter(tidyUp: (() => void | Promise<void>) | undefined): Promise<void> {
  const end = (): void => {
    process.removeAllListeners("SIGTERM");
    process.kill(process.pid, "SIGTERM");
  };
  setTimeout(end, STOP_TIMEOUT_MS);
  try {
    await tidyUp?.();
  } finally {
    end();
  }
}

/** Writes beside and renames, so that nobody reads half of it. */
function keep(
  directory: string,
  name: string,
  mediaType: string,
  content: string | Uint8Array,
): EvaluationEvent {
  if (!ARTIFACT_NAME.test(name)) {
    throw new RangeError(`an artifact's name is 1–100 characters of A-Z a-z 0-9 . _ -; "${name}" is not`);
  }
  const folder = join(directory, "artifacts");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `.${name}.part`), content);
  renameSync(join(folder, `.${name}.part`), join(folder, name));
  return { type: "artifact", name, path: `artifacts/${name}`, mediaType };
}

function logTo(): Record<LogLevel, (text: string) => void> {
  // One write for all lines of a text: a log of millions of lines is written by blocks.
  const write = (stream: NodeJS.WriteStream, level: LogLevel) => (text: string) =>
    void stream.write(`[${level}] ${text.split(/\r\n|\r|\n/).join(`\n[${level}] `)}\n`);
  return {
    debug: write(process.stdout, "debug"),
    info: write(process.stdout, "info"),
    warn: write(process.stderr, "warn"),
    error: write(process.stderr, "error"),
  };
}
