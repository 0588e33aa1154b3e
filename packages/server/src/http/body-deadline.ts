import type { IncomingMessage, ServerResponse } from "node:http";
import { TidingsError } from "@tidings/protocol";

const deadlines = new WeakMap<IncomingMessage, BodyDeadline>();
/** Requests that wait to be told to send their body (RFC 9110 §10.1.1). */
const waiting = new WeakSet<IncomingMessage>();

/** Whether a request says that it has a body (RFC 9112 §6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

/** Notes that a request's body comes only after a 100 (Continue), which whoever reads it says. */
export function expectContinue(req: IncomingMessage): void {
  waiting.add(req);
}

/**
 * Bounds how long a request's body may take. Node's own `requestTimeout` bounds every body alike, and an upload of
 * gigabytes may take its time for as long as bytes keep coming. Who does not read the body leaves it under the same
 * bound: a request that never ends would keep its connection.
 */
export class BodyDeadline {
  readonly #req: IncomingMessage;
  readonly #res: ServerResponse;
  readonly #timeoutMs: number;
  #timer: NodeJS.Timeout | undefined;
  #onOver: ((error: TidingsError) => void) | undefined;

  /** Begins to count for a request that has a body. */
  static watch(req: IncomingMessage, res: ServerResponse, timeoutMs: number): void {
    if (hasBody(req) && !req.complete) deadlines.set(req, new BodyDeadline(req, res, timeoutMs));
  }

  static of(req: IncomingMessage): BodyDeadline | undefined {
    return deadlines.get(req);
  }

  private constructor(req: IncomingMessage, res: ServerResponse, timeoutMs: number) {
    this.#req = req;
    this.#res = res;
    this.#timeoutMs = timeoutMs;
    this.restart();
    const stop = (): void => {
      this.pause();
      // Whoever took it over holds the body, which a request that is answered by a stream would keep for as long.
      this.#onOver = undefined;
    };
    req.once("end", stop);
    req.once("close", stop);
  }

  /** Takes over what happens when the time is over, and asks the client for the body where it waits for that. */
  take(onOver: (error: TidingsError) => void): void {
    this.#onOver = onOver;
    if (waiting.delete(this.#req) && !this.#res.headersSent) this.#res.writeContinue();
  }

  /** Gives the time anew, from now on. */
  restart(): void {
    this.pause();
    this.#timer = setTimeout(() => this.#over(), this.#timeoutMs);
  }

  /** Stops counting: it is not the client that takes the time now. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  #over(): void {
    if (this.#req.complete) return;
    const error = new TidingsError(
      "REQUEST_TIMEOUT",
      "the request took too long to arrive; send it faster, or in parts.",
    );
    if (this.#onOver === undefined) this.#req.destroy();
    else this.#onOver(error);
  }
}
