import { describe } from "vitest";
import { describeAppends } from "./appends.ts";
import { describeChannels } from "./channels.ts";
import { describeCompactModel } from "./compact-test.ts";
import { describeCompaction } from "./compaction.ts";
import { describeIdempotency } from "./idempotency.ts";
import { describeModel } from "./model-test.ts";
import type { LogCapabilities, OpenLog } from "./opened-log.ts";
import { describeReads } from "./reads.ts";
import { describeRestarts } from "./restarts.ts";
import { describeRetention } from "./retention.ts";
import { describeTail } from "./tail.ts";
import { describeTruncation } from "./truncation.ts";

export interface DescribeLogOptions {
  /** How many random histories the log is compared with a model for. Default 200. */
  readonly modelRuns?: number;
}

/** What every log must keep (core: the log contract), as tests. Each log's room calls this with its own way to open one. */
export function describeLog(
  name: string,
  open: OpenLog,
  capabilities: LogCapabilities,
  options: DescribeLogOptions = {},
): void {
  describe(`${name}: the log contract`, () => {
    describeAppends(open, capabilities);
    describeIdempotency(open);
    describeReads(open);
    describeRetention(open, capabilities);
    describeTruncation(open);
    describeTail(open);
    describeChannels(open);
    describeRestarts(open, capabilities);
    describeModel(open, capabilities, options.modelRuns ?? 200);
    if (capabilities.compacts === false) return;
    describeCompaction(open, capabilities);
    describeCompactModel(open, capabilities, options.modelRuns ?? 200);
  });
}

/** The random histories alone, for a log in another setting. */
export function describeLogModel(
  name: string,
  open: OpenLog,
  capabilities: LogCapabilities,
  options: DescribeLogOptions = {},
): void {
  describe(`${name}: the log contract`, () => {
    const runs = options.modelRuns ?? 200;
    describeModel(open, capabilities, runs);
    if (capabilities.compacts !== false) describeCompactModel(open, capabilities, runs);
  });
}
