import { TidingsError } from "@tidings/protocol";
import { CommandError, type Fault, type Outcome, tableFault, toJson } from "./fault.ts";
import type { CallerFacts, Invocation, Run } from "./invocation.ts";

export interface ExecutionOptions {
  readonly name: string;
  readonly input: Uint8Array | undefined;
  readonly caller: CallerFacts;
  readonly deadlineMs: number;
  readonly idempotencyKey: string | undefined;
  /** JSON; a promise while the caller has no room. */
  readonly onProgress: ((json: string) => Promise<void> | void) | undefined;
  readonly maxBytes: number;
  /** What was thrown, as the callers are told. */
  readonly toFault: (error: unknown) => Fault;
  /** Once, when the run has settled, whatever was told to callers before. */
  readonly onSettled: (execution: Execution, outcome: Outcome) => void;
}

/** Bytes of progress that may wait for a caller without their handler waiting too. */
const MAX_WAITING_BYTES = 1_048_576;
const DONE = Promise.resolve();

/** One run of a command, for the caller that began it and those that joined it by its idempotency key. */
export class Execution implements Invocation {
  readonly name: string;
  readonly input: Uint8Array | undefined;
  readonly caller: CallerFacts;
  readonly deadlineMs: number;
  readonly idempotencyKey: string | undefined;
  readonly #options: ExecutionOptions;
  readonly #abort = new AbortController();
  readonly #waiters = new Set<(outcome: Outcome) => void>();
  /** The progress that is waiting for room, in order. */
  #told: Promise<void> | undefined;
  #waitingBytes = 0;
  #flood: TidingsError | undefined;
  #isSettled = false;

  constructor(options: ExecutionOptions) {
    this.#options = options;
    this.name = options.name;
    this.input = options.input;
    this.caller = options.caller;
    this.deadlineMs = options.deadlineMs;
    this.idempotencyKey = options.idempotencyKey;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isAborted(): boolean {
    return this.#abort.signal.aborted;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Begins. A run that answers at once has settled when this returns. */
  start(run: Run): void {
    let answer: ReturnType<Run>;
    try {
      answer = run(this);
    } catch (error) {
      return this.#failed(error);
    }
    if (answer instanceof Promise)
      answer.then(
        (json) => this.#answered(json),
        (error: unknown) => this.#failed(error),
      );
    else this.#answered(answer);
  }

  join(waiter: (outcome: Outcome) => void): void {
    this.#waiters.add(waiter);
  }

  /** A caller waits no longer; where it was the last one, nobody does, and the run is to stop. */
  leave(waiter: (outcome: Outcome) => void, reason: Error): void {
    if (this.#waiters.delete(waiter) && this.#waiters.size === 0) this.abort(reason);
  }

  abort(reason: Error): void {
    if (!this.#isSettled) this.#abort.abort(reason);
  }

  readonly progress: Invocation["progress"] = (data) => {
    try {
      return this.progressJson(toJson(data) ?? "null");
    } catch (error) {
      return unheard(Promise.reject(error as Error));
    }
  };

  readonly progressJson: Invocation["progressJson"] = (json) => {
    if (this.isAborted) return unheard(Promise.reject(this.signal.reason as Error));
    const { onProgress, maxBytes } = this.#options;
    if (this.#isSettled || onProgress === undefined) return DONE;
    if (json.length > maxBytes || this.#waitingBytes > MAX_WAITING_BYTES) {
      // Told to the handler too, but one that does not wait for progress does not see it there.
      this.#flood ??= new TidingsError(
        "COMMAND_FAILED",
        json.length > maxBytes
          ? `the command told progress of more than ${maxBytes} bytes.`
          : "the command told progress faster than its caller reads; its handler has to await progress().",
      );
      this.abort(this.#flood);
      return unheard(Promise.reject(this.#flood));
    }
    if (this.#told === undefined) {
      const full = onProgress(json);
      if (full === undefined) return DONE;
      return this.#wait(json.length, full);
    }
    return this.#wait(
      json.length,
      this.#told.then(() => (this.isAborted ? undefined : onProgress(json))),
    );
  };

  #wait(length: number, full: Promise<void>): Promise<void> {
    this.#waitingBytes += length + 64;
    const told: Promise<void> = full.finally(() => {
      this.#waitingBytes -= length + 64;
      if (this.#told === told) this.#told = undefined;
    });
    this.#told = told;
    return unheard(told);
  }

  #answered(json: string | undefined): void {
    const { maxBytes } = this.#options;
    if (json !== undefined && json.length * 3 > maxBytes && Buffer.byteLength(json) > maxBytes)
      return this.#failed(new RangeError(`the command answered more than ${maxBytes} bytes`));
    this.#settle({ ok: true, json });
  }

  #failed(error: unknown): void {
    // What a run ends with that was told to stop is no fault of its own; only one that joined it late still hears it.
    if (this.isAborted && !(error instanceof CommandError) && this.#flood === undefined) {
      const message = "an earlier call under this idempotency key was stopped before its answer; call again.";
      return this.#settle({ ok: false, fault: tableFault("COMMAND_UNAVAILABLE", message) });
    }
    this.#settle({ ok: false, fault: this.#options.toFault(error) });
  }

  #settle(outcome: Outcome): void {
    const told = this.#told;
    // Behind the progress that still waits for room: an answer ends what is told.
    if (told !== undefined && !this.isAborted) {
      const again = (): void => {
        if (!this.#isSettled) this.#settle(outcome);
      };
      void told.then(again, again);
      this.signal.addEventListener("abort", again, { once: true });
      return;
    }
    const flood = this.#flood;
    const last: Outcome = flood === undefined ? outcome : { ok: false, fault: this.#options.toFault(flood) };
    this.#isSettled = true;
    this.#options.onSettled(this, last);
    for (const waiter of [...this.#waiters]) waiter(last);
    this.#waiters.clear();
  }
}

/** Many handlers will not wait for progress: what they do not hear must not end the process. */
function unheard(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
