import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import * as v from "valibot";
import { LineSplitter } from "./lines.ts";
import { MAX_MESSAGE_BYTES, type Request, RequestSchema, type Told } from "./messages.ts";

/** Servers at once: one, and the one before it, which may not have noticed that it is dead. */
const MAX_CLIENTS = 8;
/** From one notice that the files have grown to the next, in milliseconds. */
const NOTICE_MS = 25;

const MessageSchema = v.pipe(v.string(), v.parseJson(), RequestSchema);

export type Answer =
  Extract<Told, { type: "answer" }> extends infer Each
    ? Each extends { id: string }
      ? Omit<Each, "id" | "type">
      : never
    : never;

export interface ControlOptions {
  readonly path: string;
  readonly onRequest: (request: Request, answer: (answer: Answer) => void) => void;
  /** Bytes of the two files. */
  readonly sizes: () => { readonly log: number; readonly events: number };
}

/** The supervisor's unix socket: NDJSON both ways. */
export class Control {
  readonly #options: ControlOptions;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: ControlOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
    this.#server.maxConnections = MAX_CLIENTS;
  }

  static async listen(options: ControlOptions): Promise<Control> {
    const control = new Control(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    control.#server.once("error", reject);
    control.#server.listen(options.path, resolve);
    await promise;
    return control;
  }

  /** Tells that the files have grown: at once, then at most every {@link NOTICE_MS}. */
  grown(): void {
    if (this.#timer !== undefined || this.#clients.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const socket of this.#clients) this.#notice(socket);
    }, NOTICE_MS);
  }

  /** Says the last, and closes once it is out. */
  close(): void {
    clearTimeout(this.#timer);
    this.#server.close();
    for (const socket of this.#clients) {
      this.#notice(socket);
      socket.end();
    }
    rmSync(this.#options.path, { force: true });
  }

  #welcome(socket: Socket): void {
    this.#clients.add(socket);
    const lines = new LineSplitter(MAX_MESSAGE_BYTES, (line, isCut) => {
      if (isCut) socket.destroy();
      else this.#take(socket, line.toString());
    });
    socket.on("data", (chunk: Buffer) => lines.push(chunk));
    socket.on("close", () => this.#clients.delete(socket));
    // A server that was killed: the next one connects anew.
    socket.on("error", () => socket.destroy());
    this.#notice(socket);
  }

  #take(socket: Socket, line: string): void {
    const request = v.safeParse(MessageSchema, line);
    if (!request.success) return void socket.destroy();
    const { id } = request.output;
    this.#options.onRequest(request.output, (answer) => {
      if (!socket.writable) return;
      // First: who is answered finds in the files what came of it.
      send(socket, { type: "wrote", ...this.#options.sizes() });
      send(socket, { type: "answer", id, ...answer } as Told);
    });
  }

  #notice(socket: Socket): void {
    // The next notice says it too: only the newest sizes count.
    if (socket.writable && !socket.writableNeedDrain)
      send(socket, { type: "wrote", ...this.#options.sizes() });
    else socket.once("drain", () => this.grown());
  }
}

function send(socket: Socket, told: Told): void {
  socket.write(`${JSON.stringify(told)}\n`);
}
