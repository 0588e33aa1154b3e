import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { type Tidings, TidingsError } from "tidings";

/** Before a publish that failed for a fault that passes is tried again, in milliseconds. */
const RETRY_MS = 1_000;

/** Publishes for the platform: as itself, and until it is done. */
export class Teller {
  readonly tidings: Tidings;
  readonly #logger: Logger;
  readonly #signal: AbortSignal;

  constructor(tidings: Tidings, logger: Logger, signal: AbortSignal) {
    this.tidings = tidings;
    this.#logger = logger;
    this.#signal = signal;
  }

  /**
   * Resolves once the log has it for good. `once` names it, so that it is appended once however often it is tried.
   *
   * @throws where the server is being stopped, or the fault does not pass
   */
  async tell(
    channel: string,
    event: string,
    data: unknown,
    { key, once }: { readonly key?: string; readonly once?: string } = {},
  ): Promise<void> {
    const options = {
      event,
      ...(key === undefined ? {} : { key }),
      ...(once === undefined ? {} : { idempotencyKey: once }),
    };
    for (;;) {
      this.#signal.throwIfAborted();
      try {
        await this.tidings.publish(channel, data, options);
        return;
      } catch (error) {
        if (!(error instanceof TidingsError && error.retryable)) throw error;
        this.#logger.warn({ err: error, channel }, "a message was not taken; trying again");
        await sleep(RETRY_MS, undefined, { signal: this.#signal });
      }
    }
  }

  /** The newest message of a channel, as far as it is JSON. */
  async newest(channel: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { messages } = await this.tidings.read(channel, { last: 1 });
    return messages[0]?.data as Readonly<Record<string, unknown>> | undefined;
  }
}
