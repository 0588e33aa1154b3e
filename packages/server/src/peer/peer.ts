import type { Duplex } from "node:stream";
import { type ErrorCode, type ErrorDetails, ERRORS, TidingsError } from "@tidings/protocol";
import { encodeFrame, type Frame, FrameDecoder } from "./frames.ts";

/** What a call answers: values that JSON can say, and bytes beside them. */
interface Answer {
  readonly value?: unknown;
  readonly parts?: readonly Uint8Array[];
}

/** Answers calls of one name, or takes what is told. `args` is as the other side gave it: it is the same program. */
type Handler = (args: readonly unknown[], parts: readonly Uint8Array[]) => Promise<Answer> | Answer;

interface Waiting {
  readonly resolve: (frame: Frame) => void;
  readonly reject: (error: TidingsError) => void;
}

const NOTHING: readonly Uint8Array[] = [];

/**
 * One end of the socket between two processes of one server. Both ends call and answer; calls are under way together,
 * and all that is said in one turn of the event loop is one write.
 */
export class Peer {
  readonly #socket: Duplex;
  readonly #handlers = new Map<string, Handler>();
  readonly #waiting = new Map<number, Waiting>();
  #ids = 0;
  #out: Buffer[] = [];
  #outBytes = 0;
  #lost: TidingsError | undefined;
  /** Resolves once the other end is gone, or this one was closed. */
  readonly ended: Promise<void>;

  /** @param what the other end is, for messages: `the process that owns the log` */
  constructor(socket: Duplex, what: string) {
    this.#socket = socket;
    const decoder = new FrameDecoder((frame) => this.#take(frame));
    socket.on("data", (chunk: Buffer) => {
      try {
        decoder.push(chunk);
      } catch (error) {
        socket.destroy(error as Error);
      }
    });
    this.ended = new Promise((resolve) => {
      const end = (error?: Error): void => {
        this.#end(what, error);
        resolve();
      };
      socket.on("error", end);
      socket.on("end", () => socket.destroy());
      socket.on("close", () => end());
    });
  }

  /** Bytes that the other end has not taken yet. */
  get unreadBytes(): number {
    return this.#outBytes + this.#socket.writableLength;
  }

  handle(name: string, handler: Handler): void {
    this.#handlers.set(name, handler);
  }

  /**
   * @param args what JSON can say
   * @throws {TidingsError} what the other end threw; `LOG_UNAVAILABLE` where it is gone
   */
  call(name: string, args: readonly unknown[], parts: readonly Uint8Array[] = NOTHING): Promise<Frame> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== undefined) return reject(this.#lost);
      const id = (this.#ids = (this.#ids % 0xffff_ffff) + 1);
      this.#waiting.set(id, { resolve, reject });
      this.send(encodeFrame({ type: "call", id, head: [name, ...args], parts }));
    });
  }

  /** Says something that nobody answers. */
  tell(name: string, args: readonly unknown[], parts: readonly Uint8Array[] = NOTHING): void {
    this.send(encodeTold(name, args, parts));
  }

  /** What several are told is encoded once: see {@link encodeTold}. */
  send(frame: Buffer): void {
    if (this.#lost !== undefined) return;
    // After what else this turn has to say.
    if (this.#out.length === 0) setImmediate(() => this.#flush());
    this.#out.push(frame);
    this.#outBytes += frame.length;
  }

  /** Calls back once the other end has taken all there was. */
  onceDrained(callback: () => void): void {
    setImmediate(() => {
      if (this.#socket.writableNeedDrain) this.#socket.once("drain", callback);
      else callback();
    });
  }

  /** Ends the connection once all that was said is on its way. */
  close(): void {
    this.#flush();
    this.#socket.end();
  }

  #flush(): void {
    if (this.#out.length === 0) return;
    const frames = this.#out;
    this.#out = [];
    this.#outBytes = 0;
    if (this.#lost !== undefined || !this.#socket.writable) return;
    this.#socket.write(frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames));
  }

  #take(frame: Frame): void {
    const { type, id, head, parts } = frame;
    if (type === "answer" || type === "fault") {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (type === "answer") waiting?.resolve(frame);
      else waiting?.reject(errorOf(head));
      return;
    }
    const [name, ...args] = head as readonly [string, ...unknown[]];
    const handler = this.#handlers.get(name);
    if (type === "tell") return void handler?.(args, parts);
    void this.#answer(id, name, handler, args, parts);
  }

  async #answer(
    id: number,
    name: string,
    handler: Handler | undefined,
    args: readonly unknown[],
    parts: readonly Uint8Array[],
  ): Promise<void> {
    try {
      if (handler === undefined) throw new Error(`there is no call "${name}"`);
      const answer = await handler(args, parts);
      this.send(
        encodeFrame({ type: "answer", id, head: answer.value ?? null, parts: answer.parts ?? NOTHING }),
      );
    } catch (error) {
      this.send(encodeFrame({ type: "fault", id, head: faultOf(error), parts: NOTHING }));
    }
  }

  #end(what: string, cause: Error | undefined): void {
    if (this.#lost !== undefined) return;
    const why = cause === undefined ? "" : ` (${cause.message})`;
    this.#lost = new TidingsError(
      "LOG_UNAVAILABLE",
      `${what} is gone${why}; the server is going down. Try again.`,
      {},
      cause,
    );
    this.#out = [];
    this.#outBytes = 0;
    this.#socket.destroy();
    for (const { reject } of this.#waiting.values()) reject(this.#lost);
    this.#waiting.clear();
  }
}

export function encodeTold(
  name: string,
  args: readonly unknown[],
  parts: readonly Uint8Array[] = NOTHING,
): Buffer {
  return encodeFrame({ type: "tell", id: 0, head: [name, ...args], parts });
}

interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly details: ErrorDetails;
}

function faultOf(error: unknown): Fault {
  if (error instanceof TidingsError)
    return { code: error.code, message: error.message, details: error.details };
  const message = error instanceof Error ? error.message : String(error);
  return { code: "INTERNAL", message, details: {} };
}

function errorOf(head: unknown): TidingsError {
  const { code, message, details } = head as Fault;
  return new TidingsError(code in ERRORS ? code : "INTERNAL", message, details);
}
