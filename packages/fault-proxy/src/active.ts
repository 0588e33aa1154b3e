import type { Fault, Injected, InjectOptions } from "./faults.ts";

interface ActiveEvents {
  struck(): void;
  /** It meets nobody else; those that it has met stay so until it is lifted. */
  spent(active: Active): void;
  lifted(active: Active): void;
}

/** A fault at work, with what it has done. */
export class Active implements Injected {
  readonly fault: Fault;
  readonly options: InjectOptions;
  /** Connections from this one on are new to it. */
  readonly firstNew: number;
  #strikes = 0;
  #isLifted = false;
  #waiting: { readonly times: number; readonly resolve: () => void }[] = [];
  readonly #events: ActiveEvents;

  constructor(fault: Fault, options: InjectOptions, firstNew: number, events: ActiveEvents) {
    this.fault = fault;
    this.options = options;
    this.firstNew = firstNew;
    this.#events = events;
  }

  get strikes(): number {
    return this.#strikes;
  }

  isFor(connection: number): boolean {
    const { on = "all" } = this.options;
    return (
      !this.#isLifted && !this.#isSpent && (on === "all" || (on === "new") === connection >= this.firstNew)
    );
  }

  strike(): void {
    this.#strikes++;
    const due = this.#waiting.filter(({ times }) => times <= this.#strikes);
    this.#waiting = this.#waiting.filter(({ times }) => times > this.#strikes);
    if (this.#isSpent) this.#events.spent(this);
    for (const { resolve } of due) resolve();
    this.#events.struck();
  }

  async struck(times = 1): Promise<void> {
    if (this.#strikes >= times) return;
    await new Promise<void>((resolve) => this.#waiting.push({ times, resolve }));
  }

  lift(): void {
    if (this.#isLifted) return;
    this.#isLifted = true;
    this.#events.lifted(this);
  }

  get #isSpent(): boolean {
    return this.#strikes >= (this.options.times ?? Number.POSITIVE_INFINITY);
  }

  [Symbol.dispose](): void {
    this.lift();
  }
}
