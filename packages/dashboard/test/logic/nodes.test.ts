import { describe, expect, test } from "vitest";
import type { EventRow, NodeRow } from "../../src/live/shapes.ts";
import { inOrder, listNodes, type NodeEntry, withSamples } from "../../src/logic/nodes.ts";
import { sample } from "./samples.ts";

const NOW = Date.parse("2026-01-05T12:00:00.000Z");
const HOUR_MS = 3_600_000;

function row(name: string, changes: Partial<NodeRow> = {}): NodeRow {
  const since = new Date(NOW - 60_000).toISOString();
  return { node: `${name}1`, name, version: "1.0.0", since, self: false, sample: sample(), ...changes };
}

/** An end, or a start, that was told so long ago. */
function told(node: string, name: string, state: string, agoMs = 0): EventRow {
  const time = new Date(NOW - agoMs).toISOString();
  return { cursor: `e.${agoMs}`, time, kind: "node", other: node, name, state, version: "1.0.0" };
}

function list(changes: Partial<Parameters<typeof listNodes>[0]>): readonly NodeEntry[] {
  const nothing = { nodes: [], missing: [], events: [], samples: new Map(), here: undefined, nowMs: NOW };
  return listNodes({ ...nothing, ...changes });
}

const states = (entries: readonly NodeEntry[]): readonly string[] =>
  entries.map(({ name, state }) => `${name} ${state}`);

describe("the nodes of a log", () => {
  test("those that are there, those that give no answer, and those that are gone", () => {
    const nodes = [row("a"), row("b", { sample: null }), row("c", { sample: null })];
    const missing = ["b", "d"].map((name) => ({ node: `${name}1`, name, why: "gave no answer" }));
    const events = [told("e1", "e", "left"), told("f1", "f", "lost"), told("g1", "g", "joined")];
    expect(states(list({ nodes, missing, events }))).toEqual([
      "a well",
      "b silent",
      "c starting",
      "d silent",
      "e left",
      "f lost",
    ]);
  });

  test("one that is gone is shown for an hour, until it is back by its name, and once, however many tell of it", () => {
    const twice = [told("b1", "b", "lost"), told("b1", "b", "lost", 10)];
    expect(states(list({ nodes: [row("a")], events: twice }))).toEqual(["a well", "b lost"]);
    expect(states(list({ events: [told("b1", "b", "lost", HOUR_MS - 1)] }))).toEqual(["b lost"]);
    expect(states(list({ events: [told("b1", "b", "lost", HOUR_MS)] }))).toEqual([]);
    const [back, ...others] = list({ nodes: [row("b", { node: "b2" })], events: twice });
    expect([back?.state, back?.end?.state, others]).toEqual(["well", "lost", []]);
  });

  test("one that was lost for a while and is heard of again has not ended", () => {
    const [entry] = list({ nodes: [row("b")], events: [told("b1", "b", "lost")] });
    expect([entry?.state, entry?.end]).toEqual(["well", undefined]);
    const events = [told("b1", "b", "joined"), told("b1", "b", "lost", 10)];
    expect(list({ events })).toEqual([]);
  });

  test("the page's own is the one that its connection is to, and until that is known the one that answers", () => {
    const nodes = [row("a", { self: true }), row("b")];
    const here = (entries: readonly NodeEntry[]): unknown =>
      entries.filter(({ isHere }) => isHere).map(({ name }) => name);
    expect(here(list({ nodes }))).toEqual(["a"]);
    expect(here(list({ nodes, here: "b1" }))).toEqual(["b"]);
  });

  test("one is in trouble by what it says of itself, five times and more; a sample that is told twice counts once", () => {
    let samples = withSamples(new Map(), []);
    const after = (uptimeSeconds: number): string => {
      const nodes = [row("a", { sample: sample({ uptimeSeconds, cpuPercent: 97 }) })];
      samples = withSamples(samples, nodes);
      return states(list({ nodes, samples })).join();
    };
    expect([1, 1, 2, 3, 4].map(after).at(-1)).toBe("a well");
    expect(after(5)).toBe("a trouble");
    expect(list({ nodes: [row("a")], samples })[0]?.findings[0]?.text).toMatch(/97 % of a core/);
    expect(withSamples(samples, [row("b")]).has("a1")).toBe(false);
  });

  test("what asks for somebody is first, and by a number the greatest, with what is not known last", () => {
    const busy = sample({ cpuPercent: 60 });
    const nodes = [row("a"), row("b", { sample: null }), row("c", { sample: busy })];
    const entries = list({ nodes, events: [told("d1", "d", "left"), told("e1", "e", "lost")] });
    const names = (order: Parameters<typeof inOrder>[1]): string =>
      inOrder(entries, order)
        .map(({ name }) => name)
        .join("");
    expect(names("state")).toBe("ebacd");
    expect(names("cpu")).toBe("cabde");
    expect(names("name")).toBe("abcde");
  });
});
