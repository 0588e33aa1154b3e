import type { Identity } from "../auth/index.ts";

/** Whom a credential stands for, without anything that could be used as one. */
export interface Who {
  readonly kind: Identity["kind"];
  /** A token's `sub`, a key's name. */
  readonly subject?: string;
  /** A token's `jti`, a key's id: what it is revoked by. */
  readonly id?: string;
}

export function whoIs({ kind, subject, id }: Identity): Who {
  return { kind, ...(subject === undefined ? {} : { subject }), ...(id === undefined ? {} : { id }) };
}
