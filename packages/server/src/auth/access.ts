import type { Right } from "@tidings/core";
import { TidingsError } from "@tidings/protocol";
import { isOfNodes } from "../nodes/index.ts";
import { forbidden, unauthenticated } from "./faults.ts";
import { type Identity, isSomebody, OPEN } from "./identity.ts";
import type { Say } from "./say.ts";

/** What one request, or one live connection, may do. */
export interface Access {
  /** Of a live connection: whoever it was renewed for last. */
  identity: Identity;
  /**
   * Lets something be done, at once wherever the application is not to be asked.
   *
   * @throws {TidingsError} `FORBIDDEN`, `UNAUTHENTICATED` for one who has shown nothing; also as a rejection, and then
   *   `AUTH_UNAVAILABLE` too
   */
  check(right: Right, name: string): Promise<void> | void;
  /** Whence it came in; absent where nobody is asked. */
  readonly visitor?: Visitor | undefined;
}

/** What the application is told of a request, and still is when its connection is renewed. */
export interface Visitor {
  readonly address: string;
  /** Those that the application asked for. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Of a server without authentication: one for all. */
export const OPEN_ACCESS: Access = { identity: OPEN, check: checkNodes };

/** What an identity's grants say, and then the application. */
export class GrantedAccess implements Access {
  identity: Identity;
  readonly #say: Say | undefined;
  readonly visitor: Visitor;

  constructor(identity: Identity, say: Say | undefined, visitor: Visitor) {
    this.identity = identity;
    this.#say = say;
    this.visitor = visitor;
  }

  check(right: Right, name: string): Promise<void> | void {
    checkGrant(this.identity, right, name);
    checkNodes(right, name);
    if (right !== "subscribe" && right !== "publish") return undefined;
    return this.#say?.isAskedFor(right) === true ? this.#ask(this.#say, right, name) : undefined;
  }

  async #ask(say: Say, action: "subscribe" | "publish", channel: string): Promise<void> {
    await say.ask({ action, channel, identity: askable(this.identity), address: this.visitor.address });
    // It may have been narrowed meanwhile.
    checkGrant(this.identity, action, channel);
  }
}

/**
 * What nodes say to each other has parts of artifacts in it, and what the application said of somebody.
 *
 * @throws {TidingsError} `CHANNEL_RESERVED`
 */
function checkNodes(right: Right, name: string): void {
  if (right !== "subscribe" || !isOfNodes(name)) return;
  throw new TidingsError("CHANNEL_RESERVED", `on "${name}" nodes hear each other; no client reads there.`);
}

/** @throws {TidingsError} `FORBIDDEN`, `UNAUTHENTICATED` */
export function checkGrant(identity: Identity, right: Right, name: string): void {
  if (identity.grants.allows(right, name)) return;
  // With a credential it may be another matter (RFC 9110 §15.5.2).
  if (!isSomebody(identity))
    throw unauthenticated(
      `this needs a credential with a ${right} grant; send Authorization: Bearer and a token or key.`,
    );
  throw forbidden(right, name);
}

/** What its identity's grants say, as {@link Connection.narrow} asks for it. */
export function mayOf({ identity }: Access): (right: Right, name: string) => boolean {
  return (right, name) => identity.grants.allows(right, name);
}

/** What of all that is read its holder may not read any more; `undefined` where that is nothing. */
export function whyNarrowed(
  { identity }: Access,
  channels: readonly { readonly channel: string; readonly presence: boolean }[],
): TidingsError | undefined {
  for (const { channel, presence } of channels) {
    if (!identity.grants.allows("subscribe", channel)) return forbidden("subscribe", channel);
    if (presence && !identity.grants.allows("presence", channel)) return forbidden("presence", channel);
  }
  return undefined;
}

/**
 * Whether a request may change a live connection: its own holder's, an administrator's.
 *
 * @throws {TidingsError} `FORBIDDEN`, `UNAUTHENTICATED` for one who has shown nothing
 */
export function checkHolder(
  { identity }: Pick<Access, "identity">,
  { identity: holder }: Pick<Access, "identity">,
): void {
  const isSame = identity.subject === holder.subject && isSomebody(identity) === isSomebody(holder);
  if (isSame || identity.grants.isAdmin) return;
  if (!isSomebody(identity))
    throw unauthenticated(
      "the connection is somebody's; send Authorization: Bearer and the token or key of it.",
    );
  throw new TidingsError("FORBIDDEN", "the connection was opened by somebody else.");
}

/** An identity as the application is told of it. */
export function askable({ kind, subject, id, facts }: Identity): {
  readonly kind: "anonymous" | "token" | "key";
  readonly subject?: string | undefined;
  readonly id?: string | undefined;
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
} {
  return { kind: kind === "open" ? "anonymous" : kind, subject, id, facts };
}
