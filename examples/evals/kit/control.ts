import { setImmediate } from "node:timers/promises";
import { MAX_STATE_LENGTH, type EvaluationEvent } from "./wire.ts";

type Outcome = { readonly ok: true; readonly data: unknown } | { readonly ok: false; readonly error: string };

/** Called once, with how a command came out. */
export type Settle = (outcome: Outcome) => void;

/**
 * Where an evaluation stands at its checkpoints: running, stepping (so many more, then paused) or paused.
 * What needs a state that holds together (pause, step, inspect) is settled at a checkpoint, not between two.
 */
export class Control {
  readonly #emit: (event: EvaluationEvent) => void;
  #mode: "running" | "stepping" | "paused" = "running";
  #pauseWanted = false;
  #stepsLeft = 0;
  #stepsDone = 0;
  #stopped = false;
  /** What the last pause or inspection showed. */
  #shown: { readonly at: string; readonly state: unknown } = { at: "", state: null };
  /** Of the checkpoint that it is paused at. */
  #stateNow: () => unknown = () => null;
  /** Those who asked for a pause or for steps: settled once it is paused. */
  readonly #pausing: Settle[] = [];
  readonly #inspecting: Settle[] = [];
  #goOn: (() => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(emit: (event: EvaluationEvent) => void) {
    this.#emit = emit;
  }

  async checkpoint(at: string, state: () => unknown): Promise<void> {
    // In every case a turn of the event loop: a program that never waits would hear no command at all.
    await setImmediate();
    if (this.#stopped) await never();
    if (this.#mode === "stepping") {
      this.#stepsDone += 1;
      this.#stepsLeft -= 1;
      if (this.#stepsLeft === 0) this.#pauseWanted = true;
    }
    if (!this.#pauseWanted && this.#inspecting.length === 0) return;
    this.#shown = { at, state: showable(state()) };
    this.#stateNow = state;
    settle(this.#inspecting, { ok: true, data: this.#shown });
    if (this.#pauseWanted) await this.#pauseHere();
  }

  async #pauseHere(): Promise<void> {
    this.#pauseWanted = false;
    this.#mode = "paused";
    this.#emit({ type: "paused", ...this.#shown });
    settle(this.#pausing, { ok: true, data: { ...this.#shown, steps: this.#stepsDone } });
    // Nothing else keeps the process alive while it is paused.
    const alive = setInterval(() => {}, 60_000);
    await new Promise<void>((resolve) => (this.#goOn = resolve));
    clearInterval(alive);
    if (this.#stopped) await never();
  }

  /** Waits `ms`, or until a command comes: it then acts at once, however slow the pace. Stepping does not wait. */
  async wait(ms: number): Promise<void> {
    if (ms > 0 && this.#mode === "running" && !this.#pauseWanted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    if (this.#stopped) await never();
  }

  /** Ends a wait of the pace: something came that should act now. */
  wake(): void {
    this.#wake?.();
  }

  pause(asker: Settle): void {
    if (this.#mode === "paused") return asker({ ok: true, data: { ...this.#shown, steps: 0 } });
    if (this.#mode === "running") this.#stepsDone = 0;
    this.#pauseWanted = true;
    this.#pausing.push(asker);
  }

  step(count: number, asker: Settle): void {
    if (this.#mode !== "paused") {
      return asker({ ok: false, error: "it is not paused: pause it before you step" });
    }
    this.#mode = "stepping";
    this.#stepsLeft = count;
    this.#stepsDone = 0;
    this.#pausing.push(asker);
    this.#goOn?.();
  }

  resume(asker: Settle): void {
    const wasRunning = this.#mode === "running";
    this.#pauseWanted = false;
    this.#mode = "running";
    settle(this.#pausing, { ok: false, error: "it was resumed before it paused" });
    if (!wasRunning) this.#emit({ type: "resumed" });
    asker({ ok: true, data: null });
    this.#goOn?.();
  }

  inspect(asker: Settle): void {
    if (this.#mode !== "paused") return void this.#inspecting.push(asker);
    // What was set or typed since then is in it.
    try {
      this.#shown = { at: this.#shown.at, state: showable(this.#stateNow()) };
      asker({ ok: true, data: this.#shown });
    } catch (error) {
      asker({ ok: false, error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** From here on no checkpoint and no wait returns: what tidies up must not see the work go on beside it. */
  stop(): void {
    this.#stopped = true;
  }

  /** Answers those who wait for a checkpoint that will not come. */
  end(): void {
    const outcome: Outcome = { ok: false, error: "the evaluation has ended" };
    settle(this.#pausing, outcome);
    settle(this.#inspecting, outcome);
  }
}

function settle(askers: Settle[], outcome: Outcome): void {
  for (const asker of askers.splice(0)) asker(outcome);
}

function never(): Promise<never> {
  return new Promise<never>(() => {});
}

/** The state as it is now (what it is made of changes later), or its size when it is too large to show. */
function showable(state: unknown): unknown {
  const json = JSON.stringify(state) ?? "null";
  if (json.length > MAX_STATE_LENGTH) return { tooLarge: true, length: json.length, most: MAX_STATE_LENGTH };
  return JSON.parse(json) as unknown;
}
