import { describeLog, describeLogModel } from "@tidings/testing";
import { openLmdbLog } from "./opened.ts";

const CAPABILITIES = { durable: true, contiguous: true };

// Fewer histories than for the memory log: each opens a store of its own, and starts a thread.
describeLog("lmdb", (options) => openLmdbLog(options), CAPABILITIES, { modelRuns: 12 });

// With room for one channel, everything is forgotten and read back all the time.
describeLogModel(
  "lmdb with a cache of one channel",
  (options) => openLmdbLog(options, { maxCachedChannels: 1 }),
  CAPABILITIES,
  {
    modelRuns: 8,
  },
);
