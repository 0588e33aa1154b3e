import { describeTransport, sseDriver } from "@tidings/testing";
import { LOGS } from "../../support/logs.ts";

for (const log of LOGS) {
  describeTransport(sseDriver({ isMulti: false }), log);
  describeTransport(sseDriver({ isMulti: false, envelope: true }), log);
  describeTransport(sseDriver({ isMulti: true }), log);
  // Compression knows nothing of where messages are from.
  if (log.name !== "memory") continue;
  describeTransport(sseDriver({ isMulti: false, isGzip: true }), log);
  describeTransport(sseDriver({ isMulti: true, isGzip: true }), log);
}
