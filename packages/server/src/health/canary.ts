import { type Hub, type Publisher, Reader, type ReaderSink } from "@tidings/core";
import { ndjsonFormat } from "@tidings/protocol";
import { randomUUID } from "node:crypto";

/** Where the canary flies. Its policy keeps a few messages only. */
export const CANARY_CHANNEL = "$tidings/canary";

/** An answer is given again for this long, in milliseconds: probes must not cost a write each. */
const FRESH_MS = 1_000;

export type Health =
  | { readonly ready: true; readonly travelMs: number }
  | { readonly ready: false; readonly reason: string };

/**
 * Tells whether messages really travel: one is appended to the log, and has to come back through the tail to a
 * reader. A server whose log is gone or deaf is not ready, whatever else of it still answers.
 */
export class Canary {
  readonly #hub: Hub;
  readonly #publisher: Publisher;
  readonly #timeoutMs: number;
  #last: { readonly at: number; readonly health: Promise<Health> } | undefined;

  constructor(hub: Hub, publisher: Publisher, timeoutMs: number) {
    this.#hub = hub;
    this.#publisher = publisher;
    this.#timeoutMs = timeoutMs;
  }

  check(): Promise<Health> {
    const at = performance.now();
    if (this.#last === undefined || at - this.#last.at > FRESH_MS) this.#last = { at, health: this.#fly() };
    return this.#last.health;
  }

  async #fly(): Promise<Health> {
    const began = performance.now();
    const id = randomUUID();
    const { promise, resolve } = Promise.withResolvers<Health>();
    const timer = setTimeout(() => {
      resolve({
        ready: false,
        reason: `no message came through log, tail and reader within ${this.#timeoutMs} ms`,
      });
    }, this.#timeoutMs);
    const sink: ReaderSink = {
      isBlocked: false,
      opened: () => undefined,
      gap: () => undefined,
      // Only what comes live has travelled: the reader begins after all that was there.
      caughtUp: () => void this.#publish(id).catch((error: unknown) => resolve(unready(error))),
      fellBehind: () => undefined,
      batch: (_, { bytes }) => {
        // On a log that nodes share, theirs fly here too.
        if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(id))
          resolve({ ready: true, travelMs: performance.now() - began });
      },
      failed: (_, error) => resolve(unready(error)),
    };
    const limits = { maxMessages: 1, maxBytes: 1_024 };
    const reader = new Reader(
      this.#hub,
      { channel: CANARY_CHANNEL, start: { at: "latest" }, format: ndjsonFormat, limits },
      sink,
    );
    try {
      const catchUp = async (): Promise<void> => {
        while (reader.state === "catching-up") await reader.step();
      };
      void catchUp();
      return await promise;
    } finally {
      clearTimeout(timer);
      reader.stop();
    }
  }

  async #publish(id: string): Promise<void> {
    const data = Buffer.from(JSON.stringify(id));
    await this.#publisher.publish(CANARY_CHANNEL, [{ event: "canary", kind: "json", data }], {
      isServer: true,
    });
  }
}

function unready(error: unknown): Health {
  return { ready: false, reason: error instanceof Error ? error.message : String(error) };
}
