import fc from "fast-check";
import { expect, test } from "vitest";
import type { HeldMember, Presence } from "../../src/index.ts";
import { type OpenedPresence, openPresence, type TestConnection, TestTime } from "../support/presence.ts";

const CHANNEL = "room";
const NODES = 3;
const CONNECTIONS = 6;

const which = fc.nat(CONNECTIONS - 1);
const who = fc.constantFrom("ada", "bob");
const state = fc.option(
  fc.nat(3).map((value) => `${value}`),
  { nil: undefined },
);
type Step =
  | {
      readonly type: "join";
      readonly which: number;
      readonly who: string;
      readonly state: string | undefined;
    }
  | { readonly type: "update"; readonly which: number; readonly state: string }
  | { readonly type: "leave" | "cut"; readonly which: number }
  | {
      readonly type: "put";
      readonly which: number;
      readonly who: string;
      readonly state: string | undefined;
      readonly ttlMs: number;
    }
  | { readonly type: "remove"; readonly who: string }
  | { readonly type: "pass"; readonly ms: number }
  | { readonly type: "hear"; readonly which: number; readonly count: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("join" as const), which, who, state }),
  fc.record({ type: fc.constant("update" as const), which, state: fc.nat(3).map((value) => `${value}`) }),
  fc.record({ type: fc.constantFrom("leave" as const, "cut" as const), which }),
  fc.record({
    type: fc.constant("put" as const),
    which,
    who,
    state,
    ttlMs: fc.integer({ min: 1, max: 3_000 }),
  }),
  fc.record({ type: fc.constant("remove" as const), who }),
  fc.record({ type: fc.constant("pass" as const), ms: fc.constantFrom(1, 50, 300, 1_100) }),
  fc.record({ type: fc.constant("hear" as const), which, count: fc.integer({ min: 1, max: 4 }) }),
);

/** Nodes that hear of each other in the order in which each speaks, and as late as the test will have it. */
class TestNodes {
  readonly time = new TestTime();
  readonly all: readonly OpenedPresence[];
  readonly #said: { node: number; name: string; held: HeldMember | undefined }[] = [];
  readonly #heard: number[];

  constructor(count: number) {
    this.#heard = Array.from({ length: count }, () => 0);
    this.all = Array.from({ length: count }, (_, node) =>
      openPresence({}, [], {
        time: this.time,
        tell: (_, name, held) => this.#said.push({ node, name, held }),
      }),
    );
  }

  /** Lets a node hear some of what was said. */
  hear(node: number, count: number = Number.POSITIVE_INFINITY): void {
    for (let left = count; left > 0 && (this.#heard[node] as number) < this.#said.length; left--) {
      const said = this.#said[this.#heard[node] as number];
      (this.#heard[node] as number)++;
      if (said === undefined || said.node === node) continue;
      this.presence(node).hear(`${said.node}`, CHANNEL, said.name, said.held, true);
    }
  }

  hearAll(): void {
    while (this.#heard.some((at) => at < this.#said.length))
      for (const node of this.#heard.keys()) this.hear(node);
  }

  presence(node: number): Presence {
    return (this.all[node % this.all.length] as OpenedPresence).presence;
  }

  lists(): readonly (readonly string[])[] {
    return this.all.map(({ presence }) => presence.list(CHANNEL).members);
  }
}

/** Plays steps on nodes; `at` says on which a connection is. */
function play(nodes: TestNodes, steps: readonly Step[], heardAfterEach: boolean): string[][][] {
  const connections: TestConnection[] = [];
  const count = nodes.all.length;
  for (let at = 0; at < CONNECTIONS; at++)
    connections.push((nodes.all[at % count] as OpenedPresence).connect());
  const lists: string[][][] = [];
  for (const each of steps) {
    const connection = connections["which" in each ? each.which : 0] as TestConnection;
    try {
      if (each.type === "join") connection.attendance.join(CHANNEL, each.who, each.state);
      else if (each.type === "update") connection.attendance.update(CHANNEL, each.state);
      else if (each.type === "leave") connection.attendance.end(true);
      else if (each.type === "cut") connection.attendance.end(false);
      else if (each.type === "put") nodes.presence(each.which).put(CHANNEL, each.who, each.state, each.ttlMs);
      else if (each.type === "remove") for (const { presence } of nodes.all) presence.end(CHANNEL, each.who);
      else if (each.type === "pass") nodes.time.pass(each.ms);
      else if (each.type === "hear" && !heardAfterEach) nodes.hear(each.which % count, each.count);
    } catch {
      // Joined under another name, or not at all: the same on one node.
    }
    if (heardAfterEach) nodes.hearAll();
    lists.push(nodes.lists().map((list) => [...list]));
  }
  return lists;
}

test("three nodes that hear of each other at once are as one: the same members, states and times after every step", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const apart = play(new TestNodes(NODES), steps, true);
      const one = play(new TestNodes(1), steps, true);
      expect(apart).toEqual(one.map(([list]) => Array.from({ length: NODES }, () => list)));
    }),
    { numRuns: 300 },
  );
});

test("however late nodes hear of each other, once they have, all show the same", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const nodes = new TestNodes(NODES);
      play(nodes, steps, false);
      nodes.hearAll();
      const [first, ...others] = nodes.lists();
      for (const list of others) expect(list).toEqual(first);
      // And nobody is left behind.
      nodes.time.pass(10_000);
      nodes.hearAll();
      const held = nodes.all.reduce((sum, { presence }) => sum + presence.members, 0);
      expect(nodes.lists().flat().length > 0).toBe(held > 0);
    }),
    { numRuns: 300 },
  );
});

test("members of a node that is gone leave, but for those that another one holds, with the state that was said last", () => {
  const nodes = new TestNodes(2);
  const [a, b] = nodes.all as [OpenedPresence, OpenedPresence];
  const listener = b.connect();
  listener.attendance.listen(CHANNEL);
  a.connect().attendance.join(CHANNEL, "ada", '"here"');
  a.connect().attendance.join(CHANNEL, "bob", '"first"');
  nodes.hearAll();
  b.connect().attendance.join(CHANNEL, "bob");
  nodes.time.pass(1_000);
  expect(listener.list).toEqual(
    new Map([
      ["ada", "here"],
      ["bob", "first"],
    ]),
  );
  for (const name of ["ada", "bob"]) b.presence.hear("0", CHANNEL, name, undefined, false);
  nodes.time.pass(1_000);
  expect(listener.list).toEqual(new Map([["bob", "first"]]));
  expect(b.presence.list(CHANNEL).members[0]).toContain('"since":"2026-01-05T09:00:00.000Z"');
});
