import type { Socket } from "node:net";
import type { Active } from "./active.ts";

/** How a side ended: it says no more, it is closed, it was reset. */
export type Ending = "end" | "gone" | "reset";

/** Where a flow goes. */
export interface Sink {
  /** Opens it where it is not yet. */
  open(): Socket;
  finish(how: Ending): void;
  /** So many bytes more were written to it. */
  passed?(bytes: number): void;
}

/** Above it the peer is not read on, as in a network whose buffers are full. */
const MAX_QUEUED_BYTES = 1_048_576;

type Item = { readonly bytes: Buffer; readonly dueMs: number } | Ending;

/** One direction of a connection: bytes in, the same bytes out, later or never. */
export class Flow {
  readonly #source: () => Socket | undefined;
  readonly #sink: Sink;
  #queue: Item[] = [];
  #queuedBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isFull = false;
  #isClosed = false;
  /** What has gone out, in bytes. */
  #passed = 0;
  readonly #stalls = new Set<Active>();
  readonly #delays = new Map<Active, number>();
  readonly #cuts = new Map<Active, { readonly at: number; readonly cut: () => void }>();
  readonly #struckBy = new WeakSet<Active>();

  constructor(source: () => Socket | undefined, sink: Sink) {
    this.#source = source;
    this.#sink = sink;
  }

  stall(fault: Active): void {
    this.#stalls.add(fault);
  }

  delay(fault: Active, ms: number): void {
    this.#delays.set(fault, ms);
  }

  /** Ends it once so many bytes from now on have gone out. */
  cutAfter(fault: Active, bytes: number, cut: () => void): void {
    this.#cuts.set(fault, { at: this.#passed + bytes, cut });
  }

  /** What was held goes on; what is delayed already stays so. With `unlessStruck`, only where it has done nothing yet. */
  release(fault: Active, unlessStruck = false): void {
    if (unlessStruck && this.#struckBy.has(fault)) return;
    this.#delays.delete(fault);
    this.#cuts.delete(fault);
    if (this.#stalls.delete(fault)) this.#pump();
  }

  push(bytes: Buffer): void {
    if (this.#isClosed || bytes.length === 0) return;
    let ms = 0;
    for (const [fault, delayMs] of this.#delays) {
      this.#strikeOnce(fault);
      ms += delayMs;
    }
    this.#queue.push({ bytes, dueMs: performance.now() + ms });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes > MAX_QUEUED_BYTES) this.#source()?.pause();
    this.#pump();
  }

  /** The source ended, or was reset: told after what came before it. */
  finish(how: Ending): void {
    if (this.#isClosed) return;
    this.#queue.push(how);
    this.#pump();
  }

  /** Nothing goes out any more; what is held is forgotten. */
  close(): void {
    this.#isClosed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    clearTimeout(this.#timer);
    // What comes is read and thrown away, so that its end is seen.
    this.#source()?.resume();
  }

  #strikeOnce(fault: Active): void {
    if (this.#struckBy.has(fault)) return;
    this.#struckBy.add(fault);
    fault.strike();
  }

  #pump(): void {
    while (!this.#isClosed && !this.#isFull) {
      const item = this.#queue[0];
      if (item === undefined) return;
      if (this.#stalls.size > 0) {
        for (const fault of [...this.#stalls]) this.#strikeOnce(fault);
        if (this.#stalls.size > 0) return;
      }
      if (typeof item === "string") {
        this.#queue.shift();
        this.#sink.finish(item);
        continue;
      }
      const waitMs = item.dueMs - performance.now();
      if (waitMs > 0) {
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#queue.shift();
      this.#queuedBytes -= item.bytes.length;
      this.#write(item.bytes);
      if (this.#queuedBytes <= MAX_QUEUED_BYTES && !this.#isFull) this.#source()?.resume();
    }
  }

  #write(bytes: Buffer): void {
    // Nearly always there is none, and nothing to sort.
    const nearest = this.#cuts.size === 0 ? [] : [...this.#cuts].toSorted(([, a], [, b]) => a.at - b.at);
    const [fault, next] = nearest[0] ?? [];
    const room = next === undefined ? Number.POSITIVE_INFINITY : next.at - this.#passed;
    const sink = this.#sink.open();
    // Never an empty write: nothing may go out where nothing may pass.
    const isTaken = room === 0 || sink.write(bytes.length > room ? bytes.subarray(0, room) : bytes);
    const written = Math.min(bytes.length, room);
    this.#passed += written;
    this.#sink.passed?.(written);
    if (next !== undefined && fault !== undefined && bytes.length >= room) {
      this.#cuts.delete(fault);
      fault.strike();
      next.cut();
      // Cut by half, the other way: this one goes on, and must not lose what came in the same chunk.
      if (!this.#isClosed && bytes.length > room) this.#write(bytes.subarray(room));
      return;
    }
    if (isTaken) return;
    this.#isFull = true;
    this.#source()?.pause();
    sink.once("drain", () => {
      this.#isFull = false;
      this.#source()?.resume();
      this.#pump();
    });
  }
}
