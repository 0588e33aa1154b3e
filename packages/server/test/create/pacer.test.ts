import { expect, test } from "vitest";
import { createPacer } from "../../src/create/pacer.ts";

async function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A pacer with a clock that stands still, but for what a flush takes. */
function open() {
  let nowMs = 1_000;
  const pacer = createPacer(() => nowMs);
  let flushes = 0;
  const flush = (tookMs: number) => (): void => {
    flushes++;
    nowMs += tookMs;
  };
  return {
    pacer,
    flush,
    flushes: () => flushes,
    pass: (ms: number) => (nowMs += ms),
  };
}

test("a flush comes at the end of the turn, also where a connection was opened in it", async () => {
  const { pacer, flush, flushes } = open();
  pacer.defer(flush(2));
  pacer.arrived();
  await turn();
  expect(flushes()).toBe(1);
});

test("after a long flush the next one waits for as long as each turn brings another connection", async () => {
  const { pacer, flush, flushes } = open();
  pacer.defer(flush(2));
  await turn();
  pacer.defer(flush(2));
  for (let turns = 0; turns < 20; turns++) {
    pacer.arrived();
    await turn();
  }
  expect(flushes()).toBe(1);
  await turn();
  expect(flushes()).toBe(2);
});

test("it waits four times the flush before it at most, and 10 ms, however many come", async () => {
  for (const [tookMs, waitMs] of [
    [2, 8],
    [3, 10],
  ] as const) {
    const { pacer, flush, flushes, pass } = open();
    pacer.defer(flush(tookMs));
    await turn();
    pacer.defer(flush(tookMs));
    pass(waitMs - 1);
    pacer.arrived();
    await turn();
    expect(flushes()).toBe(1);
    pass(1);
    pacer.arrived();
    await turn();
    expect(flushes()).toBe(2);
  }
});
