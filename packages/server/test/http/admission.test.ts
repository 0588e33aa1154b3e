import { expect, test } from "vitest";
import { Admission } from "../../src/http/admission.ts";

async function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("one turn begins as many readers as it has time for; the others have the next ones, in order", async () => {
  let nowMs = 0;
  const admission = new Admission(() => nowMs);
  const begun: number[] = [];
  const passed = Array.from({ length: 6 }, async (_, at) =>
    admission.pass(async () => {
      begun.push(at);
      nowMs += 4;
      return at;
    }),
  );
  expect(begun).toEqual([0, 1]);
  // One that comes later has no time of its own while others wait.
  nowMs += 100;
  passed.push(admission.pass(async () => begun.push(6)));
  await turn();
  expect(begun).toEqual([0, 1, 2, 3]);
  await turn();
  await turn();
  expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect((await Promise.all(passed)).slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("each turn has time of its own", async () => {
  let nowMs = 0;
  const admission = new Admission(() => nowMs);
  for (let turns = 0; turns < 3; turns++) {
    let isBegun = false;
    void admission.pass(async () => {
      isBegun = true;
      nowMs += 100;
    });
    expect(isBegun).toBe(true);
    await turn();
  }
});

test("what fails fails for who asked alone", async () => {
  let nowMs = 0;
  const admission = new Admission(() => nowMs);
  const outcomes = await Promise.allSettled(
    [0, 1, 2].map(async (at) =>
      admission.pass(async () => {
        nowMs += 10;
        if (at === 1) throw new Error("refused");
      }),
    ),
  );
  expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
});
