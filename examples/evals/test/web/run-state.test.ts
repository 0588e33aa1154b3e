import { describe, expect, test } from "vitest";
import type { Evaluation } from "../../shared/evaluation.ts";
import { applyStatus, happeningOf } from "../../web/src/logic/run-state.ts";

const QUEUED: Evaluation = {
  id: "text-game-a1b2c3d4",
  kind: "text-game",
  title: "Text game agent",
  state: "queued",
  priority: 0,
  parameters: { epsilon: 0.1 },
  limits: { timeoutMs: 1, maxMemoryBytes: 1, maxLogBytes: 1 },
  createdBy: "ada",
  createdAt: "2026-11-21T17:00:00.000Z",
  queue: { position: 1, of: 2 },
  alerts: { info: 0, warning: 0, critical: 0 },
  lines: 0,
  logBytes: 0,
  debug: true,
};
const T1 = "2026-11-21T17:01:00.000Z";
const T2 = "2026-11-21T17:02:00.000Z";

describe("a run, as its status channel tells it", () => {
  test("leaves the queue as it starts, and has a start and an end", () => {
    const starting = applyStatus(QUEUED, "status", { state: "starting", at: QUEUED.createdAt }, T1);
    expect(starting).not.toHaveProperty("startedAt"); // its process is not there yet
    const running = applyStatus(starting, "status", { state: "running", at: T1 }, T1);
    expect(running).toMatchObject({ state: "running", startedAt: T1 });
    expect(running).not.toHaveProperty("queue");
    const exit = { code: 1, signal: null };
    const failed = applyStatus(running, "status", { state: "failed", at: T2, reason: "it broke", exit }, T2);
    expect(failed).toMatchObject({ state: "failed", startedAt: T1, endedAt: T2, reason: "it broke", exit });
  });

  test("that was stopped in the queue never started", () => {
    const stopped = applyStatus(QUEUED, "status", { state: "stopped", at: T1 }, T1);
    expect(stopped).toMatchObject({ state: "stopped", endedAt: T1 });
    expect(stopped).not.toHaveProperty("startedAt");
  });

  test("takes over progress, parameters and priority, and nothing from events it does not know", () => {
    expect(applyStatus(QUEUED, "progress", { done: 1, total: 4, note: "x" }, T1).progress).toEqual({
      done: 1,
      total: 4,
      note: "x",
    });
    expect(applyStatus(QUEUED, "parameters", { parameters: { epsilon: 1 } }, T1).parameters).toEqual({
      epsilon: 1,
    });
    expect(applyStatus(QUEUED, "priority", { priority: 7 }, T1).priority).toBe(7);
    expect(applyStatus(QUEUED, "else", { priority: 7 }, T1)).toBe(QUEUED);
  });

  test("is told in words, but for its progress", () => {
    const changed = { name: "epsilon", from: 0.1, to: 0.5, by: "ada", change: "c1" };
    const said = (event: string, data: unknown): string | undefined => happeningOf(event, data, T1)?.text;
    expect(said("status", { state: "failed", at: T1, reason: "the tests failed" })).toBe(
      "failed: the tests failed",
    );
    expect(said("status", { state: "stopped", at: T1, reason: "stopped by ada" })).toBe("stopped by ada");
    expect(said("parameters", { parameters: {}, changed })).toBe("epsilon 0.1 → 0.5 by ada");
    expect(said("parameters", { parameters: {} })).toBeUndefined();
    expect(said("priority", { priority: 3, by: "grace" })).toBe("priority 3 by grace");
    expect(said("restored", { found: false })).toBe("the server began anew, and did not find it");
    expect(said("restored", { found: true })).toBe("the server began anew, and found it going");
    expect(said("progress", { done: 1, total: 2 })).toBeUndefined();
  });
});
