import { LAB_BOUNDS } from "../../../server/src/cli/lab/bounds.ts";
import { Histogram } from "../../../server/src/cli/lab/load/histogram.ts";
import { Sequence } from "../../../server/src/cli/lab/load/sequence.ts";
import type { Outage } from "../../../server/src/cli/lab/shapes.ts";
import { describe, expect, test } from "vitest";
import { outcomeOf } from "../../src/lab/logic/outcome.ts";
import { barsOf, scaleFor, WIDTH } from "../../src/lab/logic/scale.ts";
import { settingFrom } from "../../src/lab/logic/setting.ts";
import { faultSpans, spansOf } from "../../src/lab/logic/timeline.ts";

function latencyOf(...ms: readonly number[]): ReturnType<Histogram["report"]> {
  const histogram = new Histogram();
  for (const each of ms) histogram.add(each);
  return histogram.report();
}

describe("the plot of latencies", () => {
  test("each power of ten is as wide as the next, and what is beyond the ends is at them", () => {
    const { xOf, ticksMs } = scaleFor([latencyOf(5)]);
    expect(ticksMs).toEqual([0.1, 1, 10, 100, 1_000, 10_000]);
    expect(ticksMs.map((ms) => Math.round(xOf(ms)))).toEqual([0, 200, 400, 600, 800, WIDTH]);
    expect([xOf(0), xOf(0.01), xOf(99_999)]).toEqual([0, 0, WIDTH]);
  });

  test("an outage longer than the axis makes it longer, for all rows alike", () => {
    expect(scaleFor([latencyOf(1), latencyOf(15_000)]).ticksMs.at(-1)).toBe(100_000);
  });

  test("a bar holds the latency that it stands for, and the highest is full", () => {
    const latency = latencyOf(10, 10, 10, 1_000);
    const scale = scaleFor([latency]);
    const bars = barsOf(latency, scale);
    expect(bars.map(({ share }) => share)).toEqual([1, 1 / 3]);
    for (const [at, ms] of [10, 1_000].entries()) {
      const { x, width } = bars[at] ?? { x: 0, width: 0 };
      expect(x).toBeLessThanOrEqual(scale.xOf(ms) + 0.01);
      expect(x + width).toBeGreaterThanOrEqual(scale.xOf(ms) - 0.01);
    }
  });

  test("without a message there is no bar", () => {
    expect(barsOf(latencyOf(), scaleFor([latencyOf()]))).toEqual([]);
  });
});

describe("what a fault did", () => {
  const nothing = { back: 0, p50Ms: null, maxMs: null };
  const thrown: Outage = { kind: "cut", onAtMs: 1_000, offAtMs: null, fromOn: nothing, fromOff: null };
  test.each<[string, Partial<Outage>]>([
    ["nothing comes", {}],
    ["1 of 2 get on", { fromOn: { back: 1, p50Ms: 20, maxMs: null } }],
    ["went on in 40 ms", { fromOn: { back: 2, p50Ms: 20, maxMs: 40 } }],
    ["coming back, 1 of 2", { offAtMs: 3_000, fromOff: { back: 1, p50Ms: 20, maxMs: null } }],
    // It had something new 2.1 seconds after it was thrown, which was after it was lifted.
    [
      "back in 100 ms",
      {
        offAtMs: 3_000,
        fromOn: { back: 2, p50Ms: 2_050, maxMs: 2_100 },
        fromOff: { back: 2, p50Ms: 50, maxMs: 100 },
      },
    ],
  ])("%s", (text, outage) => {
    expect(outcomeOf({ ...thrown, ...outage }, 2).text).toBe(text);
  });
});

test("who had nothing new when the run ended is not said to be coming", () => {
  const nothing = { back: 0, p50Ms: null, maxMs: null };
  const lifted: Outage = { kind: "cut", onAtMs: 1_000, offAtMs: 3_000, fromOn: nothing, fromOff: nothing };
  expect(outcomeOf(lifted, 2, true).text).toBe("not back when it ended");
});

describe("the timeline", () => {
  test("is where a reader was live, on what, and else away; all that is not live is one", () => {
    const history = [
      { atMs: 0, state: "connecting", transport: "ws" },
      { atMs: 10, state: "live", transport: "ws" },
      { atMs: 50, state: "waiting", transport: "ws", code: "CONNECTION_LOST" },
      { atMs: 60, state: "connecting", transport: "sse" },
      { atMs: 70, state: "live", transport: "sse" },
    ] as const;
    expect(spansOf(history, 100)).toEqual([
      { fromMs: 0, toMs: 10, as: "away" },
      { fromMs: 10, toMs: 50, as: "ws" },
      { fromMs: 50, toMs: 70, as: "away", code: "CONNECTION_LOST" },
      { fromMs: 70, toMs: 100, as: "sse" },
    ]);
  });

  test("shows a fault once, whichever transports it befell", () => {
    const nothing = { back: 0, p50Ms: null, maxMs: null };
    const outage = (onAtMs: number, offAtMs: number | null): Outage => ({
      ...{ kind: "cut", onAtMs, offAtMs, fromOn: nothing, fromOff: null },
    });
    expect(faultSpans([outage(10, 20), outage(11, 21), outage(50, null)], "cut", 60)).toEqual([
      { fromMs: 10, toMs: 21, as: "cut" },
      { fromMs: 50, toMs: 60, as: "cut" },
    ]);
  });
});

describe("what is needed, as the lab's setting", () => {
  test("is taken as it is where it fits", () => {
    expect(settingFrom({ receivedPerSecond: 20, messageBytes: 500 }, 5, 6, LAB_BOUNDS)).toEqual({
      setting: { rate: 20, size: 500, readers: 5 },
      notes: [],
    });
  });

  test.each([
    [{ receivedPerSecond: 5_000, messageBytes: 100 }, { rate: 1_000, size: 100, readers: 3 }, 2],
    [{ receivedPerSecond: 0.01, messageBytes: 10 }, { rate: 0.1, size: 64, readers: 5 }, 2],
    [{ receivedPerSecond: 200, messageBytes: 1_000_000 }, { rate: 64, size: 65_536, readers: 2 }, 3],
  ])("%j is brought within the bounds, and said to be", (needs, setting, said) => {
    const fit = settingFrom(needs, 5, 6, LAB_BOUNDS);
    expect(fit.setting).toEqual(setting);
    expect(fit.notes).toHaveLength(said);
  });
});

test("a reader that joins in the middle has lost nothing that was before it", () => {
  const sequence = new Sequence(false);
  for (const n of [41, 42, 44]) sequence.take(n);
  expect([sequence.lost, sequence.repeated, sequence.last]).toEqual([1, 0, 44]);
});
