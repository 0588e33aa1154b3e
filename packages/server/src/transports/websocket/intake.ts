import type { WebSocket } from "ws";

/**
 * Holds a client's frames back while too many wait for their answer, or while the answers are not read: what a client
 * can make the server keep is then bounded by its own reading.
 */
export class Intake {
  readonly #ws: WebSocket;
  readonly #isBlocked: () => boolean;
  readonly #maxInFlight: number;
  #inFlight = 0;

  constructor(ws: WebSocket, isBlocked: () => boolean, maxInFlight: number) {
    this.#ws = ws;
    this.#isBlocked = isBlocked;
    this.#maxInFlight = maxInFlight;
    // `ws` answers pings by itself (RFC 6455 §5.5.2), whatever the socket holds already.
    ws.on("ping", () => this.#pause());
    ws.on("message", () => this.#pause());
  }

  /** A frame is being worked on. */
  begin(): void {
    this.#inFlight++;
    this.#pause();
  }

  /** Its answer was written. */
  end(): void {
    this.#inFlight--;
    this.#pause();
    this.resume();
  }

  /** Goes on, if there is room for both frames and answers. */
  resume(): void {
    if (this.#ws.isPaused && this.#hasRoom) this.#ws.resume();
  }

  get #hasRoom(): boolean {
    return this.#inFlight < this.#maxInFlight && !this.#isBlocked();
  }

  #pause(): void {
    if (!this.#hasRoom) this.#ws.pause();
  }
}
