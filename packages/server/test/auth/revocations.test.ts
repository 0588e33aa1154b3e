import { Grants, Hub, type Log, MemoryLog, Policies, Publisher } from "@tidings/core";
import { DEFAULT_LIMITS } from "@tidings/protocol";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { type Identity, Revocations, REVOCATIONS_POLICY } from "../../src/auth/index.ts";

const NOW_MS = 1_000_000;

describe("what was revoked", () => {
  test("is a token by its id, a key by its id, and no other", async () => {
    await using node = await opened(newLog());
    await node.revocations.revoke("token", "t1");
    await node.revocations.revoke("key", "k1");
    expect(node.revocations.isRevoked(token({ id: "t1" }))).toBe(true);
    expect(node.revocations.isRevoked(token({ id: "t2" }))).toBe(false);
    expect(node.revocations.isRevoked({ kind: "key", id: "k1", grants: Grants.NONE })).toBe(true);
    expect(node.revocations.isRevoked({ kind: "key", id: "t1", grants: Grants.NONE })).toBe(false);
  });

  test("is all that a subject was given until then: what it gets afterwards holds", async () => {
    await using node = await opened(newLog());
    await node.revocations.revoke("subject", "ann");
    expect(node.revocations.isRevoked(token({ subject: "ann", issuedAtMs: NOW_MS - 1 }))).toBe(true);
    expect(node.revocations.isRevoked(token({ subject: "ann", issuedAtMs: NOW_MS + 1_000 }))).toBe(false);
    expect(node.revocations.isRevoked(token({ subject: "ann" }))).toBe(true);
    expect(node.revocations.isRevoked(token({ subject: "bob" }))).toBe(false);
  });

  test("is known to every node on the log, while it runs and when it starts", async () => {
    const log = newLog();
    await using one = await opened(log);
    await using other = await opened(log);
    const told = other.revoked();
    await one.revocations.revoke("subject", `name with spaces ${"x".repeat(200)}`);
    await told;
    await using later = await opened(log);
    for (const { revocations } of [one, other, later])
      expect(revocations.isRevoked(token({ subject: `name with spaces ${"x".repeat(200)}` }))).toBe(true);
  });

  test("can be restored, on every node", async () => {
    const log = newLog();
    await using one = await opened(log);
    await one.revocations.revoke("token", "t1");
    expect(await one.revocations.restore("token", "t1")).toBe(true);
    expect(await one.revocations.restore("token", "t1")).toBe(false);
    expect(one.revocations.isRevoked(token({ id: "t1" }))).toBe(false);
    await using later = await opened(log);
    expect(later.revocations.all()).toEqual([]);
  });
});

function token(facts: Partial<Identity>): Identity {
  return { kind: "token", grants: Grants.NONE, ...facts };
}

function newLog(): Log {
  return new MemoryLog({
    nowMs: () => NOW_MS,
    newEpoch: () => "abcdefgh",
    retentionOf: () => ({ maxMessages: 1_000, maxBytes: 1e6, maxAgeMs: 1e9, compact: true }),
  });
}

async function opened(
  log: Log,
): Promise<AsyncDisposable & { readonly revocations: Revocations; readonly revoked: () => Promise<void> }> {
  const hub = new Hub({ log, defer: setImmediate, nowMs: () => NOW_MS });
  const policies = new Policies([REVOCATIONS_POLICY], DEFAULT_LIMITS);
  const told = Promise.withResolvers<void>();
  const revocations = await Revocations.open({
    hub,
    publisher: new Publisher(log, policies, DEFAULT_LIMITS),
    logger: pino({ level: "silent" }),
    nowMs: () => NOW_MS,
    onRevoked: told.resolve,
  });
  return {
    revocations,
    revoked: () => told.promise,
    async [Symbol.asyncDispose]() {
      revocations.close();
      hub.close();
    },
  };
}
