/** How long one part of the work may hold the event loop, in milliseconds. */
const SLICE_MS = 4;
/** How many steps are made between two looks at the clock. */
const STEPS = 64;

/** Long work in parts, with all that waits for its turn in between: 100,000 channels must not hold the event loop. */
export class Slices {
  #steps = 0;
  #beganMs: number = performance.now();

  /** To be asked at every step: whether to wait for {@link Slices.next} now. */
  get isOver(): boolean {
    return ++this.#steps % STEPS === 0 && performance.now() - this.#beganMs > SLICE_MS;
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#beganMs = performance.now();
  }
}
