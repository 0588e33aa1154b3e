import type { WebSocket } from "ws";

/**
 * Finds peers that are gone without a word: a ping (RFC 6455 §5.5.2) must be answered in time. One whose socket is
 * full is slow, not dead: the ping would wait behind what it has not read, so none is sent. Nor can one that is not read
 * from show that it answers.
 */
export class Heartbeat {
  readonly #ws: WebSocket;
  readonly #output: { readonly isBlocked: boolean };
  #deadline: NodeJS.Timeout | undefined;

  constructor(ws: WebSocket, output: { readonly isBlocked: boolean }) {
    this.#ws = ws;
    this.#output = output;
  }

  beat(pongTimeoutMs: number): void {
    if (this.#deadline !== undefined || this.#isBlocked || this.#ws.readyState !== this.#ws.OPEN) return;
    this.#ws.ping();
    this.#deadline = setTimeout(() => {
      this.#deadline = undefined;
      if (!this.#isBlocked) this.#ws.terminate();
    }, pongTimeoutMs);
    this.#deadline.unref();
  }

  /** It answered, or is gone. */
  stop(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }

  get #isBlocked(): boolean {
    return this.#output.isBlocked || this.#ws.isPaused;
  }
}
