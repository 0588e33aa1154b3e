import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { TidingsError } from "@tidings/protocol";
import { Admission } from "./admission.ts";
import { OwnResponse } from "./own-response.ts";

/** So many requests may wait for their turn on one connection: a client that sends ahead does so by a few. */
export const MAX_WAITING_REQUESTS = 100;
/** When one that sent too many ahead may come back, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * Requests that came before those ahead of them on their connection were answered. They are handled one after the other: what is not
 * safe must be (RFC 9112 §9.3.2), and thousands that came in one piece would keep everybody else waiting.
 */
export class Pipelines {
  readonly #admission = new Admission();
  readonly #waiting = new WeakMap<Socket, number>();

  /** Whether a request has to wait; only the server's own responses tell. */
  isAhead(res: ServerResponse): res is OwnResponse {
    return res instanceof OwnResponse && res.socket === null;
  }

  /**
   * Lets a request wait for its turn, which comes with the answer of the one ahead, in the same turn of the event loop where that
   * has time left: a flush in between for each would be a write to every reader of what they publish. The first one that is too
   * many is told so in its turn, and ends the connection; what comes behind it is passed over.
   * @param begin given what it is to be refused with
   */
  wait(
    { socket }: IncomingMessage,
    res: ServerResponse,
    begin: (refused?: TidingsError) => Promise<void>,
  ): void {
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    if (waiting > MAX_WAITING_REQUESTS + 1) return;
    const isTooMany = waiting > MAX_WAITING_REQUESTS;
    this.#waiting.set(socket, waiting);
    res.once("socket", () => {
      this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1);
      if (isTooMany) res.shouldKeepAlive = false;
      void this.#admission.pass(() => begin(isTooMany ? tooManyAhead() : undefined));
    });
  }
}

function tooManyAhead(): TidingsError {
  return new TidingsError(
    "RATE_LIMITED",
    `more than ${MAX_WAITING_REQUESTS} requests were sent ahead of their answers on this connection, which ends here; wait for answers.`,
    { retryAfterMs: RETRY_MS },
  );
}
