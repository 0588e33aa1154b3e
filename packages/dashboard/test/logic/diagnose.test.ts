import { describe, expect, test } from "vitest";
import { diagnose } from "../../src/logic/diagnose.ts";
import { moments, row, sample } from "./samples.ts";

const NOW = 60_000;
const slow = { p50: 100, p99: 400, max: 500 };

describe("us or the network", () => {
  test("a quiet server with readers that have everything is well", () => {
    expect(diagnose(moments(10), [], NOW)).toEqual({ side: "well", findings: [] });
  });

  test("without a sample nothing is known", () => {
    expect(diagnose([], [row()], NOW).side).toBe("unknown");
  });

  test.each([
    [
      "an event loop that is late",
      { eventLoopMs: slow },
      /event loop is 400 ms late: the machine gives the process too little time/,
    ],
    ["one by its own work", { eventLoopMs: slow, cpuPercent: 70 }, /its own work holds the process/],
    ["a core that is taken whole", { cpuPercent: 97 }, /97 % of a core/],
    ["a disk that is slow", { commitMs: slow }, /commit of the log takes 400 ms/],
    ["a delivery that is slow for no other reason", { deliveryMs: slow }, /400 ms from publish to delivery/],
    ["requests that it cannot do", { refused: { LOG_FULL: 1 } }, /refused with LOG_FULL/],
    [
      "a disk that is nearly full",
      { log: { ...sample().log, disk: { fileBytes: 1, freeBytes: 5_000_000 } } },
      /only 4.8 MiB left/,
    ],
    [
      "as many channels as there may be",
      { log: { ...sample().log, channels: 10 } },
      /as many channels as it may/,
    ],
  ])("%s is the server's", (_, changes, text) => {
    const { side, findings } = diagnose(moments(10, changes), [], NOW);
    expect(side).toBe("us");
    expect(findings.map((finding) => finding.text).join()).toMatch(text);
  });

  test("a reader that takes nothing is the network's, or the client's", () => {
    const { side, findings } = diagnose(
      moments(10),
      [row(), row({ stateSince: new Date(50_000).toISOString() })],
      NOW,
    );
    expect(side).toBe("network");
    expect(findings[0]?.text).toContain("2 connections take nothing of what is there for them, for 1 m 00 s");
  });

  test("a reader that catches up, or has just stopped, is nobody's fault", () => {
    const stopped = row({ stateSince: new Date(NOW - 500).toISOString() });
    expect(diagnose(moments(10), [row({ state: "reading" }), stopped], NOW).side).toBe("well");
  });

  test("one bad second is no incident", () => {
    const one = [...moments(9), { atMs: 9_000, sample: sample({ eventLoopMs: slow, commitMs: slow }) }];
    expect(diagnose(one, [], NOW).side).toBe("well");
  });

  test("the first seconds after a start are busy, and say nothing", () => {
    expect(diagnose(moments(4, { eventLoopMs: slow, cpuPercent: 99 }), [], NOW).side).toBe("well");
    expect(diagnose(moments(5, { eventLoopMs: slow, cpuPercent: 99 }), [], NOW).side).toBe("us");
  });

  test("it may be both", () => {
    expect(diagnose(moments(10, { cpuPercent: 99 }), [row()], NOW).side).toBe("both");
  });
});
