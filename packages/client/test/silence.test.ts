import type { StreamFrame } from "@tidings/protocol";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lineOf } from "../src/core/line.ts";
import { createLink, type Link } from "../src/core/link.ts";
import type { Transport } from "../src/core/transport.ts";
import type { State } from "../src/types.ts";
import { testContext } from "./support/context.ts";

const HEARTBEAT_MS = 10_000;
/** The last moment, in which nothing is taken for granted: `tuning.greetingMs`. */
const MOMENT_MS = 3_000;

/** A link over a connection that says what the test has it say. */
function start(heartbeatMs = HEARTBEAT_MS) {
  const states: State["name"][] = [];
  let say: (frame: StreamFrame) => void = () => {};
  const transport: Transport = {
    name: "ws",
    isDuplex: true,
    open(_context, _channels, frame) {
      say = frame;
      return { change() {}, close() {} };
    },
  };
  const context = testContext("http://127.0.0.1:1", {});
  const link: Link = createLink(context, lineOf(transport), {
    wanted: () => new Map([["a", {}]]),
    isWanted: () => true,
    begin() {},
    frame() {},
    state: ({ name }) => states.push(name),
  });
  link.reconnect();
  say({ type: "welcome", connection: "c", heartbeatMs, limits: {} });
  say({ type: "ok", channel: "a", cursor: "e.0" });
  return { link, states, say: (frame: StreamFrame) => say(frame) };
}

describe("the silence of a connection", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("is noticed after two and a half heartbeats", () => {
    const { link, states } = start();
    vi.advanceTimersByTime(HEARTBEAT_MS * 2.5 - 1);
    expect(states.at(-1)).toBe("live");
    vi.advanceTimersByTime(1);
    expect(states.at(-1)).toBe("waiting");
    link.close();
  });

  test("is not taken for one where the page's timers were slowed down, and pings with them", () => {
    const { link, states, say } = start();
    // As in a hidden tab: a minute passes, and the timer fires at its end.
    vi.setSystemTime(Date.now() + 60_000);
    vi.advanceTimersByTime(HEARTBEAT_MS * 2.5 - 1);
    expect(states.at(-1)).toBe("live");
    say({ type: "heartbeat" });
    vi.advanceTimersByTime(HEARTBEAT_MS);
    expect(states.at(-1)).toBe("live");
    link.close();
  });

  test("is none where heartbeats come more often than a greeting may take", () => {
    const { link, states, say } = start(1_000);
    for (let beats = 0; beats < 20; beats++) {
      vi.advanceTimersByTime(1_000);
      say({ type: "heartbeat" });
    }
    expect(states).not.toContain("waiting");
    vi.advanceTimersByTime(2 * 2_500);
    expect(states.at(-1)).toBe("waiting");
    link.close();
  });

  test("is believed where nothing comes in the moment that it is then given", () => {
    const { link, states } = start();
    vi.setSystemTime(Date.now() + 60_000);
    vi.advanceTimersByTime(HEARTBEAT_MS * 2.5 - MOMENT_MS);
    expect(states.at(-1)).toBe("live");
    vi.advanceTimersByTime(MOMENT_MS - 1);
    expect(states.at(-1)).toBe("live");
    vi.advanceTimersByTime(1);
    expect(states.at(-1)).toBe("waiting");
    link.close();
  });
});
