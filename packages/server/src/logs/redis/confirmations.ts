import type { Arg, Reply } from "./connection.ts";

/** Sends one command on a connection that waits for replicas, and for nothing else. */
type Send = (args: readonly Arg[]) => Promise<Reply>;

/**
 * How many replicas have what was written (`WAIT`). On a connection of its own, since Redis answers nothing more on one that
 * waits: while replicas are away, readers would wait with the appends. What comes while one wait is under way shares the next.
 */
export class Confirmations {
  readonly #send: Send;
  readonly #replicas: number;
  readonly #waitMs: number;
  #current: Promise<unknown> = Promise.resolve();
  #next: Promise<number> | undefined;

  /** @param waitMs how long each wait takes at most, in milliseconds. */
  constructor(send: Send, replicas: number, waitMs: number) {
    this.#send = send;
    this.#replicas = replicas;
    this.#waitMs = waitMs;
  }

  /**
   * How many replicas have all that the server had done when this was called: as many as are asked for, or as many as there
   * are once the time is over.
   *
   * @param key of the server's own, to be written to.
   */
  async confirm(key: string): Promise<number> {
    // The one that is under way may have begun before.
    this.#next ??= this.#begin(key);
    return this.#next;
  }

  async #begin(key: string): Promise<number> {
    await this.#current;
    const wait = this.#wait(key);
    this.#current = wait.catch(() => undefined);
    this.#next = undefined;
    return wait;
  }

  async #wait(key: string): Promise<number> {
    // Redis waits for what this connection wrote last, which comes after all that was written on others.
    const [, count] = await Promise.all([
      this.#send(["SET", key, "1"]),
      this.#send(["WAIT", String(this.#replicas), String(this.#waitMs)]),
    ]);
    return count as number;
  }
}
