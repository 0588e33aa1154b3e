import type { ErrorCode } from "@tidings/protocol";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { ScriptWriter } from "./script.ts";
import type { StoreWriterOptions } from "./store-writer.ts";

/** What went wrong on the writer's thread. */
export interface Fault {
  /** LMDB's or the system's. */
  readonly code?: string | number;
  /** Where the thread knew already what to say. */
  readonly tidings?: ErrorCode;
  readonly message: string;
}

export type Request =
  | {
      readonly type: "apply";
      readonly memory: ArrayBuffer;
      readonly length: number;
      readonly isGrowing: boolean;
    }
  | { readonly type: "close" };

export type Answer =
  | { readonly type: "open" }
  | { readonly type: "done"; readonly memory: ArrayBuffer; readonly tookMs: number }
  | { readonly type: "failed"; readonly memory: ArrayBuffer | undefined; readonly fault: Fault }
  | { readonly type: "closed" };

/** What rejects when the writer's thread said no, or ended. */
export class WriterError extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** Memory of a script is used again, unless one large group made it huge. */
const MAX_KEPT_BYTES = 8_388_608;
const FIRST_BYTES = 65_536;

interface Waiting {
  readonly resolve: (tookMs: number) => void;
  readonly reject: (error: WriterError) => void;
}

/**
 * The main thread's side of the thread that writes. lmdb's own asynchronous writes are not used: when a commit fails,
 * they lose the cause, and one that cannot begin is never answered (3.5.6, src/writer.cpp). Synchronous ones answer
 * every time, and on a thread of their own they hold nobody up.
 */
export class Writer {
  readonly #thread: Worker;
  #waiting: Waiting | undefined;
  #memory: ArrayBuffer | undefined;
  #ended: WriterError | undefined;

  /** @throws {WriterError} with what {@link StoreWriter} threw */
  static async open(options: StoreWriterOptions): Promise<Writer> {
    const writer = new Writer(options);
    await writer.#answered();
    return writer;
  }

  private constructor(options: StoreWriterOptions) {
    // Run from its source, as tests do, this module ends in .ts and so does the thread's; built, both end in .js.
    const module = new URL(`./writer-thread${extname(import.meta.url)}`, import.meta.url);
    // Flags of the process are for its own entry: with --input-type, for one, no thread could load a file.
    const execArgv = extname(import.meta.url) === ".ts" ? process.execArgv : [];
    this.#thread = new Worker(module, { name: "tidings-log", workerData: options, execArgv });
    this.#thread.on("message", (answer: Answer) => this.#take(answer));
    this.#thread.on("error", (error: Error) => this.#end(error.message));
    this.#thread.on("exit", () => this.#end("the thread that writes the log has ended"));
  }

  /** Whether the thread is gone; another one is needed then. */
  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Memory for the next script: that of the last one where there is any. */
  takeMemory(): ArrayBuffer {
    const memory = this.#memory ?? new ArrayBuffer(FIRST_BYTES);
    this.#memory = undefined;
    return memory;
  }

  /** Carries a script out; one at a time. `isGrowing`: whether it may be refused for want of room. Answers how long it took, in milliseconds. */
  async apply(script: ScriptWriter, isGrowing: boolean): Promise<number> {
    const { memory, length } = script;
    const answered = this.#answered();
    const request: Request = { type: "apply", memory, length, isGrowing };
    if (this.#ended === undefined) this.#thread.postMessage(request, [memory]);
    return answered;
  }

  /** Closes the store. Never rejects: a thread that has ended holds nothing any more. */
  async close(): Promise<void> {
    const closed = this.#answered().catch(() => 0);
    const request: Request = { type: "close" };
    if (this.#ended === undefined) this.#thread.postMessage(request);
    await closed;
    // Whoever waits for this is waiting for something: the process must not end first.
    this.#thread.ref();
    await this.#thread.terminate();
  }

  #answered(): Promise<number> {
    // While an answer is waited for, the thread keeps the process alive; an idle log does not.
    this.#thread.ref();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#ended !== undefined) this.#settle(this.#ended);
    });
  }

  #take(answer: Answer): void {
    if ("memory" in answer && answer.memory !== undefined && answer.memory.byteLength <= MAX_KEPT_BYTES) {
      this.#memory = answer.memory;
    }
    const tookMs = answer.type === "done" ? answer.tookMs : 0;
    this.#settle(answer.type === "failed" ? new WriterError(answer.fault) : undefined, tookMs);
  }

  #end(message: string): void {
    this.#ended ??= new WriterError({ message });
    this.#settle(this.#ended);
  }

  #settle(error: WriterError | undefined, tookMs = 0): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#thread.unref();
    if (error === undefined) waiting?.resolve(tookMs);
    else waiting?.reject(error);
  }
}
