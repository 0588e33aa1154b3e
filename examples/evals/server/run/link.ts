import { connect, type Socket } from "node:net";
import { LineSplitter } from "../../supervisor/lines.ts";
import { type Ask, type AskFault, MAX_MESSAGE_BYTES, type Told } from "../../supervisor/messages.ts";
import { Fault } from "../fault.ts";

/** Bytes of a run's two files. */
export interface Sizes {
  readonly log: number;
  readonly events: number;
}

interface Waiting {
  readonly resolve: (data: unknown) => void;
  readonly reject: (fault: Fault) => void;
  readonly timer: NodeJS.Timeout;
}

const FAULTS = { refused: "EVALUATION_REFUSED", busy: "EVALUATION_REFUSED", over: "NOT_RUNNING" } as const;

/** A connection to a run's supervisor. */
export class Link {
  /** Resolves once it is over, whoever ended it. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #waiting = new Map<string, Waiting>();
  #lastId = 0;

  private constructor(socket: Socket, onSizes: (sizes: Sizes) => void) {
    this.#socket = socket;
    const lines = new LineSplitter(MAX_MESSAGE_BYTES, (line) => {
      const told = JSON.parse(line.toString()) as Told;
      if (told.type === "wrote") onSizes(told);
      else this.#answered(told);
    });
    socket.on("data", (chunk: Buffer) => lines.push(chunk));
    socket.on("error", () => socket.destroy());
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    void this.closed.then(() => this.#fail("NOT_RUNNING", "the evaluation has ended"));
  }

  /** @param onSizes told how long the files are: at once, and as they grow */
  static async open(path: string, onSizes: (sizes: Sizes) => void): Promise<Link> {
    const socket = connect(path);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once("connect", resolve);
    socket.once("error", reject);
    await promise;
    socket.off("error", reject);
    return new Link(socket, onSizes);
  }

  /**
   * Asks the supervisor, or by it the evaluation. What came of it is in the run's files once this resolves.
   *
   * @throws {Fault} `EVALUATION_REFUSED`, `NOT_RUNNING`, `EVALUATION_SILENT` after `timeoutMs`
   */
  async ask(ask: Ask, timeoutMs: number): Promise<unknown> {
    if (!this.#socket.writable) throw new Fault("NOT_RUNNING", "the evaluation has ended.");
    this.#lastId += 1;
    const id = String(this.#lastId);
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      const text = `the evaluation did not answer within ${timeoutMs} ms; it answers at its checkpoints. Try again, or stop it.`;
      reject(new Fault("EVALUATION_SILENT", text));
    }, timeoutMs);
    this.#waiting.set(id, { resolve, reject, timer });
    this.#socket.write(`${JSON.stringify({ ...ask, id })}\n`);
    return promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #answered(told: Extract<Told, { type: "answer" }>): void {
    const waiting = this.#waiting.get(told.id);
    if (waiting === undefined) return;
    this.#waiting.delete(told.id);
    clearTimeout(waiting.timer);
    if (told.ok) waiting.resolve(told.data);
    else waiting.reject(new Fault(FAULTS[told.code satisfies AskFault], `${told.error}.`));
  }

  #fail(code: "NOT_RUNNING", text: string): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Fault(code, `${text}.`));
    }
    this.#waiting.clear();
  }
}
