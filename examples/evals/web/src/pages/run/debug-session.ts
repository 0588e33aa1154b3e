import { type Signal, signal } from "@preact/signals";
import type { ParameterValue } from "../../../../shared/manifest.ts";
import { tidings } from "../../live/client.ts";
import { me } from "../../live/identity.ts";

export type DebugAction = "pause" | "resume" | "step" | "inspect" | "input" | "set";

/** Commands to one run, each with its own answer, and the time that it took from here and back. */
export class DebugSession {
  readonly #target: { readonly evaluation: string };
  readonly tripMs: Signal<number | undefined> = signal(undefined);
  readonly fault: Signal<string | undefined> = signal(undefined);
  readonly busy: Signal<DebugAction | undefined> = signal(undefined);
  readonly inspected: Signal<{ readonly at: string; readonly state?: unknown } | undefined> =
    signal(undefined);

  constructor(evaluation: string) {
    this.#target = { evaluation };
  }

  async pause(): Promise<boolean> {
    return this.#ask("pause", async () => tidings.command("evals.pause", this.#target));
  }

  async resume(): Promise<boolean> {
    return this.#ask("resume", async () => tidings.command("evals.resume", this.#target));
  }

  async step(count: number): Promise<boolean> {
    return this.#ask("step", async () => tidings.command("evals.step", { ...this.#target, count }));
  }

  async inspect(): Promise<boolean> {
    return this.#ask("inspect", async () => {
      this.inspected.value = await tidings.command("evals.inspect", this.#target);
    });
  }

  async input(text: string): Promise<boolean> {
    return this.#ask("input", async () =>
      tidings.command("evals.input", { ...this.#target, text, by: me() }),
    );
  }

  async set(name: string, value: ParameterValue): Promise<boolean> {
    const change = crypto.randomUUID();
    return this.#ask("set", async () => {
      const answer = await tidings.command("evals.set", { ...this.#target, name, value, change, by: me() });
      if (answer.change !== change) throw new Error("another change was confirmed than the one asked for");
    });
  }

  async #ask(what: DebugAction, work: () => Promise<unknown>): Promise<boolean> {
    this.busy.value = what;
    this.fault.value = undefined;
    const askedAt = performance.now();
    try {
      await work();
      this.tripMs.value = performance.now() - askedAt;
      return true;
    } catch (error) {
      this.fault.value = error instanceof Error ? error.message : String(error);
      return false;
    } finally {
      this.busy.value = undefined;
    }
  }
}
