import type { Sizes } from "./link.ts";

/** How far a run's files are there to be read, and how far they were: those who wait are woken. */
export class Growth {
  sizes: Sizes = { log: 0, events: 0 };
  /** Bytes of events that everybody was told of. */
  told = 0;
  /** Nothing will be added any more. */
  isFinal = false;
  #waiting: (() => void)[] = [];

  grow(sizes: Sizes): void {
    // Another supervisor's connection may still bring an older notice.
    this.sizes = {
      log: Math.max(this.sizes.log, sizes.log),
      events: Math.max(this.sizes.events, sizes.events),
    };
    this.wake();
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves at the next change of any of it. */
  async changed(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.changed();
  }
}
