import { pino } from "pino";
import { createTidings } from "tidings";
import { describe, expect, test } from "vitest";
import { readRange } from "../../server/http/ranges.ts";
import { faultOfPattern, Rules } from "../../server/rules.ts";
import { Alerts } from "../../server/run/alerts.ts";
import { Budget, LIVE_LIMITS } from "../../server/run/budget.ts";
import { readMarks } from "../../server/run/marks.ts";
import { Teller } from "../../server/run/teller.ts";
import { channelOf } from "../../shared/channels.ts";
import { LIMITS } from "../../shared/limits.ts";
import { checkParameters } from "../../shared/parameters.ts";

describe("what of a log is sent live", () => {
  const { maxLinesPerSecond, maxBytesPerSecond, burstSeconds } = LIVE_LIMITS;

  test("is its burst, and then what a second brings, once half of the burst is there again", () => {
    const budget = new Budget(0);
    const burst = maxLinesPerSecond * burstSeconds;
    expect(budget.take(burst, 1, 0)).toBe(true);
    expect(budget.take(1, 1, 0)).toBe(false);
    expect(budget.take(1, 1, (burstSeconds * 1_000) / 2 - 1)).toBe(false);
    expect(budget.take(maxLinesPerSecond, 1, (burstSeconds * 1_000) / 2)).toBe(true);
    expect(budget.take(1, 1, (burstSeconds * 1_000) / 2)).toBe(false);
  });

  test("is bounded by bytes too, and does not save up more than its burst", () => {
    const budget = new Budget(0);
    expect(budget.take(1, maxBytesPerSecond * burstSeconds, 3_600_000)).toBe(true);
    expect(budget.take(1, 1, 3_600_000)).toBe(false);
  });
});

describe("rules", () => {
  const rule = (pattern: string) => ({ name: "r", severity: "info", pattern, title: "R" }) as const;

  test("look at the first 2,000 characters of a line", () => {
    const rules = new Rules([rule("needle"), rule("^x")]);
    const line = (before: number): string => `${"x".repeat(before)}needle`;
    expect(rules.match(line(LIMITS.maxRuleLineChars - 6)).map(({ index }) => index)).toEqual([0, 1]);
    expect(rules.match(line(LIMITS.maxRuleLineChars - 5)).map(({ index }) => index)).toEqual([1]);
  });

  test("whose pattern would take time without end on some line do not: it is handed to the linear engine", () => {
    // By itself 2^2000 steps: this test would not end.
    const rules = new Rules([rule("^(a+)+$")]);
    expect(rules.match(`${"a".repeat(1_999)}b`)).toEqual([]);
    expect(rules.match("a".repeat(2_000))).toHaveLength(1);
  });

  test("that cannot be searched in linear time are refused", () => {
    expect(faultOfPattern("^(a+)+$")).toBeUndefined();
    for (const pattern of ["(?=a)b", "(a)\\1", "("])
      expect(faultOfPattern(pattern)).toEqual(expect.any(String));
  });
});

test("a run has 1,000 alerts; the next one says so, and those after it are not told", async () => {
  const tidings = await createTidings({ log: "memory" });
  const teller = new Teller(tidings, pino({ level: "silent" }), new AbortController().signal);
  const marks = await readMarks(teller, "echo-1");
  const alerts = new Alerts("echo-1", teller, marks, new Map(), () => undefined);
  const found = { severity: "info", rule: "r", title: "R", text: "x".repeat(501), at: "now" } as const;
  for (let logMark = 1; logMark <= LIMITS.maxAlerts + 5; logMark++) await alerts.add(found, { logMark });
  expect(alerts.counts).toEqual({ info: LIMITS.maxAlerts, warning: 1, critical: 0 });
  const { messages } = await tidings.read(channelOf("echo-1", "alert"), { last: 2 });
  expect(messages.map(({ data }) => (data as { rule: string }).rule)).toEqual(["r", "too-many-alerts"]);
  expect((messages[0]?.data as { text: string } | undefined)?.text).toHaveLength(LIMITS.maxAlertChars);
  await tidings.close();
});

test("a range is what RFC 9110 §14.1.2 says it is", () => {
  expect(readRange("bytes=0-0", 10)).toEqual({ first: 0, last: 0 });
  expect(readRange("bytes=5-", 10)).toEqual({ first: 5, last: 9 });
  expect(readRange("bytes=-3", 10)).toEqual({ first: 7, last: 9 });
  expect(readRange("bytes=-30", 10)).toEqual({ first: 0, last: 9 });
  expect(readRange("bytes=9-99", 10)).toEqual({ first: 9, last: 9 });
  for (const outside of ["bytes=10-", "bytes=-0"]) expect(readRange(outside, 10)).toBe("outside");
  for (const whole of [undefined, "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "lines=1-2"])
    expect(readRange(whole, 10)).toBeUndefined();
});

test("a parameter is what its manifest allows, at the edges too", () => {
  const definitions = {
    n: { type: "integer", default: 5, min: 1, max: 9, live: false },
    c: { type: "choice", default: "a", choices: ["a", "b"], live: true },
    s: { type: "string", default: "", live: false },
  } as const;
  type Definitions = Parameters<typeof checkParameters>[0];
  const errors = (given: object): number =>
    checkParameters(definitions as unknown as Definitions, { ...given }).errors.length;
  expect([1, 9].map((n) => errors({ n }))).toEqual([0, 0]);
  expect([0, 10, 1.5, "5", NaN].map((n) => errors({ n }))).toEqual([1, 1, 1, 1, 1]);
  expect([errors({ c: "b" }), errors({ c: "c" })]).toEqual([0, 1]);
  const longest = "x".repeat(LIMITS.maxParameterChars);
  expect([errors({ s: longest }), errors({ s: `${longest}x` })]).toEqual([0, 1]);
  const change = checkParameters(definitions as unknown as Definitions, { c: "b" }, { isChange: true });
  expect(change).toEqual({ values: { c: "b" }, errors: [] });
});
