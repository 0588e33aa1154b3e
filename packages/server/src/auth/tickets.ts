import { createHash, randomBytes } from "node:crypto";
import { TidingsError } from "@tidings/protocol";
import { z } from "zod";
import type { Nodes } from "../nodes/index.ts";
import { unauthenticated } from "./faults.ts";
import type { Identity } from "./identity.ts";
import { readIdentity, tellIdentity } from "./told-identity.ts";

/** How long a ticket may be used, in milliseconds. */
export const TICKET_MS = 30_000;
/** Most tickets that are out at once. */
export const MAX_TICKETS = 100_000;
/** Of 32 bytes. */
const RANDOM_CHARACTERS = 43;

const REDEEM = "ticket";
const asked = z.object({ hash: z.string() });

interface Issued {
  readonly identity: Identity;
  readonly untilMs: number;
}

/**
 * Tickets stand for a credential where none can be sent but in the URL: an `EventSource`, an image. A URL is written into
 * access logs and histories, so a ticket holds once, and not for long. They are kept as hashes.
 *
 * Where nodes share a log a ticket names the one that issued it, and any other asks that one, which alone can take it: so it
 * holds once on all of them together.
 */
export class Tickets {
  readonly #nowMs: () => number;
  readonly #nodes: Nodes | undefined;
  /** In the order in which they end, since all live equally long. */
  readonly #issued = new Map<string, Issued>();

  constructor(nowMs: () => number, nodes?: Nodes) {
    this.#nowMs = nowMs;
    this.#nodes = nodes;
    nodes?.on(REDEEM, (params) => {
      const identity = this.#take(asked.parse(params).hash);
      return identity === undefined ? null : tellIdentity(identity);
    });
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
    const random = randomBytes(32).toString("base64url");
    const ticket = this.#nodes === undefined ? random : `${random}.${this.#nodes.id}`;
    this.#issued.set(hashOf(ticket), { identity, untilMs: nowMs + TICKET_MS });
    return { ticket, expiresInMs: TICKET_MS };
  }

  /**
   * Takes a ticket, which holds no more then. At once, unless another node has issued it.
   *
   * @throws {TidingsError} `UNAUTHENTICATED`; `AUTH_UNAVAILABLE`, as a rejection, where that node gave no answer
   */
  redeem(ticket: string): Identity | Promise<Identity> {
    const node = ticket.slice(RANDOM_CHARACTERS + 1);
    const nodes = this.#nodes;
    if (node !== "" && nodes?.all.some((each) => each.node === node && node !== nodes.id) === true)
      return redeemAt(nodes, node, hashOf(ticket));
    return this.#take(hashOf(ticket)) ?? refuse();
  }

  #take(hash: string): Identity | undefined {
    const issued = this.#issued.get(hash);
    this.#issued.delete(hash);
    return issued !== undefined && issued.untilMs > this.#nowMs() ? issued.identity : undefined;
  }
}

/** The other node is told the hash alone. */
async function redeemAt(nodes: Nodes, node: string, hash: string): Promise<Identity> {
  const [answer] = await nodes.ask(REDEEM, { hash }, [node]);
  if (answer === undefined || "missing" in answer)
    throw new TidingsError(
      "AUTH_UNAVAILABLE",
      "the node that issued the ticket gave no answer; get a new one by POST /tickets.",
    );
  return answer.value === null ? refuse() : readIdentity(answer.value);
}

function refuse(): never {
  throw unauthenticated(
    "the ticket was used before, is older than 30 s, or was never issued; get a new one by POST /tickets.",
  );
}

function hashOf(ticket: string): string {
  return createHash("sha256").update(ticket).digest("base64");
}
