import type { Server } from "../api.ts";
import { deliverAll } from "../delivery/deliver-all.ts";
import type { Outbox } from "../delivery/outbox.ts";
import { describeError, EXIT, exitCodeOf, type Failure } from "../exit.ts";
import { note } from "../terminal.ts";

/** Brings an outbox to the server beside a running command, and tells a person only what they should know. */
export class Courier {
  readonly #server: Server;
  readonly #outbox: Outbox;
  readonly #abort = new AbortController();
  readonly #done: Promise<number>;
  #isAway = false;
  #refused = 0;

  constructor(server: Server, channel: string, outbox: Outbox) {
    this.#server = server;
    this.#outbox = outbox;
    this.#done = deliverAll(server, channel, outbox, {
      signal: this.#abort.signal,
      giveUpAfterMs: Number.POSITIVE_INFINITY,
      onRetry: (failure) => this.#away(failure),
      onAnswer: () => this.#back(),
      onRefusedMessage: (refusal) => {
        this.#refused++;
        note(`a message was refused and is left out: ${refusal.message}`);
      },
    }).then(
      () => (this.#refused === 0 ? EXIT.ok : EXIT.refused),
      (error: unknown) => this.#fail(error),
    );
  }

  /**
   * Waits until all is delivered, at most for a time. Answers the exit code: 0, or why it is not.
   * The outbox must have been closed.
   */
  async finish(timeoutMs: number, stop: AbortSignal): Promise<number> {
    const giveUp = (): void => this.#abort.abort();
    const timer = setTimeout(giveUp, timeoutMs);
    stop.addEventListener("abort", giveUp, { once: true });
    // Told only when it takes long enough to be noticed.
    const told = setTimeout(() => {
      const seconds = Math.round(timeoutMs / 1_000);
      note(
        `waiting up to ${seconds} s for ${this.#server.url} to take ${this.#outbox.size} messages (Ctrl+C gives up)`,
      );
    }, 1_000);
    const exitCode = await this.#done;
    clearTimeout(timer);
    clearTimeout(told);
    stop.removeEventListener("abort", giveUp);
    return exitCode;
  }

  #away(failure: Failure): void {
    if (this.#isAway) return;
    this.#isAway = true;
    note(`${failure.message}; the output is kept and delivered later`);
  }

  #back(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    note(`${this.#server.url} answers again; delivering what was kept`);
  }

  #fail(error: unknown): number {
    if (this.#abort.signal.aborted) {
      note(`gave up: ${this.#outbox.size} messages were not delivered to ${this.#server.url}`);
      return EXIT.unreachable;
    }
    note(`${describeError(error)}\nnothing more of the command's output is published`);
    // The command goes on, and what it writes has nowhere to go.
    this.#outbox.discard();
    return exitCodeOf(error);
  }
}
