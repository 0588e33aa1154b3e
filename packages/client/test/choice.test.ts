import { describe, expect, test } from "vitest";
import { createChoice } from "../src/core/choice.ts";
import type { Transport } from "../src/core/transport.ts";
import { DEFAULT_TUNING } from "../src/core/tuning.ts";
import { TidingsError } from "../src/errors.ts";
import type { TransportName } from "../src/types.ts";

const transport = (name: TransportName, isDuplex = false): Transport => ({
  name,
  isDuplex,
  open: () => {
    throw new Error("nothing is opened here");
  },
});
const sse = transport("sse");
const ws = transport("ws", true);
const longPoll = transport("long-poll");
const poll = transport("poll");

const blocked = new TidingsError("TRANSPORT_BLOCKED", "no");
const silent = new TidingsError("SILENT", "nothing came");
const unreachable = new TidingsError("UNREACHABLE", "nobody there");

function start(tuning = {}, options = {}) {
  let nowMs = 1_000_000;
  const choice = createChoice(
    [sse, ws, longPoll, poll],
    options,
    { ...DEFAULT_TUNING, ...tuning },
    () => nowMs,
  );
  return { choice, pass: (ms: number) => (nowMs += ms) };
}

describe("which transport fits the need", () => {
  test("who only receives begins with SSE", () => {
    expect(start().choice.next()).toBe(sse);
  });

  test.each([{ binary: true }, { lowLatency: true }])("%o begins with a WebSocket", (options) => {
    expect(start({}, options).choice.next()).toBe(ws);
  });

  test("three sends in quick succession move up to a WebSocket", () => {
    const { choice, pass } = start();
    choice.sent();
    pass(900);
    choice.sent();
    expect(choice.better(sse)).toBeUndefined();
    pass(900);
    choice.sent();
    expect(choice.better(sse)).toBe(ws);
    expect(choice.isDuplexWanted).toBe(true);
  });

  test("quick succession counts where steady sending does not", () => {
    const { choice, pass } = start({ steadyMinutes: 0 });
    for (let n = 0; n < 3; n++) {
      choice.sent();
      pass(10);
    }
    expect(choice.better(sse)).toBe(ws);
  });

  test("two sends, and another one later, do not", () => {
    const { choice, pass } = start();
    choice.sent();
    choice.sent();
    pass(2_001);
    choice.sent();
    expect(choice.better(sse)).toBeUndefined();
  });

  test("more than one send a minute, for three minutes on end, moves up", () => {
    const { choice, pass } = start();
    for (let sends = 0; sends < 5; sends++) {
      choice.sent();
      pass(30_000);
    }
    expect(choice.isDuplexWanted).toBe(false);
    choice.sent();
    expect(choice.isDuplexWanted).toBe(true);
  });

  test("one send a minute does not, however long", () => {
    const { choice, pass } = start();
    for (let sends = 0; sends < 30; sends++) {
      choice.sent();
      pass(60_000);
    }
    expect(choice.isDuplexWanted).toBe(false);
  });

  test("thresholds of 0 never move up", () => {
    const { choice, pass } = start({ burstSends: 0, steadyMinutes: 0 });
    for (let sends = 0; sends < 50; sends++) {
      choice.sent();
      pass(1_000);
    }
    expect(choice.isDuplexWanted).toBe(false);
  });
});

describe("what the path forbids", () => {
  test("a transport that is held back or refused is followed by the next at once", () => {
    const { choice } = start();
    expect(choice.failed(sse, silent, false)).toBe(true);
    expect(choice.next()).toBe(ws);
    expect(choice.failed(ws, blocked, false)).toBe(true);
    expect(choice.next()).toBe(longPoll);
  });

  test("once another came through it is remembered, and tried again after a while", () => {
    const { choice, pass } = start({ pathMemoryMs: 10_000 });
    choice.failed(sse, silent, false);
    choice.failed(ws, blocked, false);
    choice.opened(longPoll);
    expect(choice.better(longPoll)).toBeUndefined();
    expect(choice.wakeAtMs(longPoll)).toBe(1_010_000);
    pass(10_000);
    expect(choice.better(longPoll)).toBe(sse);
  });

  test("each time it is found so again, it is left alone for twice as long, at most sixteen times", () => {
    const { choice, pass } = start({ pathMemoryMs: 1_000 });
    const times: number[] = [];
    for (let round = 0; round < 7; round++) {
      choice.failed(sse, silent, true);
      let waitedMs = 0;
      while (choice.better(ws) !== sse) {
        pass(1_000);
        waitedMs += 1_000;
      }
      times.push(waitedMs);
    }
    expect(times).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 16_000, 16_000]);
  });

  test("while nothing comes through, nothing is learnt: the server may be away", () => {
    const { choice } = start();
    for (const each of [sse, ws, longPoll]) expect(choice.failed(each, silent, false)).toBe(true);
    expect(choice.failed(poll, silent, false)).toBe(false);
    expect(choice.next()).toBe(sse);
  });

  test("a server that cannot be reached is tried twice over one transport before another one is", () => {
    const { choice } = start();
    expect(choice.failed(sse, unreachable, false)).toBe(false);
    expect(choice.next()).toBe(sse);
    expect(choice.failed(sse, unreachable, false)).toBe(false);
    expect(choice.next()).toBe(ws);
  });

  test("what failed with the whole server is tried again soon after another transport came through", () => {
    const { choice, pass } = start();
    choice.failed(sse, unreachable, false);
    choice.failed(sse, unreachable, false);
    choice.failed(ws, unreachable, false);
    choice.failed(ws, unreachable, false);
    choice.opened(longPoll);
    expect(choice.better(longPoll)).toBeUndefined();
    pass(1_000);
    expect(choice.better(longPoll)).toBe(sse);
  });

  test("an old failure is no evidence", () => {
    const { choice, pass } = start();
    choice.failed(sse, silent, false);
    pass(20_000);
    choice.opened(ws);
    pass(1_000);
    expect(choice.better(ws)).toBe(sse);
  });

  test("three cuts at one age are the path's doing, and a long poll is held for less than it", () => {
    const { choice } = start();
    for (const ageMs of [20_000, 20_900, 19_800]) choice.ended(sse, ageMs, false);
    expect(choice.next()).toBe(ws);
    expect(choice.waitMs).toBe(9_900);
  });

  test.each([
    ["cuts at different ages", [20_000, 3_000, 20_000], false],
    ["cuts at an age that nobody minds", [90_000, 90_000, 90_000], false],
    ["ends that the server announced", [5_000, 5_000, 5_000], true],
  ])("%s are not", (_name, ages, isByServer) => {
    const { choice } = start();
    for (const ageMs of ages) choice.ended(sse, ageMs, isByServer);
    expect(choice.next()).toBe(sse);
  });

  test("another network is another path", () => {
    const { choice } = start();
    choice.failed(sse, silent, true);
    choice.forget();
    expect(choice.better(ws)).toBe(sse);
  });

  test("with everything blocked there is still the last one", () => {
    const { choice } = start();
    for (const each of [sse, ws, longPoll, poll]) choice.failed(each, silent, true);
    expect(choice.next()).toBe(poll);
  });
});
