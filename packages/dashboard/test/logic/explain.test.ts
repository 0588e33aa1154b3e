import { describe, expect, test } from "vitest";
import { explainConnection, explainEvent } from "../../src/logic/explain.ts";
import { cursorBefore } from "../../src/logic/cursors.ts";
import { fillOf } from "../../src/logic/log-fill.ts";
import { gapLine, lineOf } from "../../src/logic/message-text.ts";
import { moments, row, sample } from "./samples.ts";

const event = { cursor: "e.1", time: "2026-01-05T12:00:00.000Z" };

describe("in words", () => {
  test("why a reader is behind, and whose fault that is", () => {
    expect(explainConnection(row(), 12_000)).toBe(
      "It is 12 messages behind: for 12 s it has taken nothing of the 64 KiB that wait in its socket. Its network or its client is slow; the server is not.",
    );
    expect(explainConnection(row({ state: "reading" }), 12_000)).toMatch(
      /reads on from the log, for 12 s now/,
    );
    expect(explainConnection(row({ state: "live" }), 0)).toBe("It has everything there is.");
  });

  test("why something was refused is what the one who was refused was told, and what an operator can do is beside it", () => {
    const told = explainEvent({ ...event, kind: "refused", code: "FORBIDDEN", message: "no grant for x." });
    expect(told).toMatchObject({ kind: "Refused", code: "FORBIDDEN", why: "no grant for x.", tone: "bad" });
    expect(told.todo).toMatch(/a grant/);
  });

  test("each end has its reason; one by the server's doing has what it said", () => {
    expect(explainEvent({ ...event, kind: "disconnected", reason: "silent" }).why).toMatch(
      /did not answer a ping/,
    );
    expect(
      explainEvent({ ...event, kind: "disconnected", reason: "operator", message: "a test" }).why,
    ).toMatch(/a test$/);
    expect(
      explainEvent({ ...event, kind: "disconnected", reason: "UNAUTHENTICATED", message: "it has expired." })
        .why,
    ).toBe("it has expired.");
  });

  test("gaps, sums and starts are told too", () => {
    expect(explainEvent({ ...event, kind: "gap", reason: "expired", missed: 3 }).why).toMatch(/^3 messages/);
    expect(explainEvent({ ...event, kind: "more", counts: { "refused RATE_LIMITED": 900 } }).why).toMatch(
      /RATE_LIMITED 900/,
    );
    expect(explainEvent({ ...event, kind: "started", version: "1.0.0" }).why).toMatch(/version 1.0.0/);
    for (const [state, why] of [
      ["joined", /^b is on this log too/],
      ["left", /^b was told to go down/],
      ["lost", /^b is not heard of any more/],
    ] as const)
      expect(explainEvent({ ...event, kind: "node", name: "b", state })).toMatchObject({
        kind: "Node",
        why: expect.stringMatching(why) as string,
      });
  });
});

describe("how full the log is", () => {
  test("it is what is used, of what its file and its disk have for it", () => {
    expect(fillOf(moments(2))).toMatchObject({
      usedBytes: 1_000_000,
      roomBytes: 8_002_000_000,
      growth: undefined,
    });
  });

  test("after a minute it is known when it will be full", () => {
    const grown = { ...sample().log, usedBytes: 2_000_000 };
    const fill = fillOf([...moments(60), { atMs: 60_000, sample: sample({ log: grown }) }]);
    expect(fill?.growth).toBeCloseTo(1_000_000);
    expect(fill?.fullInMs).toBeCloseTo(8_000 * 60_000);
  });

  test("one in memory has none", () => {
    expect(fillOf(moments(2, { log: { ...sample().log, usedBytes: null, disk: null } }))).toBeUndefined();
  });
});

describe("a message in a line", () => {
  const time = "2026-01-05T12:00:00.000Z";

  test("JSON is one line, bytes are hexadecimal, and what is long is cut", () => {
    expect(lineOf({ time, data: { a: "b\nc" } }, "1").text).toBe('{"a":"b\\nc"}');
    expect(lineOf({ time, data: Uint8Array.of(0, 255) }, "1").text).toBe("2 B of bytes: 00 ff");
    expect(lineOf({ time, data: "x".repeat(1_000) }, "1").text).toHaveLength(401);
    expect(lineOf({ time, deleted: true }, "1").text).toBe("deleted");
  });

  test("a gap says how much is missing, and why", () => {
    expect(gapLine({ reason: "expired", missed: 7 }, time, "g").text).toBe(
      "7 messages missing here: retention has dropped them",
    );
    expect(gapLine({ reason: "epoch", missed: null }, time, "g").text).toMatch(/unknown number/);
  });

  test("a page before another one begins so many offsets earlier, and at the beginning at most", () => {
    expect([cursorBefore("e.500", 100), cursorBefore("e.50~7", 100), cursorBefore("none", 1)]).toEqual([
      "e.399",
      "e.0",
      undefined,
    ]);
  });
});
