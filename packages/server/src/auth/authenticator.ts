import { createHash } from "node:crypto";
import { Grants } from "@tidings/core";
import type { Logger } from "pino";
import { isApiKey } from "./api-key.ts";
import type { Credential } from "./credential.ts";
import type { Nodes } from "../nodes/index.ts";
import { unauthenticated } from "./faults.ts";
import { type Identity, withSaying } from "./identity.ts";
import { KeyFile } from "./key-file.ts";
import { type AuthOptions, DEFAULT_CLOCK_TOLERANCE_MS } from "./options.ts";
import type { Revocations } from "./revocations.ts";
import { Tickets } from "./tickets.ts";
import { Verifier } from "./verifier.ts";

/** How many tokens are remembered that were verified. Beyond it the one that was used longest ago is verified anew. */
const MAX_REMEMBERED = 10_000;
/** How long a token is taken as verified, in milliseconds: a key that was taken back ends with it. */
const REMEMBERED_MS = 60_000;

interface Remembered {
  readonly identity: Identity;
  readonly untilMs: number;
}

export interface AuthenticatorOptions {
  readonly auth: AuthOptions;
  readonly revocations: Revocations;
  readonly logger: Logger;
  readonly nowMs: () => number;
  /** Told when what is held by somebody may not hold any more. */
  readonly onChanged: () => void;
  /** Those that share the log, whose tickets hold here too; absent where there can be none. */
  readonly nodes?: Nodes | undefined;
}

/** Finds out who asks. */
export class Authenticator {
  readonly tickets: Tickets;
  readonly #verifier: Verifier;
  readonly #keys: KeyFile | undefined;
  readonly #revocations: Revocations;
  readonly #nowMs: () => number;
  readonly #clockToleranceMs: number;
  readonly #anonymous: Identity;
  /** By hash, so that a look at the memory shows no tokens; that which was used longest ago first. */
  readonly #remembered = new Map<string, Remembered>();

  /** @throws {TidingsError} `CONFIG_INVALID` for keys that cannot be used */
  constructor({ auth, revocations, logger, nowMs, onChanged, nodes }: AuthenticatorOptions) {
    this.#nowMs = nowMs;
    this.#clockToleranceMs = auth.clockToleranceMs ?? DEFAULT_CLOCK_TOLERANCE_MS;
    this.#verifier = new Verifier(auth, nowMs());
    this.#revocations = revocations;
    this.tickets = new Tickets(nowMs, nodes);
    this.#anonymous = { kind: "anonymous", grants: Grants.of(auth.anonymous ?? {}) };
    this.#keys =
      auth.keys === undefined
        ? undefined
        : new KeyFile(auth.keys, {
            nowMs,
            onChanged,
            onFault: (error) =>
              logger.error({ err: error }, "the key file cannot be used; the keys from before go on"),
          });
  }

  /**
   * Whom a credential stands for; nobody in particular where there is none. At once for a key, a ticket and a token that
   * was seen a moment ago.
   *
   * @throws {TidingsError} `UNAUTHENTICATED` with the reason, `AUTH_UNAVAILABLE`; also as a rejection
   */
  identify(credential: Credential | undefined): Identity | Promise<Identity> {
    if (credential === undefined) return this.#anonymous;
    const { by, text } = credential;
    if (by === "ticket") return this.#redeem(text);
    if (isApiKey(text)) return this.#checked(this.#keys?.find(text) ?? refuseKey());
    const hash = createHash("sha256").update(text).digest("base64");
    const known = this.#remembered.get(hash);
    if (known !== undefined && known.untilMs > this.#nowMs()) {
      this.#remembered.delete(hash);
      this.#remembered.set(hash, known);
      return this.#checked(known.identity);
    }
    return this.#verify(hash, text);
  }

  /** When an identity ends by itself, in milliseconds since 1970; `undefined` for one that does not. */
  endOf({ kind, expiresAtMs }: Identity): number | undefined {
    if (expiresAtMs === undefined) return undefined;
    return kind === "token" ? expiresAtMs + this.#clockToleranceMs : expiresAtMs;
  }

  /** Why an identity does not hold any more; `undefined` while it does. */
  whyEnded(identity: Identity): string | undefined {
    const { kind, id } = identity;
    const what = kind === "anonymous" ? "credential" : kind;
    if ((this.endOf(identity) ?? Infinity) <= this.#nowMs())
      return `the ${what} has expired; connect with a new one.`;
    if (this.#revocations.isRevoked(identity)) return `the ${what} was revoked; connect with another one.`;
    // Kept by its id, since its grants may have been changed: it is another identity then.
    if (kind === "key" && this.#keys?.current(id ?? "") === undefined)
      return "the key was revoked; connect with another one.";
    return undefined;
  }

  /** What the same credential stands for by now: a key's grants may have been changed. */
  current(identity: Identity): Identity {
    if (identity.kind !== "key") return identity;
    const now = this.#keys?.current(identity.id ?? "");
    const { said } = identity;
    if (now === undefined || now === (said?.of ?? identity)) return identity;
    return said === undefined ? now : withSaying(now, said.saying);
  }

  close(): void {
    this.#keys?.close();
  }

  #redeem(ticket: string): Identity | Promise<Identity> {
    const held = (identity: Identity): Identity => this.current(this.#checked(identity));
    const redeemed = this.tickets.redeem(ticket);
    return redeemed instanceof Promise ? redeemed.then(held) : held(redeemed);
  }

  async #verify(hash: string, token: string): Promise<Identity> {
    const identity = await this.#verifier.verify(token);
    const nowMs = this.#nowMs();
    this.#remembered.set(hash, { identity, untilMs: nowMs + REMEMBERED_MS });
    if (this.#remembered.size > MAX_REMEMBERED) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest);
        break;
      }
    }
    return this.#checked(identity);
  }

  #checked(identity: Identity): Identity {
    const why = this.whyEnded(identity);
    if (why !== undefined) throw unauthenticated(why);
    return identity;
  }
}

function refuseKey(): never {
  throw unauthenticated("the API key is not one of this server, or was revoked.");
}
