import { describeLog } from "@tidings/testing";
import { openLmdbLog } from "../lmdb/opened.ts";
import { openMemoryLog, openRemoteLog } from "./opened.ts";

describeLog(
  "remote, of memory",
  (options) => openRemoteLog(options, openMemoryLog),
  { durable: false, contiguous: true },
  { modelRuns: 10 },
);

// Fewer histories: each opens a store of its own, and starts a thread.
describeLog(
  "remote, of lmdb",
  (options) => openRemoteLog(options, openLmdbLog),
  { durable: true, contiguous: true },
  { modelRuns: 4 },
);
