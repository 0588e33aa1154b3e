import type { Readable, Writable } from "node:stream";

/**
 * Passes on what a command writes, byte for byte, as fast as our own reader takes it. When that one goes away the
 * rest is only published, and the command is not disturbed.
 */
export class Echo {
  readonly #from: Readable;
  readonly #to: Writable;
  #isOpen = true;

  constructor(from: Readable, to: Writable) {
    this.#from = from;
    this.#to = to;
    to.on("error", () => {
      this.#isOpen = false;
      from.resume();
    });
  }

  write(chunk: Buffer): void {
    if (!this.#isOpen || this.#to.write(chunk)) return;
    this.#from.pause();
    this.#to.once("drain", () => this.#from.resume());
  }
}
