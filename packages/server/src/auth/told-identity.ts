import { type GrantLists, Grants, RIGHTS } from "@tidings/core";
import { z } from "zod";
import { type Identity, withSaying } from "./identity.ts";

/** An identity as one node tells it to another. */
interface Told {
  readonly kind: Identity["kind"];
  readonly subject?: string | undefined;
  readonly id?: string | undefined;
  readonly grants: GrantLists;
  readonly issuedAtMs?: number | undefined;
  readonly expiresAtMs?: number | undefined;
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  /** What the application has said, the first first; the others are by themselves then. */
  readonly sayings: readonly ToldSaying[];
}

interface ToldSaying {
  readonly subject?: string | undefined;
  readonly grants: GrantLists;
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  readonly atMs: number;
  readonly expiresAtMs?: number | undefined;
}

/** A ticket may be had by a ticket, and be said something of each time. */
const MAX_SAYINGS = 100;

const grants = z.partialRecord(z.enum(RIGHTS), z.array(z.string()));
const text = z.string().optional();
const time = z.number().optional();
const facts = z.record(z.string(), z.unknown()).optional();

// Strict: what another version means by more may be less than what it seems to allow.
const told: z.ZodType<Told> = z.strictObject({
  kind: z.enum(["open", "anonymous", "token", "key"]),
  subject: text,
  id: text,
  grants,
  issuedAtMs: time,
  expiresAtMs: time,
  facts,
  sayings: z
    .array(z.strictObject({ subject: text, grants, facts, atMs: z.number(), expiresAtMs: time }))
    .max(MAX_SAYINGS),
});

export function tellIdentity({ said, ...identity }: Identity): Told {
  if (said === undefined) return { ...identity, grants: identity.grants.lists, sayings: [] };
  const of = tellIdentity(said.of);
  return { ...of, sayings: [...of.sayings, { ...said.saying, grants: said.saying.grants.lists }] };
}

/** @throws {ZodError} what is no identity */
export function readIdentity(value: unknown): Identity {
  const { sayings, ...identity } = told.parse(value);
  const byItself: Identity = { ...identity, grants: Grants.of(identity.grants) };
  return sayings.reduce(
    (of, saying) => withSaying(of, { ...saying, grants: Grants.of(saying.grants) }),
    byItself,
  );
}
