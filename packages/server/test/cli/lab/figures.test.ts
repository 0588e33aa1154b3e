import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Histogram, RecentHistogram } from "../../../src/cli/lab/load/histogram.ts";
import { Outages } from "../../../src/cli/lab/load/outages.ts";
import { payloadOf } from "../../../src/cli/lab/load/payload.ts";
import { Sequence } from "../../../src/cli/lab/load/sequence.ts";
import { readMetrics } from "../../../src/cli/lab/metrics.ts";

describe("a histogram", () => {
  test("tells each percentile within 2.2 % of the true one, and the maximum as it is", () => {
    const latency = fc.double({ min: 0.02, max: 100_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), (latencies) => {
        const histogram = new Histogram();
        for (const ms of latencies) histogram.add(ms);
        const sorted = latencies.toSorted((one, other) => one - other);
        const { count, p50Ms, p99Ms, maxMs, buckets } = histogram.report();
        const isNear = (told: number | null, share: number): boolean => {
          const real = sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
          return Math.abs((told ?? 0) - real) <= real * 0.022 + 0.001;
        };
        expect(count).toBe(latencies.length);
        expect(isNear(p50Ms, 0.5) && isNear(p99Ms, 0.99)).toBe(true);
        expect(maxMs).toBeCloseTo(sorted.at(-1) ?? 0, 2);
        expect(buckets.reduce((sum, [, each]) => sum + each, 0)).toBe(count);
      }),
    );
  });

  test("of nothing has no percentiles; what is shorter or longer than it can tell is in its first or last bucket", () => {
    expect(new Histogram().report()).toMatchObject({ count: 0, p50Ms: null, maxMs: null, buckets: [] });
    const histogram = new Histogram();
    for (const ms of [-1, 0, 1e9]) histogram.add(ms);
    expect(histogram.report().buckets).toEqual([
      [0.01, 2],
      [671_100, 1],
    ]);
  });

  test("of the recent past forgets what was added ten reports ago", () => {
    const recent = new RecentHistogram();
    recent.add(5);
    for (let report = 1; report <= 10; report++) expect(recent.report().count).toBe(1);
    expect(recent.report().count).toBe(0);
  });
});

describe("a sequence", () => {
  const after = (...numbers: readonly number[]): Sequence => {
    const sequence = new Sequence();
    for (const n of numbers) sequence.take(n);
    return sequence;
  };

  test("without a hole has lost nothing", () => {
    expect(after(1, 2, 3)).toMatchObject({ last: 3, lost: 0, repeated: 0 });
  });

  test("counts what was passed over as lost until it comes, and what came before as repeated", () => {
    expect(after(1, 5)).toMatchObject({ last: 5, lost: 3 });
    expect(after(1, 5, 3)).toMatchObject({ last: 5, lost: 2, repeated: 0 });
    expect(after(1, 5, 3, 3, 1)).toMatchObject({ lost: 2, repeated: 2 });
    expect(after(1, 5, 2, 3, 4)).toMatchObject({ lost: 0, repeated: 0 });
  });

  test("counts what it was told of apart", () => {
    const sequence = after(1);
    sequence.gap();
    sequence.take(4);
    sequence.take(6);
    expect(sequence).toMatchObject({ gapMessages: 2, lost: 1 });
  });
});

describe("outages", () => {
  const [one, other] = [{}, {}];

  test("tell how long after a fault, and after its end, each reader had what was published since", () => {
    const outages = new Outages();
    outages.begin("cut", 1_000, [one, other]);
    outages.got(one, 999, 1_500); // on its way when the fault came
    outages.got(one, 1_100, 1_600);
    expect(outages.report()[0]).toMatchObject({
      offAtMs: null,
      fromOn: { back: 1, p50Ms: 600, maxMs: null },
      fromOff: null,
    });
    outages.end("cut", 2_000, [one, other]);
    outages.got(other, 1_900, 2_100); // caught up with; not yet there
    outages.got(one, 2_050, 2_150);
    outages.got(other, 2_060, 2_300);
    expect(outages.report()).toEqual([
      {
        kind: "cut",
        onAtMs: 1_000,
        offAtMs: 2_000,
        fromOn: { back: 2, p50Ms: 600, maxMs: 1_100 },
        fromOff: { back: 2, p50Ms: 150, maxMs: 300 },
      },
    ]);
  });

  test("are kept up to 20", () => {
    const outages = new Outages();
    for (let at = 0; at < 21; at++) outages.begin("buffer", at, [one]);
    expect(outages.report().map(({ onAtMs }) => onAtMs)).toEqual(
      Array.from({ length: 20 }, (_, at) => at + 1),
    );
  });
});

test("a payload has the size that was asked for, in bytes of its JSON", () => {
  for (const size of [64, 1_000, 65_536])
    for (const n of [1, 600_000]) expect(JSON.stringify(payloadOf(n, size))).toHaveLength(size);
});

test("of a server's metrics those are read that tell what it holds", () => {
  const text =
    "process_cpu_seconds_total 1.5\nprocess_resident_memory_bytes 1024\ntidings_sockets 7\n" +
    'tidings_connections{transport="sse"} 3\ntidings_connections{transport="long-poll"} 4\n';
  expect(readMetrics(text)).toEqual({
    cpuSeconds: 1.5,
    rssBytes: 1024,
    sockets: 7,
    connections: { sse: 3, "long-poll": 4 },
  });
});
