import fc from "fast-check";
import { expect, test } from "vitest";
import { GRACE_MS, openPresence, type TestConnection } from "../support/presence.ts";

const CHANNEL = "room";
const MEMBERS = ["ada", "bob", "cyd", "dan", "eve", "fay"];

const who = fc.constantFrom(...MEMBERS);
const which = fc.nat(3);
const state = fc.option(fc.nat(3), { nil: undefined });
type Step =
  | {
      readonly type: "join";
      readonly which: number;
      readonly who: string;
      readonly state: number | undefined;
    }
  | { readonly type: "update"; readonly which: number; readonly state: number }
  | {
      readonly type: "leave" | "cut" | "close" | "listen" | "unlisten" | "block" | "unblock";
      readonly which: number;
    }
  | { readonly type: "put"; readonly who: string; readonly state: number | undefined; readonly ttl: number }
  | { readonly type: "remove"; readonly who: string }
  | { readonly type: "pass"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("join" as const), which, who, state }),
  fc.record({ type: fc.constant("update" as const), which, state: fc.nat(3) }),
  fc.record({
    type: fc.constantFrom("leave", "cut", "close", "listen", "unlisten", "block", "unblock" as const),
    which,
  }) as fc.Arbitrary<Step>,
  fc.record({ type: fc.constant("put" as const), who, state, ttl: fc.integer({ min: 1, max: 3_000 }) }),
  fc.record({ type: fc.constant("remove" as const), who }),
  fc.record({ type: fc.constant("pass" as const), ms: fc.constantFrom(1, 50, 99, 100, 300, 1_100) }),
);

/** Everything that a member is there by, as plainly as it can be written down. */
class Truth {
  readonly states = new Map<string, unknown>();
  readonly #holders = new Map<string, Set<TestConnection>>();
  readonly #until = new Map<string, { lease: number; grace: number }>();

  at(nowMs: number): Map<string, unknown> {
    const here = [...this.states].filter(([name]) => this.isHere(name, nowMs));
    return new Map(here);
  }

  isHere(name: string, nowMs: number): boolean {
    const { lease = 0, grace = 0 } = this.#until.get(name) ?? {};
    return (this.#holders.get(name)?.size ?? 0) > 0 || Math.max(lease, grace) > nowMs;
  }

  /** Forgets those that are gone, as a later member of the name is another one. */
  settle(nowMs: number): void {
    for (const name of [...this.states.keys()]) {
      if (this.isHere(name, nowMs)) continue;
      this.states.delete(name);
      this.#until.delete(name);
    }
  }

  nameOf(connection: TestConnection): string | undefined {
    return [...this.#holders].find(([, holders]) => holders.has(connection))?.[0];
  }

  hold(name: string, connection: TestConnection): void {
    this.#holders.set(name, (this.#holders.get(name) ?? new Set()).add(connection));
    this.#until.set(name, { lease: this.#until.get(name)?.lease ?? 0, grace: 0 });
    if (!this.states.has(name)) this.states.set(name, undefined);
  }

  release(connection: TestConnection, nowMs: number, isBroken: boolean): void {
    const name = this.nameOf(connection);
    if (name === undefined) return;
    const holders = this.#holders.get(name);
    holders?.delete(connection);
    if (isBroken && holders?.size === 0)
      this.#until.set(name, { lease: this.#until.get(name)?.lease ?? 0, grace: nowMs + GRACE_MS });
  }

  lease(name: string, untilMs: number): void {
    this.#until.set(name, { lease: untilMs, grace: this.#until.get(name)?.grace ?? 0 });
  }

  unlease(name: string): void {
    this.#until.delete(name);
  }
}

test("whatever joins, updates, leaves, breaks, expires and blocks, every listener's list is the truth once it is quiet", () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60, size: "max" }),
      fc.constantFrom(2, 4, 100),
      (steps, maxPresenceListed) => {
        const { presence, time, connect } = openPresence({ maxPresenceListed });
        const connections = Array.from({ length: 4 }, () => connect());
        const truth = new Truth();
        const listeners = new Set<TestConnection>();
        const observer = connect();
        observer.attendance.listen(CHANNEL);
        for (const each of steps) {
          // Expiry is exact to a slot of 50 ms: the model and the code are compared where both have settled.
          if ("which" in each) {
            const connection = connections[each.which] as TestConnection;
            const { attendance } = connection;
            const name = truth.nameOf(connection);
            if (each.type === "join") {
              if (name !== undefined && name !== each.who) continue;
              truth.settle(time.nowMs);
              attendance.join(CHANNEL, each.who, each.state === undefined ? undefined : String(each.state));
              truth.hold(each.who, connection);
              if (each.state !== undefined) truth.states.set(each.who, each.state);
            } else if (each.type === "update") {
              if (name === undefined) continue;
              attendance.update(CHANNEL, String(each.state));
              truth.states.set(name, each.state);
            } else if (each.type === "leave") {
              if (name === undefined) continue;
              attendance.leave(CHANNEL);
              truth.release(connection, time.nowMs, false);
            } else if (each.type === "listen") {
              attendance.listen(CHANNEL);
              listeners.add(connection);
            } else if (each.type === "unlisten") {
              attendance.unlisten(CHANNEL);
              listeners.delete(connection);
            } else if (each.type === "block") connection.isBlocked = true;
            else if (each.type === "unblock") connection.unblock();
            else {
              truth.release(connection, time.nowMs, each.type === "cut");
              attendance.end(each.type === "close");
              listeners.delete(connection);
              connections[each.which] = connect();
            }
          } else if (each.type === "put") {
            truth.settle(time.nowMs);
            presence.put(
              CHANNEL,
              each.who,
              each.state === undefined ? undefined : String(each.state),
              each.ttl,
            );
            truth.states.set(each.who, each.state);
            truth.lease(each.who, time.nowMs + each.ttl);
          } else if (each.type === "remove") {
            try {
              presence.remove(CHANNEL, each.who);
              truth.unlease(each.who);
            } catch {
              // There was nothing to end.
            }
          } else {
            time.pass(each.ms);
            // Past the slot in which what was due went.
            time.pass(50 - (time.nowMs % 50));
            truth.settle(time.nowMs - 50);
          }
        }
        time.pass(10_000);
        truth.settle(time.nowMs);
        const here = truth.at(time.nowMs);
        expect(presence.members).toBe(here.size);
        expect(presence.list(CHANNEL).count).toBe(here.size);
        for (const connection of [...listeners, observer]) {
          connection.unblock();
          expect(connection.count).toBe(here.size);
          if (connection.list === undefined) expect(here.size).toBeGreaterThan(maxPresenceListed * 0.9 - 1);
          else expect(Object.fromEntries(connection.list)).toEqual(Object.fromEntries(here));
        }
        for (const connection of [...connections, observer]) connection.attendance.end(true);
        time.pass(100_000);
        expect([presence.members, presence.listeners, presence.channels, time.timers]).toEqual([0, 0, 0, 0]);
      },
    ),
    { numRuns: 500 },
  );
});
