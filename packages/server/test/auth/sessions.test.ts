import { Grants } from "@tidings/core";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from "vitest";
import {
  type Access,
  Gate,
  type Identity,
  type Revocations,
  type Session,
  Sessions,
} from "../../src/auth/index.ts";
import { HS256 } from "./support.ts";

let revoked: (identity: Identity) => boolean = () => false;
let gate: Gate;
let sessions: Sessions;
beforeEach(() => {
  vi.useFakeTimers();
  revoked = () => false;
  gate = new Gate({
    auth: { jwt: [HS256], clockToleranceMs: 1_000 },
    revocations: { isRevoked: (identity: Identity) => revoked(identity) } as unknown as Revocations,
    logger: pino({ level: "silent" }),
    nowMs: Date.now,
    onChanged: () => undefined,
    addressOf: () => "192.0.2.1",
    isTrusted: () => true,
  });
  sessions = new Sessions(gate.authenticator, Date.now);
});
afterEach(() => {
  sessions.close();
  gate.close();
  vi.useRealTimers();
});

describe("a live connection", () => {
  test("ends with its token, within half a second of it and never before", () => {
    const one = session({ expiresAtMs: Date.now() + 10_000 });
    sessions.add(one);
    vi.advanceTimersByTime(10_999);
    expect(one.end).not.toHaveBeenCalled();
    vi.advanceTimersByTime(501);
    expect(one.end).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "UNAUTHENTICATED" }));
    expect(sessions.size).toBe(0);
  });

  test("goes on with a token that it was given in time", () => {
    const one = session({ expiresAtMs: Date.now() + 10_000 });
    sessions.add(one);
    vi.advanceTimersByTime(9_000);
    sessions.renew(one, token({ expiresAtMs: Date.now() + 10_000 }));
    expect(one.narrow).toHaveBeenCalledOnce();
    vi.advanceTimersByTime(9_000);
    expect(one.end).not.toHaveBeenCalled();
    vi.advanceTimersByTime(3_000);
    expect(one.end).toHaveBeenCalledOnce();
  });

  test("that was ended cannot be renewed: what comes too late does not bring it back", () => {
    const one = session({ expiresAtMs: Date.now() + 1_000 });
    sessions.add(one);
    vi.advanceTimersByTime(5_000);
    expect(one.end).toHaveBeenCalledOnce();
    expect(one.access.identity.grants).toBe(Grants.NONE);
    expect(() => sessions.renew(one, token({ expiresAtMs: Date.now() + 10_000 }))).toThrow(
      expect.objectContaining({ code: "CONNECTION_UNKNOWN" }),
    );
    expect(one.access.identity.grants).toBe(Grants.NONE);
  });

  test("of whom the application knows cannot become another's", () => {
    const one = session({ kind: "anonymous", subject: "ann" });
    sessions.add(one);
    expect(() => sessions.renew(one, token({ subject: "bob" }))).toThrow(
      expect.objectContaining({ code: "FORBIDDEN" }),
    );
    const nobody = session({ kind: "anonymous" });
    sessions.add(nobody);
    sessions.renew(nobody, token({ subject: "bob" }));
    expect(nobody.access.identity.subject).toBe("bob");
  });

  test("that has ended is not told again", () => {
    const one = session({ expiresAtMs: Date.now() + 1_000 });
    sessions.add(one);
    sessions.delete(one);
    vi.advanceTimersByTime(60_000);
    expect(one.end).not.toHaveBeenCalled();
  });

  test("without an end lasts", () => {
    const one = session({});
    sessions.add(one);
    vi.advanceTimersByTime(1e9);
    expect(one.end).not.toHaveBeenCalled();
  });

  test("is ended by a revocation, and the others are not", () => {
    const [one, other] = [session({ id: "t1" }), session({ id: "t2" })];
    sessions.add(one);
    sessions.add(other);
    revoked = ({ id }) => id === "t1";
    sessions.review();
    expect(one.end).toHaveBeenCalledOnce();
    expect(other.end).not.toHaveBeenCalled();
    sessions.review();
    expect(one.end).toHaveBeenCalledOnce();
  });
});

function token(facts: Partial<Identity>): Identity {
  return { kind: "token", grants: Grants.NONE, ...facts };
}

function session(facts: Partial<Identity>): Session & {
  readonly end: Mock<Session["end"]>;
  readonly narrow: Mock<Session["narrow"]>;
} {
  const access = { identity: token(facts), check: () => undefined } satisfies Access;
  return { access, end: vi.fn<Session["end"]>(), narrow: vi.fn<Session["narrow"]>() };
}
