import type { Writable } from "node:stream";
import type { Output } from "@tidings/core";

/** Writes to a socket, or to a response that takes its place. What it takes is Node's own buffer, so nothing is copied. */
export class SocketOutput implements Output {
  readonly #target: Writable;
  #isGathering = false;

  /** `onDrain` is called whenever the target has room again. */
  constructor(target: Writable, onDrain: () => void) {
    this.#target = target;
    target.on("drain", onDrain);
  }

  get isBlocked(): boolean {
    return this.#target.writableNeedDrain;
  }

  write(bytes: Uint8Array): void {
    // After an error or the other side's end there is nobody left to tell; "close" ends the connection.
    if (this.#target.writable) this.#target.write(bytes);
  }

  writeAll(parts: readonly Uint8Array[]): void {
    this.#target.cork();
    for (const part of parts) this.write(part);
    this.#target.uncork();
  }

  /** Has all that is written until the work at hand is done go out as one write. */
  gather(): void {
    if (this.#isGathering) return;
    this.#isGathering = true;
    this.#target.cork();
    process.nextTick(() => {
      this.#isGathering = false;
      this.#target.uncork();
    });
  }
}
