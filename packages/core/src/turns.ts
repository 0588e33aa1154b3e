/** A place in a channel's line. */
export interface Turn {
  /** Settles when all that came before is done; never rejects. */
  readonly come: Promise<void>;
  /** Lets the next one go. */
  readonly done: () => void;
}

/**
 * Keeps what is published to a channel in the order of the calls, while some of it is still being stored: whoever comes
 * after that waits in line. A channel where nothing waits costs a look into an empty map.
 */
export class Turns {
  /** By channel, the end of the one who stands last. */
  readonly #last = new Map<string, Promise<void>>();

  isTaken(channel: string): boolean {
    return this.#last.has(channel);
  }

  /** Takes the next place, in this very call. `done` MUST be called, whatever happens. */
  take(channel: string): Turn {
    const come = this.#last.get(channel) ?? Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last.set(channel, promise);
    const done = (): void => {
      if (this.#last.get(channel) === promise) this.#last.delete(channel);
      resolve();
    };
    return { come, done };
  }
}
