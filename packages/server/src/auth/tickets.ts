import { createHash, randomBytes } from "node:crypto";
import { TidingsError } from "@tidings/protocol";
import { unauthenticated } from "./faults.ts";
import type { Identity } from "./identity.ts";

/** How long a ticket may be used, in milliseconds. */
export const TICKET_MS = 30_000;
/** Most tickets that are out at once. */
export const MAX_TICKETS = 100_000;

interface Issued {
  readonly identity: Identity;
  readonly untilMs: number;
}

/**
 * Tickets stand for a credential where none can be sent but in the URL: an `EventSource`, an image. A URL is written into
 * access logs and histories, so a ticket holds once, and not for long. They are kept as hashes.
 */
export class Tickets {
  readonly #nowMs: () => number;
  /** In the order in which they end, since all live equally long. */
  readonly #issued = new Map<string, Issued>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#issued.size;
  }

  /** @throws {TidingsError} `RATE_LIMITED` where as many are out as may be */
  issue(identity: Identity): { readonly ticket: string; readonly expiresInMs: number } {
    const nowMs = this.#nowMs();
    for (const [hash, { untilMs }] of this.#issued) {
      if (untilMs > nowMs) break;
      this.#issued.delete(hash);
    }
    if (this.#issued.size >= MAX_TICKETS)
      throw new TidingsError(
        "RATE_LIMITED",
        `${MAX_TICKETS} tickets wait to be used; try again in a moment.`,
      );
    const ticket = randomBytes(32).toString("base64url");
    this.#issued.set(hashOf(ticket), { identity, untilMs: nowMs + TICKET_MS });
    return { ticket, expiresInMs: TICKET_MS };
  }

  /**
   * Takes a ticket, which holds no more then.
   *
   * @throws {TidingsError} `UNAUTHENTICATED`
   */
  redeem(ticket: string): Identity {
    const hash = hashOf(ticket);
    const issued = this.#issued.get(hash);
    this.#issued.delete(hash);
    if (issued !== undefined && issued.untilMs > this.#nowMs()) return issued.identity;
    throw unauthenticated(
      "the ticket was used before, is older than 30 s, or was never issued; get a new one by POST /tickets.",
    );
  }
}

function hashOf(ticket: string): string {
  return createHash("sha256").update(ticket).digest("base64");
}
