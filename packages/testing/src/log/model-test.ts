import fc from "fast-check";
import { describe, test } from "vitest";
import { LogHarness } from "./log-harness.ts";
import { operations, RETENTION } from "./model-operations.ts";
import { ModelRun } from "./model-run.ts";
import type { LogCapabilities, OpenLog } from "./opened-log.ts";

export function describeModel(open: OpenLog, capabilities: LogCapabilities, runs: number): void {
  // Where offsets have holes, which ones it will give is the log's own business.
  describe.runIf(capabilities.contiguous)("random histories", () => {
    test(
      `what a log says is what the simplest model of it says (${runs} histories)`,
      { timeout: 120_000 },
      async () => {
        await fc.assert(
          fc.asyncProperty(RETENTION, operations(capabilities.durable), async (retention, steps) => {
            await using harness = await LogHarness.start(open, retention);
            const run = new ModelRun(harness);
            for (const operation of steps) await run.step(operation);
            await run.end();
          }),
          { numRuns: runs },
        );
      },
    );
  });
}
