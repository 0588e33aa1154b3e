import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lineOf } from "../src/core/line.ts";
import { createLink } from "../src/core/link.ts";
import type { Transport } from "../src/core/transport.ts";
import { lostError, type TidingsError } from "../src/errors.ts";
import type { State } from "../src/types.ts";
import { testContext } from "./support/context.ts";

/** A link over connections that live and end as the test says. */
function start() {
  const states: State[] = [];
  let greet = (): void => {};
  let end: (error: TidingsError) => void = () => {};
  const transport: Transport = {
    name: "ws",
    isDuplex: true,
    open(_context, _channels, tell, ended) {
      greet = () => tell({ type: "welcome", connection: "c", heartbeatMs: 1e9, limits: {} });
      end = ended;
      return { change() {}, close() {} };
    },
  };
  const link = createLink(testContext("http://127.0.0.1:1", {}), lineOf(transport), {
    wanted: () => new Map(),
    isWanted: () => true,
    begin() {},
    frame() {},
    state: (state) => states.push(state),
  });
  return { link, states, greet: () => greet(), end: () => end(lostError()) };
}

describe("since when a client is live, or is not", () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000 }));
  afterEach(() => void vi.useRealTimers());
  const told = (states: readonly State[]): readonly unknown[] =>
    states.map(({ name, sinceMs }) => [name, sinceMs]);

  test("is when it was made, then when it became live, and then when that was over, whatever is tried meanwhile", () => {
    const { link, states, greet, end } = start();
    expect(link.state).toEqual({ name: "idle", sinceMs: 1_000 });
    vi.setSystemTime(2_000);
    link.settle();
    vi.setSystemTime(3_000);
    greet();
    vi.setSystemTime(9_000);
    end();
    vi.setSystemTime(10_000);
    link.reconnect();
    end();
    vi.setSystemTime(11_000);
    link.reconnect();
    greet();
    expect(told(states)).toEqual([
      ["connecting", 1_000],
      ["live", 3_000],
      ["waiting", 9_000],
      ["connecting", 9_000],
      ["waiting", 9_000],
      ["connecting", 9_000],
      ["live", 11_000],
    ]);
    link.close();
  });

  test("is kept while the device is offline", () => {
    const { link, states, greet } = start();
    link.settle();
    greet();
    vi.setSystemTime(5_000);
    link.drop();
    link.tell({ name: "offline", reason: lostError() });
    vi.setSystemTime(6_000);
    link.tell({ name: "idle" });
    expect(told(states).slice(-2)).toEqual([
      ["offline", 5_000],
      ["idle", 5_000],
    ]);
    link.close();
  });
});
