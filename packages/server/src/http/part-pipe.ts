/**
 * Hands parts from who is called with them to who asks for them, one by one. A part is done with when the next one is asked
 * for: until then whoever brought it is held back, and nothing piles up.
 */
export class PartPipe implements AsyncIterable<Buffer> {
  readonly #ready: Buffer[] = [];
  #ended: { readonly error: unknown } | undefined;
  #isStopped = false;
  #wake: (() => void) | undefined;
  #release: (() => void) | undefined;

  /** Brings parts; the answer settles once they were taken. */
  push(...parts: readonly Buffer[]): Promise<void> | void {
    // Nobody takes them any more: what still comes of the body is passed over.
    if (this.#isStopped) return;
    this.#ready.push(...parts);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#release = resolve;
    this.#wake?.();
    return promise;
  }

  /** There are no more; with an error, because of it. */
  end(error?: unknown): void {
    this.#ended ??= { error };
    this.#wake?.();
  }

  /** Lets go of who brings parts. To be called in the end, whatever happened. */
  stop(): void {
    this.#isStopped = true;
    this.#ready.length = 0;
    this.#release?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    for (;;) {
      const part = this.#ready.shift();
      if (part !== undefined) {
        yield part;
      } else if (this.#ended !== undefined) {
        if (this.#ended.error !== undefined) throw this.#ended.error as Error;
        return;
      } else {
        this.#release?.();
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}
