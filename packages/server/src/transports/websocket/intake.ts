import type { WebSocket } from "ws";

/**
 * Holds a client's frames back while too many wait for their answer, or while the answers are not read: what a client
 * can make the server keep is then bounded by its own reading.
 */
export class Intake {
  readonly #ws: WebSocket;
  readonly #output: { readonly isBlocked: boolean };
  readonly #maxInFlight: number;
  #inFlight = 0;

  constructor(ws: WebSocket, output: { readonly isBlocked: boolean }, maxInFlight: number) {
    this.#ws = ws;
    this.#output = output;
    this.#maxInFlight = maxInFlight;
  }

  /** A frame is being worked on. */
  begin(): void {
    this.#inFlight++;
    this.check();
  }

  /** Its answer was written. */
  end(): void {
    this.#inFlight--;
    this.check();
    this.resume();
  }

  /** Goes on, if there is room for both frames and answers. */
  resume(): void {
    if (this.#ws.isPaused && this.#hasRoom) this.#ws.resume();
  }

  /** Something came: stops if there is no room for more. */
  check(): void {
    if (!this.#hasRoom) this.#ws.pause();
  }

  get #hasRoom(): boolean {
    return this.#inFlight < this.#maxInFlight && !this.#output.isBlocked;
  }
}
