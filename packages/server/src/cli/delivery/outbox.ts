import { SpillFile } from "./spill-file.ts";

export interface OutboxOptions {
  /** How much is kept in memory. */
  readonly maxMemoryBytes: number;
  /** Where memory is full: put more into a file, or be full until there is room again. */
  readonly whenFull: "spill" | "wait";
}

export interface BatchLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** What a line costs in memory beside its bytes. */
const LINE_OVERHEAD = 128;
const REFILL_BYTES = 1_048_576;

/** Encoded messages that wait to be sent, in order: in memory first, then in a file. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #spill = new SpillFile();
  #lines: Buffer[] = [];
  #first = 0;
  #memoryBytes = 0;
  #size = 0;
  #isClosed = false;
  #isDiscarding = false;
  /** Lines that neither memory nor the disk has room for; the source is held back meanwhile. */
  #overflow: Buffer[] = [];
  #onPush: (() => void) | undefined;
  #onRoom: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** How many messages wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether whoever pushes should hold back until {@link room}. */
  get isFull(): boolean {
    if (this.#overflow.length > 0) return true;
    return this.#options.whenFull === "wait" && this.#memoryBytes >= this.#options.maxMemoryBytes;
  }

  /** Adds one encoded line. It is taken also when the outbox is full, so that nothing already read is lost. */
  push(line: Buffer): void {
    this.#size++;
    if (this.#isDiscarding) return;
    if (this.#spill.isEmpty && this.#overflow.length === 0 && this.#fits()) this.#keep(line);
    else this.#spillLine(line);
    this.#onPush?.();
  }

  /** Nothing will be pushed any more. */
  close(): void {
    this.#isClosed = true;
    this.#onPush?.();
  }

  /** Lets everything go, and from now on only counts. */
  discard(): void {
    this.#isDiscarding = true;
    this.#lines = [];
    this.#overflow = [];
    this.#memoryBytes = 0;
    this.#spill.close();
    this.#toldRoom();
  }

  /** Waits until there is a message; answers `false` once there will be none. */
  async ready(): Promise<boolean> {
    while (this.#size === 0 && !this.#isClosed) {
      await new Promise<void>((resolve) => (this.#onPush = resolve));
      this.#onPush = undefined;
    }
    return this.#size > 0;
  }

  /** Waits until a full outbox has room. */
  async room(): Promise<void> {
    while (this.isFull) await new Promise<void>((resolve) => this.#onRoom.push(resolve));
  }

  /** The oldest messages, one at least where there is any. They stay until {@link drop}. */
  peek({ maxMessages, maxBytes }: BatchLimits): Buffer[] {
    this.#refill();
    const batch: Buffer[] = [];
    let bytes = 0;
    for (let at = this.#first; at < this.#lines.length && batch.length < maxMessages; at++) {
      const line = this.#lines[at] as Buffer;
      bytes += line.length;
      if (bytes > maxBytes && batch.length > 0) break;
      batch.push(line);
    }
    return batch;
  }

  /** Takes away the oldest `count` messages: they are delivered. */
  drop(count: number): void {
    for (let at = this.#first; at < this.#first + count; at++) {
      this.#memoryBytes -= (this.#lines[at] as Buffer).length + LINE_OVERHEAD;
    }
    this.#first += count;
    this.#size -= count;
    // Moved rarely, so that dropping stays cheap however many wait.
    if (this.#first > 1_024 && this.#first * 2 > this.#lines.length) {
      this.#lines = this.#lines.slice(this.#first);
      this.#first = 0;
    }
    this.#refill();
    if (!this.isFull) this.#toldRoom();
  }

  #fits(): boolean {
    return this.#options.whenFull === "wait" || this.#memoryBytes < this.#options.maxMemoryBytes;
  }

  #keep(line: Buffer): void {
    this.#lines.push(line);
    this.#memoryBytes += line.length + LINE_OVERHEAD;
  }

  #spillLine(line: Buffer): void {
    if (this.#overflow.length === 0) {
      try {
        this.#spill.append(line);
        return;
      } catch {
        // The disk is full: hold the source back until the server has taken some.
      }
    }
    this.#overflow.push(line);
  }

  /** Brings the oldest lines of the file, then those the disk had no room for, into memory once it holds none. */
  #refill(): void {
    if (this.#first < this.#lines.length) return;
    this.#lines = [];
    this.#first = 0;
    for (const line of this.#spill.take(REFILL_BYTES)) this.#keep(line);
    if (this.#lines.length > 0) return;
    const overflow = this.#overflow;
    this.#overflow = [];
    for (const line of overflow) this.#keep(line);
  }

  #toldRoom(): void {
    const waiting = this.#onRoom;
    this.#onRoom = [];
    for (const resolve of waiting) resolve();
  }
}
