import { describe, expect, test } from "vitest";
import { createChoice, type Path } from "../src/core/choice.ts";
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
  const all = { ...DEFAULT_TUNING, ...tuning };
  const made = createChoice([sse, ws, longPoll, poll], options, all, () => nowMs);
  const paths = new Map<Transport, Path>();
  for (const _ of [1, 2, 3, 4]) {
    const path = made.next();
    paths.set(path.transport, path);
    made.block(path);
  }
  made.forget();
  const of = (transport: Transport): Path => paths.get(transport) as Path;
  const choice = {
    ...made,
    next: () => made.next().transport,
    /** What may be tried now. */
    better(live: Transport) {
      const path = made.better(of(live));
      return path && path.untilMs <= nowMs ? path.transport : undefined;
    },
    failed: (transport: Transport, error: TidingsError) => made.failed(of(transport), error),
    block: (transport: Transport) => made.block(of(transport)),
    opened: (transport: Transport) => made.opened(of(transport)),
    ended: (transport: Transport, ageMs: number, isByServer: boolean) =>
      made.ended(of(transport), ageMs, isByServer),
  };
  return { choice, pass: (ms: number) => (nowMs += ms), tuning: all };
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
    expect(choice.duplexMs()).toBe(60_000);
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
    for (let sends = 0; sends < 7; sends++) {
      choice.sent();
      pass(30_000);
    }
    expect(choice.duplexMs()).toBe(0);
    choice.sent();
    expect(choice.duplexMs()).toBe(60_000);
  });

  test("one send a minute does not, however long", () => {
    const { choice, pass } = start();
    for (let sends = 0; sends < 30; sends++) {
      choice.sent();
      pass(60_000);
    }
    expect(choice.duplexMs()).toBe(0);
  });

  test("thresholds of 0 never move up", () => {
    const { choice, pass } = start({ burstSends: 0, steadyMinutes: 0 });
    for (let sends = 0; sends < 50; sends++) {
      choice.sent();
      pass(1_000);
    }
    expect(choice.duplexMs()).toBe(0);
  });
});

describe("which transport fits once the need is over", () => {
  const burst = (choice: ReturnType<typeof start>["choice"]): void => {
    for (let sent = 0; sent < 3; sent++) choice.sent();
  };

  test("after a minute without a send it is the simplest again, and not before", () => {
    const { choice, pass } = start();
    burst(choice);
    pass(59_999);
    expect([choice.better(ws), choice.duplexMs(), choice.next()]).toEqual([undefined, 1, ws]);
    pass(1);
    expect([choice.better(ws), choice.duplexMs(), choice.next()]).toEqual([sse, 0, sse]);
  });

  test("each send begins that time anew, and one afterwards is none of a burst", () => {
    const { choice, pass } = start({ calmMs: 5_000 });
    burst(choice);
    pass(4_999);
    choice.sent();
    expect(choice.duplexMs()).toBe(5_000);
    pass(5_000);
    choice.sent();
    expect(choice.duplexMs()).toBe(0);
    expect(choice.better(ws)).toBe(sse);
  });

  test("a calm of 0 never comes", () => {
    const { choice, pass } = start({ calmMs: 0 });
    burst(choice);
    pass(365 * 86_400_000);
    expect(choice.duplexMs()).toBe(Infinity);
    expect(choice.better(ws)).toBeUndefined();
  });

  test("what is held moves at once, and a second after it was given back", () => {
    const { choice, pass } = start();
    choice.held(1);
    expect(choice.better(sse)).toBe(ws);
    choice.held(2);
    choice.held(1);
    pass(3_600_000);
    expect(choice.duplexMs()).toBe(Infinity);
    choice.held(0);
    pass(999);
    expect(choice.better(ws)).toBeUndefined();
    pass(1);
    expect(choice.better(ws)).toBe(sse);
  });

  test("what is taken again within that second moves nowhere", () => {
    const { choice, pass } = start();
    for (let round = 0; round < 10; round++) {
      choice.held(1);
      expect(choice.better(ws)).toBeUndefined();
      choice.held(0);
      pass(999);
      expect(choice.better(ws)).toBeUndefined();
    }
  });

  test("what is sent while it is held is no burst afterwards, nor is what is sent in the second after it", () => {
    const { choice, pass } = start();
    choice.held(1);
    burst(choice);
    choice.held(0);
    choice.sent();
    expect(choice.duplexMs()).toBe(1_000);
    pass(1_000);
    expect(choice.better(ws)).toBe(sse);
  });

  test("what was sent before it was held keeps its calm", () => {
    const { choice, pass } = start();
    burst(choice);
    pass(10_000);
    choice.held(1);
    pass(10_000);
    choice.held(0);
    expect(choice.duplexMs()).toBe(40_000);
  });

  test.each([{ binary: true }, { lowLatency: true }])("with %o there is nothing to go back to", (options) => {
    const { choice, pass } = start({}, options);
    choice.held(1);
    choice.held(0);
    burst(choice);
    pass(3_600_000);
    expect(choice.duplexMs()).toBe(Infinity);
    expect(choice.better(ws)).toBeUndefined();
  });

  test("a simpler one that the path forbids is gone back to once it may be tried", () => {
    const { choice, pass } = start({ pathMemoryMs: 10_000 });
    choice.held(1);
    choice.block(sse);
    choice.held(0);
    pass(9_999);
    expect(choice.better(ws)).toBeUndefined();
    pass(1);
    expect(choice.better(ws)).toBe(sse);
  });
});

describe("what the path forbids", () => {
  test("a transport that is held back or refused is followed by the next at once", () => {
    const { choice } = start();
    expect(choice.failed(sse, silent)).toBe(true);
    expect(choice.next()).toBe(ws);
    expect(choice.failed(ws, blocked)).toBe(true);
    expect(choice.next()).toBe(longPoll);
  });

  test("once another came through it is remembered, and tried again after a while", () => {
    const { choice, pass } = start({ pathMemoryMs: 10_000 });
    choice.failed(sse, silent);
    choice.failed(ws, blocked);
    choice.opened(longPoll);
    expect(choice.better(longPoll)).toBeUndefined();
    pass(9_999);
    expect(choice.better(longPoll)).toBeUndefined();
    pass(1);
    expect(choice.better(longPoll)).toBe(sse);
  });

  test("each time it is found so again, it is left alone for twice as long, at most sixteen times", () => {
    const { choice, pass } = start({ pathMemoryMs: 1_000 });
    const times: number[] = [];
    for (let round = 0; round < 7; round++) {
      choice.block(sse);
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
    for (const each of [sse, ws, longPoll]) expect(choice.failed(each, silent)).toBe(true);
    expect(choice.failed(poll, silent)).toBe(false);
    expect(choice.next()).toBe(sse);
  });

  test("a server that cannot be reached is tried twice over one transport before another one is", () => {
    const { choice } = start();
    expect(choice.failed(sse, unreachable)).toBe(false);
    expect(choice.next()).toBe(sse);
    expect(choice.failed(sse, unreachable)).toBe(false);
    expect(choice.next()).toBe(ws);
  });

  test("what failed with the whole server may be tried again once another transport came through", () => {
    const { choice } = start();
    choice.failed(sse, unreachable);
    choice.failed(sse, unreachable);
    choice.failed(ws, unreachable);
    choice.failed(ws, unreachable);
    choice.opened(longPoll);
    expect(choice.better(longPoll)).toBe(sse);
  });

  test("an old failure is no evidence", () => {
    const { choice, pass } = start();
    choice.failed(sse, silent);
    pass(20_000);
    choice.opened(ws);
    expect(choice.better(ws)).toBe(sse);
  });

  test("three cuts at one age are the path's doing, and a long poll is held for less than it", () => {
    const { choice, tuning } = start();
    for (const ageMs of [20_000, 20_900, 19_800]) choice.ended(sse, ageMs, false);
    expect(choice.next()).toBe(ws);
    expect(tuning.waitMs).toBe(9_900);
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
    choice.block(sse);
    choice.forget();
    expect(choice.better(ws)).toBe(sse);
  });

  test("with everything blocked there is still the last one", () => {
    const { choice } = start();
    for (const each of [sse, ws, longPoll, poll]) choice.block(each);
    expect(choice.next()).toBe(poll);
  });
});
