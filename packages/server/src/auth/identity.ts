import { Grants } from "@tidings/core";

/** Who asks, and what that one may do. Immutable: a renewed credential is another identity. */
export interface Identity {
  /** `open`: the server asks nobody. `anonymous`: nothing was shown. The others say what was. */
  readonly kind: "open" | "anonymous" | "token" | "key";
  /** Whom the credential stands for: a token's `sub`, a key's name. */
  readonly subject?: string | undefined;
  /** A token's `jti`, a key's id: what it is revoked by. */
  readonly id?: string | undefined;
  readonly grants: Grants;
  /** When a token was made, in milliseconds since 1970, where it says so. */
  readonly issuedAtMs?: number | undefined;
  /** Until when it holds, in milliseconds since 1970. Absent: until it is revoked. */
  readonly expiresAtMs?: number | undefined;
  /** What the application's own say has added: told to commands, never to other clients. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  /** Of one that the application has said something of: what it was by itself, and what was said. */
  readonly said?: { readonly of: Identity; readonly saying: Saying } | undefined;
}

/** What the application's own say adds to what a credential says by itself. */
export interface Saying {
  readonly subject?: string | undefined;
  readonly grants: Grants;
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  readonly atMs: number;
  readonly expiresAtMs?: number | undefined;
}

/** Both together: it may do what either allows, for as long as both hold. */
export function withSaying(of: Identity, saying: Saying): Identity {
  return {
    ...of,
    subject: of.subject ?? saying.subject,
    issuedAtMs: of.issuedAtMs ?? saying.atMs,
    grants: of.grants.plus(saying.grants),
    facts: saying.facts ?? of.facts,
    expiresAtMs: earlier(of.expiresAtMs, saying.expiresAtMs),
    said: { of, saying },
  };
}

/** Whether it is known who asks: by a credential, or because the application has said so. */
export function isSomebody({ kind, subject }: Identity): boolean {
  return kind !== "anonymous" || subject !== undefined;
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : other === undefined ? one : Math.min(one, other);
}

/** Of a server without authentication: whoever reaches it may do everything. */
export const OPEN: Identity = { kind: "open", grants: Grants.ALL };
