import fc from "fast-check";
import { expect, test } from "vitest";
import { eventFilter } from "../src/index.ts";
import { findLast } from "../src/start.ts";
import { number, openHub } from "./support/fixtures.ts";
import { LogDouble } from "./support/log-double.ts";

test("the newest N of a filter begin where counting back from the head says, whatever the pages and what is held", async () => {
  const events = fc.array(fc.constantFrom("x", "y"), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(
      events,
      fc.nat(12),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      async (all, count, page, held) => {
        const { log } = openHub({ retention: { maxMessages: held } });
        for (const [at, event] of all.entries()) await log.append("c", [number(at, event)]);
        const limits = { maxMessages: page, maxBytes: 1_000_000 };
        const from = await findLast(log, "c", count, eventFilter(["x"]), limits);

        const earliest = Math.max(0, all.length - held);
        const matching = all.flatMap((event, at) => (event === "x" && at >= earliest ? [at + 1] : []));
        const wanted = count === 0 ? [] : matching.slice(-count);
        expect(matching.filter((offset) => offset > from)).toEqual(wanted);
        expect(from).toBeGreaterThanOrEqual(earliest);
      },
    ),
    { numRuns: 300 },
  );
});

test("without a filter the log is asked, and not read", async () => {
  const { log, publish } = openHub();
  const double = new LogDouble(log);
  await publish("c", 1, 2, 3);
  expect(await findLast(double, "c", 2, undefined, { maxMessages: 1, maxBytes: 1 })).toBe(1);
  expect(double.calls).toEqual(["offsetBeforeLast"]);
});

test("a filter that nearly everything passes reads little more than was asked for", async () => {
  const { log } = openHub();
  const double = new LogDouble(log);
  await log.append(
    "c",
    Array.from({ length: 1_000 }, (_, at) => number(at, "x")),
  );
  await findLast(double, "c", 10, eventFilter(["x"]), { maxMessages: 100, maxBytes: 1_000_000 });
  expect(double.calls).toEqual(["offsetBeforeLast", "read"]);
});
