import type { IncomingMessage, ServerResponse } from "node:http";
import { TidingsError } from "@tidings/protocol";

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

/** On the request itself: a WeakMap of all of them costs the collector more than they do. */
const KEY = Symbol("body deadline");
type Watched = IncomingMessage & { [KEY]?: BodyDeadline };

/** Those that count now. One timer looks through them, since most bodies are there long before any timer would be due. */
const counting = new Set<BodyDeadline>();
let timer: NodeJS.Timeout | undefined;
let dueMs = Infinity;

/** Has the timer come no later than this, in milliseconds of `performance.now()`. */
function lookAt(atMs: number, nowMs: number): void {
  if (atMs >= dueMs) return;
  clearTimeout(timer);
  dueMs = atMs;
  timer = setTimeout(look, atMs - nowMs + 1);
  // A server that is closed waits for its sockets, and for nothing here.
  timer.unref();
}

function look(): void {
  const nowMs = performance.now();
  dueMs = Infinity;
  let nextMs = Infinity;
  for (const each of counting) {
    if (each.overAtMs <= nowMs) each.expire();
    else nextMs = Math.min(nextMs, each.overAtMs);
  }
  if (nextMs < Infinity) lookAt(nextMs, nowMs);
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
  #onOver: ((error: TidingsError) => void) | undefined;
  /** When the time is over, in milliseconds of `performance.now()`. */
  overAtMs = 0;

  /** Begins to count for a request that has a body. */
  static watch(req: IncomingMessage, res: ServerResponse, timeoutMs: number): void {
    if (hasBody(req) && !req.complete) (req as Watched)[KEY] = new BodyDeadline(req, res, timeoutMs);
  }

  static of(req: IncomingMessage): BodyDeadline | undefined {
    return (req as Watched)[KEY];
  }

  private constructor(req: IncomingMessage, res: ServerResponse, timeoutMs: number) {
    this.#req = req;
    this.#res = res;
    this.#timeoutMs = timeoutMs;
    this.restart();
  }

  /** Takes over what happens when the time is over, and asks the client for the body where it waits for that. */
  take(onOver: (error: TidingsError) => void): void {
    this.#onOver = onOver;
    if (waiting.delete(this.#req) && !this.#res.headersSent) this.#res.writeContinue();
  }

  /** Gives the time anew, from now on. */
  restart(): void {
    const nowMs = performance.now();
    this.overAtMs = nowMs + this.#timeoutMs;
    counting.add(this);
    lookAt(this.overAtMs, nowMs);
  }

  /** Stops counting: it is not the client that takes the time now. */
  pause(): void {
    counting.delete(this);
  }

  /** Nobody reads the body any more: it is over once the rest has come, or its time is. */
  leave(): void {
    this.#onOver = undefined;
    const stop = (): void => this.pause();
    if (this.#req.complete || this.#req.destroyed) stop();
    else this.#req.once("end", stop).once("close", stop);
  }

  /** Its time is over. */
  expire(): void {
    this.pause();
    if (this.#req.complete) return;
    const error = new TidingsError(
      "REQUEST_TIMEOUT",
      "the request took too long to arrive; send it faster, or in parts.",
    );
    if (this.#onOver === undefined) this.#req.destroy();
    else this.#onOver(error);
  }
}
