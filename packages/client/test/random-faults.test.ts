import { expect, test } from "vitest";
import { runRandomFaults } from "./random-faults/run.ts";
import { violationsOf } from "./random-faults/say.ts";

const FAULTS = 60;

test("random faults of paths and server lose nothing, repeat nothing and change no order, whatever the transport", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const result = await runRandomFaults({ faults: FAULTS, seed });
  expect(result.violations.length, violationsOf(result)).toBe(0);
  expect(result).toMatchObject({ faults: FAULTS, lost: 0, repeated: 0, outOfOrder: 0 });
  expect(result.publishedByClients).toBeGreaterThan(0);
  // The kept client's transport is drawn; each of the others has its own.
  for (const transport of ["sse", "ndjson", "ws", "long-poll", "poll"])
    expect(result.lives[transport]).toBeGreaterThan(0);
}, 60_000);
