import { Grants } from "@tidings/core";
import { TidingsError } from "@tidings/protocol";
import type { Access } from "./access.ts";
import type { Authenticator } from "./authenticator.ts";
import { unauthenticated } from "./faults.ts";
import { type Identity, isSomebody } from "./identity.ts";

/** How often it is looked for credentials that have ended, in milliseconds. */
const LOOK_MS = 250;

/** A live connection, as its credential is looked after. Calls MUST NOT throw. */
export interface Session {
  /** What whoever opened it may do; its identity is another one once it was renewed. */
  readonly access: Access;
  /** Tells why, and ends it at once: nothing that is published afterwards may reach it. */
  end(error: TidingsError): void;
  /** Ends the readers that its grants do not cover any more. */
  narrow(): void;
}

/** All live connections that came in with a credential: each lasts no longer than that does. */
export class Sessions {
  readonly #authenticator: Authenticator;
  readonly #nowMs: () => number;
  readonly #open = new Set<Session>();
  /** Those whose credential ends, by when, in steps of {@link LOOK_MS}. */
  readonly #byEnd = new Map<number, Set<Session>>();
  readonly #endOf = new Map<Session, number>();
  #looked: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(authenticator: Authenticator, nowMs: () => number) {
    this.#authenticator = authenticator;
    this.#nowMs = nowMs;
    this.#looked = this.#stepOf(nowMs());
  }

  get size(): number {
    return this.#open.size;
  }

  /** @throws {TidingsError} `UNAUTHENTICATED` where a credential has ended since it was looked at */
  check({ identity }: Pick<Access, "identity">): void {
    const why = this.#authenticator.whyEnded(identity);
    if (why !== undefined) throw unauthenticated(why);
  }

  add(session: Session): void {
    this.#open.add(session);
    this.#await(session);
  }

  delete(session: Session): void {
    this.#open.delete(session);
    this.#forget(session);
  }

  /**
   * A live connection shows another credential: what it allows holds from now on.
   *
   * @throws {TidingsError} `FORBIDDEN` where that stands for somebody else, `CONNECTION_UNKNOWN` where it was ended meanwhile
   */
  renew(session: Session, identity: Identity): void {
    if (!this.#open.has(session))
      throw new TidingsError("CONNECTION_UNKNOWN", "the connection has ended; connect again.");
    const before = session.access.identity;
    if (isSomebody(before) && before.subject !== identity.subject)
      throw new TidingsError(
        "FORBIDDEN",
        "the credential stands for another subject than the connection's; open a connection for it.",
      );
    this.#take(session, identity);
  }

  /** Looks at all of them: something was revoked, or a key was changed. */
  review(): void {
    for (const session of this.#open) {
      if (this.#endIfOver(session)) continue;
      const { identity } = session.access;
      const now = this.#authenticator.current(identity);
      if (now !== identity) this.#take(session, now);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #take(session: Session, identity: Identity): void {
    this.#forget(session);
    session.access.identity = identity;
    this.#await(session);
    session.narrow();
  }

  #await(session: Session): void {
    const endMs = this.#authenticator.endOf(session.access.identity);
    if (endMs === undefined) return;
    const step = Math.max(this.#stepOf(endMs) + 1, this.#looked + 1);
    const together = this.#byEnd.get(step) ?? new Set();
    together.add(session);
    this.#byEnd.set(step, together);
    this.#endOf.set(session, step);
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
  }

  #forget(session: Session): void {
    const step = this.#endOf.get(session);
    if (step === undefined) return;
    this.#endOf.delete(session);
    const together = this.#byEnd.get(step);
    if (together?.delete(session) === true && together.size === 0) this.#byEnd.delete(step);
  }

  #look(): void {
    const now = this.#stepOf(this.#nowMs());
    for (; this.#looked < now; this.#looked++) {
      const due = this.#byEnd.get(this.#looked + 1);
      this.#byEnd.delete(this.#looked + 1);
      for (const session of due ?? []) this.#endIfOver(session);
    }
  }

  #endIfOver(session: Session): boolean {
    const why = this.#authenticator.whyEnded(session.access.identity);
    if (why === undefined) return false;
    this.delete(session);
    // What was begun before, and waits for something, is let on no more.
    session.access.identity = { ...session.access.identity, grants: Grants.NONE };
    session.end(unauthenticated(why));
    return true;
  }

  #stepOf(ms: number): number {
    return Math.floor(ms / LOOK_MS);
  }
}
