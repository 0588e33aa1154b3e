import { expect, test } from "vitest";
import { runChaos } from "../src/chaos/chaos.ts";

test("a server killed with -9 under load loses nothing it acknowledged, uses no offset twice, and every reader goes on", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const result = await runChaos({ rounds: 4, seed });
  expect(result.faults, `seed ${seed}`).toEqual([]);
  expect(result.acknowledged).toBeGreaterThan(0);
  expect(result.held).toBe(result.acknowledged);
}, 120_000);

test.runIf(process.platform === "linux")(
  "with workers, of which some are killed or stand still, all the same holds (Linux)",
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const result = await runChaos({ rounds: 4, seed, workers: true });
    expect(result.faults, `seed ${seed}`).toEqual([]);
    expect(result.acknowledged).toBeGreaterThan(0);
    expect(result.held).toBe(result.acknowledged);
  },
  120_000,
);
