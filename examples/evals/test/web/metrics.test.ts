import { describe, expect, test } from "vitest";
import { downsample } from "../../web/src/logic/downsample.ts";
import { MetricStore } from "../../web/src/logic/metric-store.ts";

describe("points of metrics", () => {
  test("are held by name in the order of their steps; the newest of a step holds", () => {
    const store = new MetricStore();
    for (const [step, value] of [
      [1, 10],
      [3, 30],
      [2, 20],
      [3, 33],
    ] as const)
      store.add({ name: "loss", step, value });
    store.add({ name: "accuracy", step: 1, value: 0.5 });
    expect(store.names).toEqual(["loss", "accuracy"]);
    expect(store.points("loss")).toEqual({ steps: [1, 2, 3], values: [10, 20, 33] });
    expect(store.points("unknown")).toEqual({ steps: [], values: [] });
  });

  test("are bounded: the oldest points go, and metrics above the bound are left out", () => {
    const store = new MetricStore({ maxMetrics: 1, maxPoints: 2 });
    for (const step of [1, 2, 3]) store.add({ name: "loss", step, value: step });
    store.add({ name: "other", step: 1, value: 1 });
    expect(store.names).toEqual(["loss"]);
    expect(store.points("loss").steps).toEqual([2, 3]);
  });

  test("are drawn as they are up to the bound", () => {
    const points = { steps: [1, 2, 3], values: [1, 2, 3] };
    expect(downsample(points, 3)).toBe(points);
  });

  test("above it keep their ends and each spike, in their order", () => {
    const steps = Array.from({ length: 100_000 }, (_, at) => at);
    const values = steps.map((step) => (step === 54_321 ? 99 : step === 77_777 ? -99 : Math.sin(step / 900)));
    const drawn = downsample({ steps, values }, 1_000);
    expect(drawn.steps.length).toBeLessThanOrEqual(1_000);
    expect(drawn.steps.length).toBeGreaterThan(900);
    expect(drawn.values[drawn.steps.indexOf(54_321)]).toBe(99);
    expect(drawn.values[drawn.steps.indexOf(77_777)]).toBe(-99);
    expect([drawn.steps[0], drawn.steps.at(-1)]).toEqual([0, 99_999]);
    expect(drawn.steps).toEqual(drawn.steps.toSorted((a, b) => a - b));
  });
});
