import { describeTransport, ndjsonDriver } from "@tidings/testing";
import { LOGS } from "../../support/logs.ts";

for (const log of LOGS) {
  describeTransport(ndjsonDriver({ isMulti: false }), log);
  describeTransport(ndjsonDriver({ isMulti: true }), log);
  // Compression knows nothing of where messages are from.
  if (log.name !== "memory") continue;
  describeTransport(ndjsonDriver({ isMulti: false, isGzip: true }), log);
  describeTransport(ndjsonDriver({ isMulti: true, isGzip: true }), log);
}
