import type { WebSocket } from "ws";

/**
 * Finds peers that are gone without a word: a ping (RFC 6455 §5.5.2) must be answered in time. One whose socket is
 * full is slow, not dead: the ping would wait behind what it has not read, so none is sent.
 */
export class Heartbeat {
  readonly #ws: WebSocket;
  readonly #isBlocked: () => boolean;
  readonly #pongTimeoutMs: number;
  #deadline: NodeJS.Timeout | undefined;

  constructor(ws: WebSocket, isBlocked: () => boolean, pongTimeoutMs: number) {
    this.#ws = ws;
    this.#isBlocked = isBlocked;
    this.#pongTimeoutMs = pongTimeoutMs;
    ws.on("pong", () => this.stop());
  }

  beat(): void {
    if (this.#deadline !== undefined || this.#isBlocked() || this.#ws.readyState !== this.#ws.OPEN) return;
    this.#ws.ping();
    this.#deadline = setTimeout(() => {
      this.#deadline = undefined;
      if (!this.#isBlocked()) this.#ws.terminate();
    }, this.#pongTimeoutMs);
    this.#deadline.unref();
  }

  stop(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }
}
