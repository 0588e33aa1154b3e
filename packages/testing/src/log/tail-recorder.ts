import type { Log, TailEvent } from "@tidings/core";
import type { Message } from "@tidings/protocol";

/** Everything that a log's tail says from now on. */
export class TailRecorder {
  readonly events: TailEvent[] = [];
  readonly #end: () => void;
  readonly #waiting = new Set<() => void>();

  constructor(log: Log) {
    this.#end = log.tail((event) => {
      this.events.push(event);
      for (const check of this.#waiting) check();
    });
  }

  /** Messages of a channel so far, in the order they came. */
  messages(channel: string): readonly Message[] {
    return this.events.filter((event) => event.channel === channel).flatMap((event) => event.messages);
  }

  /** Waits until the tail has said enough; the test's own time limit ends a wait for what never comes. */
  until(isEnough: (recorder: TailRecorder) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!isEnough(this)) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
  }

  end(): void {
    this.#end();
  }
}
