import type { StreamEvent } from "./types.ts";

/** What has come and was not taken yet. */
export class EventQueue {
  readonly #events: StreamEvent[] = [];
  #hasEnded = false;
  #wake: (() => void) | undefined;

  push(event: StreamEvent): void {
    this.#events.push(event);
    this.#wake?.();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  async take(): Promise<StreamEvent | undefined> {
    for (;;) {
      const event = this.#events.shift();
      if (event !== undefined || this.#hasEnded) return event;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

/** Keeps a reader's cursors, by what it has been given. */
export function follow(cursors: Map<string, string>, event: StreamEvent): void {
  switch (event.type) {
    case "opened":
      cursors.set(event.channel, event.cursor);
      break;
    case "message":
      if (event.cursor !== undefined) cursors.set(event.channel, event.cursor);
      break;
    case "gap":
      cursors.set(event.channel, event.to);
      break;
    case "position":
      for (const [channel, cursor] of event.cursors) cursors.set(channel, cursor);
      break;
    case "caught-up":
    case "presence":
    case "error":
    case "draining":
      break;
  }
}
