import { setTimeout as delay } from "node:timers/promises";
import { RefusedError, UnreachableError } from "../api.ts";
import { Backoff } from "../backoff.ts";
import type { Failure } from "../exit.ts";
import { note } from "../terminal.ts";

/** Tries again after faults that pass, for as long as there is headway now and then. */
export class Retry {
  readonly #giveUpAfterMs: number;
  readonly #backoff = new Backoff();
  #headwayMs: number = performance.now();
  #isTold = false;

  constructor(giveUpAfterMs: number) {
    this.#giveUpAfterMs = giveUpAfterMs;
  }

  /** Bytes have come or gone: the time to give up begins anew. */
  headway(): void {
    this.#headwayMs = performance.now();
    this.#backoff.reset();
    this.#isTold = false;
  }

  /** Waits before the next try, or throws the fault where trying again is of no use, or was for long enough. */
  async after(error: unknown): Promise<void> {
    if (!passes(error)) throw error;
    const pauseMs = this.#backoff.nextMs();
    if (performance.now() + pauseMs - this.#headwayMs > this.#giveUpAfterMs) throw error;
    if (!this.#isTold) note(`${error.message}; trying for up to ${this.#giveUpAfterMs / 1_000} s`);
    this.#isTold = true;
    await delay(pauseMs);
  }
}

function passes(error: unknown): error is Failure {
  if (error instanceof UnreachableError) return true;
  // Where it stands is asked before the next try.
  return error instanceof RefusedError && (error.isRetryable || error.code === "UPLOAD_CONFLICT");
}
