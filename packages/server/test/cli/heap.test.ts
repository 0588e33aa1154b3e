import { expect, test } from "vitest";
import { Child } from "../support/child.ts";

const HEAP = JSON.stringify(new URL("../../src/cli/serve/heap.ts", import.meta.url).href);

/** Keeps more and more, and prints the most that the young generation had, in MiB; it is looked at `look` in between. */
const script = (look: string): string => `
  import { getHeapSpaceStatistics } from "node:v8";
  import { boundYoungGeneration } from ${HEAP};
  const kept = [];
  let most = 0;
  for (let round = 0; round < 200; round++) {
    for (let at = 0; at < 10_000; at++) kept.push({ round, at: [at, at + 1] });
    ${look}
    for (const { space_name, space_size } of getHeapSpaceStatistics())
      if (space_name === "new_space") most = Math.max(most, space_size);
  }
  console.log(most / 1_048_576);
`;

test("a young generation that is looked after stays at 32 MiB, where it would grow on", async () => {
  const flags = ["--experimental-strip-types", "--no-warnings", "--input-type=module"];
  await using bounded = new Child(script("boundYoungGeneration();"), flags);
  await using left = new Child(script(""), flags);
  expect(await bounded.line()).toBe("32");
  expect(Number(await left.line())).toBeGreaterThan(32);
});
