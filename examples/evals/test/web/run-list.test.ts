import { describe, expect, test } from "vitest";
import type { Summary } from "../../shared/channels.ts";
import {
  ALL_RUNS,
  compare,
  countGroups,
  countKinds,
  matches,
  throughput,
} from "../../web/src/logic/run-list.ts";

const NOW = Date.parse("2026-11-21T17:30:00.000Z");
const at = (minutesAgo: number): string => new Date(NOW - minutesAgo * 60_000).toISOString();

function run(id: string, state: Summary["state"], more: Partial<Summary> = {}): Summary {
  return {
    id,
    kind: "text-game",
    title: "Text game agent",
    state,
    priority: 0,
    parameters: {},
    limits: { timeoutMs: 1, maxMemoryBytes: 1, maxLogBytes: 1 },
    createdBy: "ada",
    createdAt: at(60),
    alerts: { info: 0, warning: 0, critical: 0 },
    lines: 0,
    logBytes: 0,
    debug: true,
    ...more,
  };
}

const runs: readonly Summary[] = [
  run("old", "succeeded", { createdAt: at(300), startedAt: at(290), endedAt: at(200) }),
  run("new", "failed", { createdAt: at(50), startedAt: at(40), endedAt: at(20), kind: "benchmark" }),
  run("second", "queued", { queue: { position: 2, of: 2 }, createdAt: at(1) }),
  run("first", "queued", { queue: { position: 1, of: 2 }, createdAt: at(10) }),
  run("going", "running", { progress: { done: 5, total: 10, note: "in the cellar" }, startedAt: at(5) }),
  run("held", "paused", { createdBy: "grace", alerts: { info: 9, warning: 0, critical: 0 } }),
];
const sorted = (by: Parameters<typeof compare>[0]): string[] =>
  runs.toSorted(compare(by, NOW)).map(({ id }) => id);

describe("the list of runs", () => {
  test("is filtered by words in any field, by state and by kind", () => {
    const found = (filter: Partial<typeof ALL_RUNS>): string[] =>
      runs.filter((one) => matches(one, { ...ALL_RUNS, ...filter })).map(({ id }) => id);
    expect(found({})).toHaveLength(6);
    expect(found({ text: "CELLAR  game" })).toEqual(["going"]);
    expect(found({ text: "cellar benchmark" })).toEqual([]);
    expect(found({ text: "grace" })).toEqual(["held"]);
    expect(found({ group: "active" })).toEqual(["going", "held"]);
    expect(found({ group: "failed", kind: "text-game" })).toEqual([]);
    expect(found({ kind: "benchmark" })).toEqual(["new"]);
  });

  test("is sorted by what needs eyes, by age, by progress, by time and by alerts", () => {
    expect(sorted("state")).toEqual(["held", "going", "first", "second", "new", "old"]);
    expect(sorted("newest")).toEqual(["second", "first", "new", "held", "going", "old"]);
    expect(sorted("progress")[0]).toBe("going");
    expect(sorted("longest")[0]).toBe("old");
    expect(sorted("alerts")[0]).toBe("held");
  });

  test("is counted by groups of states, and by kinds with the median of what ended", () => {
    expect(countGroups(runs)).toEqual({ all: 6, active: 2, queued: 2, succeeded: 1, failed: 1, stopped: 0 });
    expect(countKinds(runs)).toMatchObject([
      { kind: "benchmark", failed: 1, medianMs: 20 * 60_000 },
      { kind: "text-game", active: 2, queued: 2, succeeded: 1, medianMs: 90 * 60_000 },
    ]);
  });

  test("takes one that was stopped for neither failed nor succeeded", () => {
    const stopped = run("by-hand", "stopped", { endedAt: at(10) });
    expect(countGroups([stopped])).toEqual({
      all: 1,
      active: 0,
      queued: 0,
      succeeded: 0,
      failed: 0,
      stopped: 1,
    });
    expect(throughput([stopped], NOW).at(-1)).toMatchObject({ succeeded: 0, failed: 0, stopped: 1 });
  });

  test("tells what ended in each hour; what is older is in none", () => {
    const hours = throughput([...runs, run("ancient", "failed", { endedAt: at(60 * 30) })], NOW);
    expect(hours).toHaveLength(24);
    expect(hours.at(-1)).toEqual({
      from: Date.parse("2026-11-21T17:00:00.000Z"),
      succeeded: 0,
      failed: 1,
      stopped: 0,
    });
    expect(hours.at(-4)).toMatchObject({ succeeded: 1, failed: 0 });
    expect(hours.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0)).toBe(2);
  });
});
