import { describe, expect, test } from "vitest";
import { hasRedis } from "../src/brokers/index.ts";
import { runChaos } from "../src/chaos/chaos.ts";

test("a server killed with -9 under load loses nothing it acknowledged, uses no offset twice, and every reader goes on", async () => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const result = await runChaos({ rounds: 4, seed });
  expect(result.faults, `seed ${seed}: ${result.logged.join("\n")}`).toEqual([]);
  expect(result.acknowledged).toBeGreaterThan(0);
  expect(result.held).toBe(result.acknowledged);
}, 120_000);

describe.runIf(hasRedis())("several servers on one Redis (redis-server is installed)", () => {
  test("publishers and readers of every transport move between two servers while servers, Redis and the links between them fail: nothing is lost, nothing comes twice, the order is kept", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const result = await runChaos({
      log: "redis",
      nodes: 2,
      // Each kind of trouble once.
      rounds: 7,
      seed,
      // Longer than an answer may take: the servers give Redis up, and come back to it.
      frozenMs: 3_000,
      maxLifeMs: 400,
      config: { redis: { timeoutMs: 1_000, waitMs: 200 } },
      // What is looked for is not speed: the other tests need the processor too.
      maxPauseMs: 20,
    });
    expect(result.faults, `seed ${seed}: ${result.logged.join("\n")}`).toEqual([]);
    expect(result.acknowledged).toBeGreaterThan(0);
    expect(result.held).toBe(result.acknowledged);
    expect(result.moves).toBeGreaterThan(0);
  }, 120_000);
});
