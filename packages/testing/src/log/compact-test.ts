import fc from "fast-check";
import { describe, test } from "vitest";
import { COMPACT_RETENTION, compactOperations } from "./compact-operations.ts";
import { CompactRun } from "./compact-run.ts";
import { LogHarness } from "./log-harness.ts";
import type { LogCapabilities, OpenLog } from "./opened-log.ts";

export function describeCompactModel(open: OpenLog, capabilities: LogCapabilities, runs: number): void {
  describe.runIf(capabilities.contiguous)("random histories of a compact channel", () => {
    test(
      `what a log says, and what readers come to know by it, is what the simplest model says (${runs} histories)`,
      { timeout: 120_000 },
      async () => {
        await fc.assert(
          fc.asyncProperty(
            COMPACT_RETENTION,
            compactOperations(capabilities.durable),
            async (retention, steps) => {
              await using harness = await LogHarness.start(open, retention);
              const run = new CompactRun(harness);
              for (const operation of steps) await run.step(operation);
              await run.end();
            },
          ),
          { numRuns: runs },
        );
      },
    );
  });
}
